"""Which references the source books: the first word of each, read from the code itself."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

SETTLEMENTS = {"Settled", "Received"}
"""Their references name what settles an invoice; the books name the invoice before that."""


def booked_causes(root: Path) -> set[str]:
    """Return the first words of all references that somebody in these packages books."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(root.rglob("*.py"))}
    takers = _takers(trees.values())
    names = {path: _constants(tree) for path, tree in trees.items()}
    return {
        word
        for path, tree in trees.items()
        for text in _references(tree, takers)
        if (word := _first_word(text, path, names))
    }


def _takers(trees: Iterable[ast.Module]) -> dict[str, int]:
    """Find functions that book under the reference they are given, and where they take it."""
    found = {}
    for tree in trees:
        for each in ast.walk(tree):
            if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            given = [arg.arg for arg in each.args.args]
            if "reference" in given and "Transaction" in {_called(n) for n in ast.walk(each)}:
                found[each.name] = given.index("reference")
    return found


def _references(tree: ast.Module, takers: dict[str, int]) -> Iterator[ast.expr]:
    for each in ast.walk(tree):
        if isinstance(each, ast.Call):
            called = _called(each)
            if called not in SETTLEMENTS:
                yield from (k.value for k in each.keywords if k.arg == "reference")
            yield from each.args[takers[called] :][:1] if called in takers else ()
        elif isinstance(each, ast.Assign):
            if any(isinstance(n, ast.Name) and n.id == "reference" for n in each.targets):
                yield each.value
        elif isinstance(each, ast.FunctionDef) and each.name == "reference":
            yield from (n.value for n in ast.walk(each) if isinstance(n, ast.Return) and n.value)


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    called = node.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _first_word(text: ast.expr, path: Path, names: dict[Path, dict[str, str]]) -> str | None:
    """Return what stands before the first colon, be it written there or a constant's value."""
    if not isinstance(text, ast.JoinedStr):
        return None
    first = text.values[0]
    if isinstance(first, ast.Constant):
        word, colon, _ = str(first.value).partition(":")
        return word if colon else None
    of = first.value if isinstance(first, ast.FormattedValue) else None
    if isinstance(of, ast.Name):
        return names[path].get(of.id)
    if isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name):
        return names.get(path.with_name(f"{of.value.id}.py"), {}).get(of.attr)
    return None


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the names that a module gives to texts."""
    found: dict[str, str] = {}
    for each in tree.body:
        if not isinstance(each, ast.Assign):
            continue
        for target in each.targets:
            pairs = [(target, each.value)]
            if isinstance(target, ast.Tuple) and isinstance(each.value, ast.Tuple):
                pairs = list(zip(target.elts, each.value.elts, strict=True))
            found |= {
                name.id: value.value
                for name, value in pairs
                if isinstance(name, ast.Name)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
            }
    return found
