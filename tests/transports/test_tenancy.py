"""Another customer's things do not exist: attacked with every operation and every field.

Each attack is made in one world, and in its twin with a value that names nothing. Once the values
are made equal the answers must be, and nothing of the other customer may have been told or touched.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.db.schema import metadata
from core.kernel.caller import Role
from core.operations.operation import Operation
from mcp_server.resources import TEMPLATES
from mcp_server.wiring import OPERATIONS
from tests.transports.cases import CASES, MONEY
from tests.transports.doors import BY_NAME, Answer, DoorName, Doors, both_doors
from tests.transports.foreign import (
    AUTHORITY,
    HARMLESS,
    THEIRS,
    Attack,
    attacks,
    fields_of,
    nobodys,
)
from tests.transports.tenant import Tenant, settled
from tests.transports.test_both_doors import comparable
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

US, THEM = "acme", "heron"
STAFF_HERE = "operator"
"""Staff who bound themselves to our project see it and nothing else."""
STAFF_KNOW = {
    (STAFF_HERE, "update_project", "new_external_key"),
    (STAFF_HERE, "add_member", "user_id"),
}
"""Users and external keys are the operator's own: staff are told which there are."""
WHO = [
    pytest.param("sqlite", "owner", "http", id="owner-http"),
    pytest.param("sqlite", "owner", "mcp", id="owner-mcp"),
    pytest.param("sqlite", "member", "mcp", id="member-mcp"),
    pytest.param("sqlite", "viewer", "http", id="viewer-http"),
    pytest.param("sqlite", STAFF_HERE, "http", id="staff-http"),
    pytest.param("postgres", "owner", "mcp", id="postgres-owner-mcp"),
    pytest.param("postgres", STAFF_HERE, "http", id="postgres-staff-http"),
]


@dataclass(frozen=True)
class Side:
    """One of the twin worlds, the two customers in it, and its doors."""

    world: World
    us: Tenant
    them: Tenant
    doors: Doors


@pytest.fixture
async def sides(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Side]]:
    async with AsyncExitStack() as stack:
        sides = []
        for _ in range(2):
            world, (us, them) = await stack.enter_async_context(
                settled(request.param, tmp_path, US, THEM)
            )
            callers = {str(role): us.caller(role) for role in Role}
            callers[STAFF_HERE] = replace(OPERATOR, project_id=us.project_id)
            doors = await stack.enter_async_context(both_doors(world, callers))
            sides.append(Side(world, us, them, doors))
        yield sides


def test_every_field_of_every_operation_is_attacked_or_known_to_be_harmless() -> None:
    fields = {name for each in OPERATIONS for name in fields_of(each.request)}

    assert fields == THEIRS.keys() | HARMLESS | AUTHORITY
    assert not THEIRS.keys() & (HARMLESS | AUTHORITY)


@pytest.mark.parametrize(("sides", "who", "door"), WHO, indirect=["sides"])
async def test_what_is_another_customers_is_told_apart_from_nothing_by_no_operation(
    sides: list[Side], who: str, door: DoorName
) -> None:
    side, twin = sides
    before = await rows_of(side.world, side.them)
    assert len(before) > 40, "there is something to lose"
    named: dict[str, str] = {}
    apart: list[str] = []

    for operation in asked(side):
        for attack in attacks(operation, side.us, side.them):
            named[attack.value] = nobodys(attack.value)
            if (who, attack.operation, attack.field) in STAFF_KNOW:
                continue
            answer, other = await attempt(side, twin, attack, who, door)
            told = disguised(answer, named)
            if THEM in json.dumps(told.body) or told != disguised(other, {}):
                apart.append(f"{attack}: {told}, not {other}")

    assert apart == []
    assert await rows_of(side.world, side.them) == before


async def attempt(
    side: Side, twin: Side, attack: Attack, who: str, door: DoorName
) -> tuple[Answer, Answer]:
    """Make the attack in one world, and the call that names nothing in its twin."""
    for each in (side, twin):
        each.world.clock.advance(seconds=1)
    return (
        await side.doors.call(door, who, attack.operation, attack.theirs),
        await twin.doors.call(door, who, attack.operation, attack.nobodys),
    )


