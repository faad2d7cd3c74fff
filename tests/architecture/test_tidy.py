"""The house style that a linter cannot say."""

import ast
from pathlib import Path

from tests.architecture.tree import ROOT, SLICES, SOURCES, TESTS, functions, name, parsed

FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
SLICE_LINES_MAX = 2_500
PAGE_LINES_MAX = 120
PARAMETERS_MAX = 6
# Beyond these a call site no longer reads as a sentence, unless the arguments are named.
POSITIONAL_MAX = 4
# A declaration is read like a form, with every field named, and needs no second object to hold it.
DECLARATIONS = {"operation", "job"}
# `work` comes first everywhere, and an ASGI application is called with the same three by all.
UNNAMED = {"self", "cls", "work", "scope", "receive", "send"}


def lines_of(path: Path) -> int:
    return path.read_text("utf-8").count("\n")


def test_a_file_says_what_it_is() -> None:
    silent = [
        name(path) for path in SOURCES if lines_of(path) and not ast.get_docstring(parsed(path))
    ]

    assert silent == []


def test_a_file_fits_in_the_head() -> None:
    assert {name(path) for path in SOURCES if lines_of(path) > FILE_LINES_MAX} == set()


def test_a_test_file_has_one_subject() -> None:
    assert {name(path) for path in TESTS if lines_of(path) > TEST_FILE_LINES_MAX} == set()


def test_a_slice_is_small_enough_to_know() -> None:
    sizes = {each: sum(map(lines_of, (ROOT / "core" / each).rglob("*.py"))) for each in SLICES}

    assert {each for each, size in sizes.items() if size > SLICE_LINES_MAX} == set()


def test_a_slice_says_on_one_page_what_it_owns() -> None:
    pages = [ROOT / "auth" / "README.md", *(ROOT / "core" / each / "README.md" for each in SLICES)]

    assert [name(page) for page in pages if not page.is_file()] == []
    assert [name(page) for page in pages if lines_of(page) > PAGE_LINES_MAX] == []


def test_a_function_fits_on_a_screen() -> None:
    too_long = {
        f"{name(path)}:{each.lineno} {each.name}": length
        for path in SOURCES
        for each in functions(path)
        if (length := (each.end_lineno or 0) - each.lineno + 1) > FUNCTION_LINES_MAX
    }

    assert too_long == {}


def test_a_function_asks_for_few_things() -> None:
    too_many = {
        f"{name(path)}:{each.lineno} {each.name}": total
        for path in SOURCES
        for each in functions(path)
        if each.name not in DECLARATIONS
        and (total := len(_positional(each)) + len(each.args.kwonlyargs)) > PARAMETERS_MAX
    }

    assert too_many == {}


def test_a_function_that_asks_for_many_things_asks_by_name() -> None:
    nameless = {
        f"{name(path)}:{each.lineno} {each.name}": asked
        for path in SOURCES
        for each in functions(path)
        if len(asked := _positional(each)) > POSITIONAL_MAX
    }

    assert nameless == {}


def _positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = (*function.args.posonlyargs, *function.args.args)
    return [each.arg for each in arguments if each.arg not in UNNAMED]
