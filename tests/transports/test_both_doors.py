"""Every operation, asked in the same words over HTTP and over MCP, answers the same."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from mcp_server.wiring import OPERATIONS
from tests.transports.cases import CASES, MONEY, Case
from tests.transports.doors import BY_NAME, DOORS, Answer, DoorName, Doors, both_doors
from tests.transports.tenant import STAFF, Tenant, settled

pytestmark = pytest.mark.anyio

Twins = dict[DoorName, tuple[Doors, Tenant]]
ID = re.compile(r"\b([a-z]{2,4})_[0-7][0-9a-hjkmnp-tv-z]{25}\b")
NEW_EVERY_TIME = {"secret", "prefix", "duration_us", "request_id", "trace_id"}
CALLS = [("sqlite", each.name) for each in OPERATIONS] + [("postgres", each) for each in MONEY]

on_both = pytest.mark.parametrize(("twins", "name"), CALLS, indirect=["twins"])


@pytest.fixture
async def twins(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Twins]:
    """Two worlds in which the same has happened, one for each door."""
    async with AsyncExitStack() as stack:
        twins: Twins = {}
        for door in DOORS:
            world, (tenant,) = await stack.enter_async_context(
                settled(request.param, tmp_path, "acme")
            )
            callers = {**STAFF, "invitee": tenant.invitee()}
            doors = await stack.enter_async_context(both_doors(world, callers))
            twins[door] = doors, tenant
        yield twins


async def ask_both(twins: Twins, name: str, **sent: Any) -> dict[DoorName, Answer]:
    """Ask each door of its own world."""
    case: Case = CASES[name]
    return {
        door: await doors.call(door, case.who, name, case.arguments(tenant) | sent)
        for door, (doors, tenant) in twins.items()
    }


def comparable(value: Any, seen: dict[str, str] | None = None) -> Any:
    """Number identifiers in the order in which they come, and leave out what is new every time."""
    seen = {} if seen is None else seen
    if isinstance(value, dict):
        return {
            name: "…" if name in NEW_EVERY_TIME and part else comparable(part, seen)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [comparable(part, seen) for part in value]
    if not isinstance(value, str):
        return value

    def numbered(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"{found[1]}#{len(seen)}")

    return ID.sub(numbered, value)


def test_every_operation_has_a_call_that_works() -> None:
    assert CASES.keys() == BY_NAME.keys()


@on_both
async def test_an_operation_answers_the_same_by_both_doors(twins: Twins, name: str) -> None:
    answers = await ask_both(twins, name)

    assert answers["http"].status == BY_NAME[name].status, answers["http"].body
    assert answers["mcp"].status == 200, answers["mcp"].body
    assert comparable(answers["mcp"].body) == comparable(answers["http"].body)


@pytest.mark.parametrize("twins", ["sqlite"], indirect=True)
async def test_a_call_that_is_wrong_is_refused_in_the_same_words(twins: Twins) -> None:
    for name in CASES:
        answers = await ask_both(twins, name, nonsense=1)

        assert answers["http"].code == "invalid_request", name
        assert answers["mcp"] == answers["http"]


@pytest.mark.parametrize("twins", ["sqlite", "postgres"], indirect=True)
async def test_whoever_is_short_is_told_the_same_facts(twins: Twins) -> None:
    answers = await ask_both(twins, "transfer_credits", amount="1000")

    assert answers["http"].status == 402
    assert answers["http"].body["shortfall"] == "901.000000"
    assert comparable(answers["mcp"].body) == comparable(answers["http"].body)


@pytest.mark.parametrize("twins", ["sqlite", "postgres"], indirect=True)
async def test_a_key_that_was_used_gives_the_first_answer_again(twins: Twins) -> None:
    for name in MONEY:
        answers = {}
        for door, (doors, tenant) in twins.items():
            case = CASES[name]
            calls = [
                await doors.call(door, case.who, name, case.arguments(tenant), key=f"key {name}")
                for _ in range(2)
            ]
            assert calls[1] == calls[0], (name, door)
            answers[door] = comparable(calls[0].body)
        assert answers["mcp"] == answers["http"]