def asked(side: Side) -> list[Operation[Any, Any]]:
    """Return the operations to attack: all of them, or on Postgres what moves money."""
    return list(OPERATIONS) if side.world.url.startswith("sqlite") else [BY_NAME[n] for n in MONEY]


def disguised(answer: Answer, named: dict[str, str]) -> Answer:
    """Put nobody's values where theirs were, and number what is left."""
    text = json.dumps(answer.body)
    # The longest first: their key is a part of other values of theirs.
    for value, instead in sorted(named.items(), key=lambda each: -len(each[0])):
        text = text.replace(value, instead)
    return Answer(answer.status, comparable(json.loads(text)))


async def rows_of(world: World, tenant: Tenant) -> list[str]:
    """Return every row of every table that has one of this customer's ids in a column."""
    theirs = {tenant.project_id, *tenant.people.values(), tenant.invited, tenant.stranger}
    async with world.database.read(OPERATOR) as work:
        rows = {
            name: (await work.execute(select(table))).all()
            for name, table in metadata.tables.items()
        }
    return sorted(
        f"{name} {row!r}"
        for name, found in rows.items()
        for row in found
        if any(isinstance(each, str) and each in theirs for each in row)
    )


@pytest.mark.parametrize("sides", ["sqlite"], indirect=True)
async def test_another_customers_resource_is_read_no_better_than_one_that_does_not_exist(
    sides: list[Side],
) -> None:
    side, twin = sides
    names = {"project_id": side.them.project_id, "wallet_id": side.them.wallet_id}
    nothing = {name: nobodys(value) for name, value in names.items()}
    ours = {"project_id": side.us.project_id, "wallet_id": side.us.wallet_id}

    for template in TEMPLATES:
        for name, value in names.items():
            if f"{{{name}}}" not in template.uri:
                continue
            uri = template.uri.format(**ours | {name: value})
            other = template.uri.format(**ours | {name: nothing[name]})
            told = await side.doors.mcp("owner", "resources/read", {"uri": uri}, name=uri)
            expected = await twin.doors.mcp("owner", "resources/read", {"uri": other}, name=other)
            assert told["error"]["code"] == -32602
            assert json.dumps(told).replace(value, nothing[name]) == json.dumps(expected)


@pytest.mark.parametrize("sides", ["sqlite"], indirect=True)
async def test_an_invitation_to_another_project_is_only_of_use_to_who_was_invited(
    sides: list[Side],
) -> None:
    side, _ = sides
    before = await rows_of(side.world, side.them)

    for who in (*map(str, Role), STAFF_HERE):
        sent = {"token": side.them.token}
        refusal = await side.doors.call("mcp", who, "accept_invitation", sent)
        assert refusal.code in {"invitation_for_another", "person_required"}, refusal.body
        assert side.them.project_id not in json.dumps(refusal.body)

    assert await rows_of(side.world, side.them) == before


@pytest.mark.parametrize("sides", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("door", ["http", "mcp"])
async def test_an_idempotency_key_is_another_key_in_another_project(
    sides: list[Side], door: DoorName
) -> None:
    side, _ = sides
    for tenant in (side.us, side.them):
        # One agent of one person, with a token for each of two projects.
        caller = replace(tenant.caller(Role.ADMIN), subject="agt:one")
        side.doors.callers[tenant.key] = caller
    name = "transfer_credits"
    answers, again = [
        [
            await side.doors.call(
                door, tenant.key, name, CASES[name].arguments(tenant), key="the same"
            )
            for tenant in (side.us, side.them)
        ]
        for _ in range(2)
    ]

    assert again == answers
    assert [each.body["wallet_id"] for each in answers] == [side.us.wallet_id, side.them.wallet_id]
    assert answers[0].body["transaction_id"] != answers[1].body["transaction_id"]
