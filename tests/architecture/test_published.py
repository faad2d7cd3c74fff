"""Every published case is asked by one test, under its own id, or says what it waits for."""

import importlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import ROOT
from tests.published import COVERED, WAITING


def collected(module: str) -> Counter[str]:
    """Return the ids under which the tests of a module are collected, each with its count."""
    return Counter(
        told
        for name, function in vars(importlib.import_module(module)).items()
        if name.startswith("test_")
        for mark in getattr(function, "pytestmark", [])
        if mark.name == "parametrize"
        for told in _ids(mark)
    )


def _ids(mark: pytest.Mark) -> list[str]:
    told = mark.kwargs.get("ids") or [getattr(each, "id", None) for each in mark.args[1]]
    return [str(each) for each in told if each is not None]


def test_every_published_case_is_in_the_table_once() -> None:
    told = Counter(each for ids in (*COVERED.values(), *WAITING.values()) for each in ids.split())

    assert [each for each, count in told.items() if count > 1] == []
    assert told.total() == 147


@pytest.mark.parametrize("module", COVERED)
def test_a_case_that_is_said_to_be_asked_is_collected_once(module: str) -> None:
    ids = collected(module)

    assert {each: ids[each] for each in COVERED[module].split()} == dict.fromkeys(
        COVERED[module].split(), 1
    )


def test_a_case_that_is_kept_is_said_to_be_asked_and_by_the_test_beside_it() -> None:
    kept = {
        f"{'.'.join(path.relative_to(ROOT).parts[:-2])}.test_published": _kept(path)
        for path in ROOT.glob("tests/**/cases/published.json")
    }

    assert kept == {module: set(ids.split()) for module, ids in COVERED.items()}


def _kept(path: Path) -> set[str]:
    cases: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return {case["id"] for case in cases}
