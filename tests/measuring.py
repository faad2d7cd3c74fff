"""Measure in a run of all tests what a few directories of them cover, at the price of those few.

A plugin, for a run whose environment says what is to be covered wholly (`BURSAR_COVERED`) and which
tests have to do it (`BURSAR_COVERING`): folders and files, with spaces between. Lines are watched
while the named tests run, and at no other time: watching makes everything slower.
"""

import importlib
import os
import pkgutil
from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage

ROOT = Path(__file__).parents[1]
COVERED = os.environ["BURSAR_COVERED"].split()
COVERING = [ROOT / each for each in os.environ["BURSAR_COVERING"].split()]


def _import_all(folder: str) -> None:
    """Import a package and all that is in it, so that what only an import runs is seen."""
    name = folder.replace("/", ".")
    for each in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        importlib.import_module(each.name)


_coverage = Coverage(data_suffix=True, source=COVERED)
# Whoever tells a run to end is heard by the run itself.
_coverage.set_option("run:sigterm", value=False)
_coverage.start()
for _each in COVERED:
    _import_all(_each)
_coverage.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if not any(item.path.is_relative_to(each) for each in COVERING):
        return (yield)
    _coverage.start()
    try:
        return (yield)
    finally:
        _coverage.stop()


def pytest_unconfigure() -> None:
    _coverage.save()
