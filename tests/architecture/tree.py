"""The repository as its own tests look at it."""

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "auth", "mcp_server")
SOURCES = sorted(path for top in PACKAGES for path in (ROOT / top).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SLICES = sorted(each.parent.name for each in (ROOT / "core").glob("*/__init__.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@functools.cache
def docstrings(path: Path) -> set[ast.AST]:
    """Find the strings that stand alone: they are read by people and do nothing."""
    return {
        node.value
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


@functools.cache
def tracked() -> list[Path]:
    """List what git keeps, as it is on disk."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [path for each in listed.stdout.split("\0") if each and (path := ROOT / each).is_file()]


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number the lines of a text file; of any other there are none."""
    try:
        yield from enumerate(path.read_text("utf-8").splitlines(), 1)
    except UnicodeDecodeError:
        return
