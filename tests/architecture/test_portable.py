"""What may be known in one place only: the database's dialect, the time, the surroundings."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.tree import SOURCES, docstrings, lines, name, parsed, tracked

DIALECTS = re.compile(r"sqlite|postgres", re.IGNORECASE)
# Where a database is chosen, opened and made; elsewhere it is only used, whichever it is.
KNOW_THE_DATABASE = (
    "core/db/",
    "mcp_server/settings.py",
    "mcp_server/migrating.py",
    "mcp_server/diagnosis.py",
)
# The drivers' names are not dialects: a logger is called so.
DRIVERS = {"aiosqlite", "asyncpg"}

KNOW_THE_TIME = ("core/kernel/clock.py",)
CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns",
    "func.now", "func.current_timestamp", "uuid.uuid4", "uuid4", "uuid.uuid1",
}  # fmt: skip

# Spelled in halves, so that this file does not say what it forbids.
FORBIDDEN = {
    "a package registry's host": re.compile(
        "|".join(
            re.escape(host)
            for host in (
                "pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js.o" + "rg",
                "registry.yarn" + "pkg.com", "npm" + "mirror.com", "deb.deb" + "ian.org",
            )
        )
    ),
    "a directory of one machine": re.compile(
        r"(?<![\w.~])/(?:ro" + r"ot|home|Users|wo" + r"rk)/\w"
    ),
    "a note to self": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"),
}  # fmt: skip
# Written by others and kept as they wrote it.
VENDORED = re.compile(r"(^|/)(vendor|vendored|static/swagger)/|\.min\.(js|css)$|^LICENSE$")


def test_only_core_db_knows_which_database_it_is() -> None:
    asks = [
        f"{name(path)}:{node.lineno}"
        for path in SOURCES
        if not name(path).startswith(KNOW_THE_DATABASE)
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Attribute) and node.attr == "dialect")
        or (isinstance(node, ast.Constant) and _names_a_dialect(node, path))
    ]

    assert asks == []


def test_time_and_chance_come_from_outside() -> None:
    asks = [
        f"{name(path)}:{node.lineno}: {called}"
        for path in SOURCES
        if name(path) not in KNOW_THE_TIME
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and (called := _dotted(node.func)) in CLOCKS
    ]

    assert asks == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_that_is_published_speaks_of_our_surroundings(what: str) -> None:
    said = [
        f"{name(path)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if not VENDORED.search(name(path))
        for number, line in lines(path)
        if FORBIDDEN[what].search(line)
    ]

    assert said == []


def _names_a_dialect(constant: ast.Constant, path: Path) -> bool:
    said = constant.value
    return (
        isinstance(said, str)
        and said not in DRIVERS
        and bool(DIALECTS.search(said))
        and constant not in docstrings(path)
    )


def _dotted(node: ast.expr) -> str:
    """Spell `a.b.c` by its last two names, which is how the modules above are used."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
