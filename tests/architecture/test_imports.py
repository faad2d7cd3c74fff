"""A slice is used through its package: its files are its own business."""

import ast

from tests.architecture.tree import SLICES, SOURCES, name, parsed

# Everything stands on these, file by file; they have no inside to hide.
FOUNDATION = {"kernel", "db", "operations"}


def test_a_slice_is_imported_only_through_its_package() -> None:
    trespasses = [
        f"{name(path)}:{node.lineno} imports {module}"
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom | ast.Import)
        for module in _imported(node)
        for slice_name in set(SLICES) - FOUNDATION
        if module.startswith(f"core.{slice_name}.")
        and not name(path).startswith(f"core/{slice_name}/")
    ]

    assert trespasses == []


def _imported(node: ast.ImportFrom | ast.Import) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names]
