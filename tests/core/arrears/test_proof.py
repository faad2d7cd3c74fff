"""The proof finds usage that is billed twice, or otherwise than its explanation says."""

import pytest
from sqlalchemy import Executable, Table, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from core.arrears import tables
from core.claims import tables as claims
from core.invoicing import tables as invoicing
from core.kernel.caller import SYSTEM
from tests.core.arrears.register import TOKENS, Register, each, tamper
from tests.world import World

pytestmark = pytest.mark.anyio


async def billed(world: World) -> Register:
    register = await Register.open(world)
    await register.subscribed(each("1"), each("2", TOKENS))
    await register.use("2026-01-05", event_id="a")
    await register.use("2026-01-05", 3, meter="tokens")
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")
    assert await register.found() == []
    return register


CHANGES: list[tuple[Table, Executable, str]] = [
    (
        tables.billed,
        update(tables.billed).values(amount=tables.billed.c.amount + 1),
        "are billed by it",
    ),
    (claims.claims, delete(claims.claims), "bills usage that it has not claimed"),
]


@pytest.mark.parametrize(("table", "change", "problem"), CHANGES, ids=[n[2] for n in CHANGES])
async def test_what_was_changed_by_nobody_is_found(
    world: World, table: Table, change: Executable, problem: str
) -> None:
    register = await billed(world)

    await tamper(world, table, change)

    found = await register.found()
    assert any(problem in each for each in found), found


async def test_a_line_that_does_not_come_to_its_explanation_is_found(world: World) -> None:
    register = await billed(world)
    line = invoicing.lines.c
    query = select(line.line_id, line.explanation).where(line.kind == "usage")
    async with world.database.read(SYSTEM) as work:
        first, *_ = list(await work.execute(query))
    told = first.explanation | {"price": {"model": "per_unit", "unit": "7"}}
    this = update(invoicing.lines).where(line.line_id == first.line_id)

    await tamper(world, invoicing.lines, this.values(explanation=told))

    found = await register.found()
    assert any("it cannot be computed again" in each for each in found), found


async def test_an_event_in_an_invoice_and_a_wallet_charge_is_found(world: World) -> None:
    register = await billed(world)
    await register.counter.house.staff("create_wallet", name="Money", asset="USD/2")
    async with world.database.begin(SYSTEM) as work:
        # Whoever charges is asked no more whether an invoice bills it.
        await work.execute(delete(claims.meters))

    await register.charge("a")

    assert any("it was charged to a wallet" in each for each in await register.found())


async def test_what_is_claimed_twice_is_found_and_refused_where_it_can_be(world: World) -> None:
    register = await billed(world)
    overlap = (
        "insert into claims_claims (project_id, meter_id, start_at, end_at, claimed_by,"
        " claimed_at, digest) select project_id, meter_id, {at}, end_at, 'sub_other', claimed_at,"
        " digest from claims_claims"
    )
    on_postgres = world.url.startswith("postgresql")
    at = "start_at + interval '1 day'" if on_postgres else "datetime(start_at, '+1 day')"
    if on_postgres:
        with pytest.raises(DBAPIError):
            await tamper(world, claims.claims, text(overlap.format(at=at)))
        return
    await tamper(world, claims.claims, text(overlap.format(at=at)))

    assert any("claim the same usage" in each for each in await register.found())


async def test_what_was_billed_is_changed_and_deleted_by_nobody(world: World) -> None:
    await billed(world)
    for change in (
        update(tables.billed).values(amount=0),
        delete(tables.billed),
        update(claims.claims).values(claimed_by="somebody"),
    ):
        with pytest.raises(DBAPIError):
            async with world.database.begin(SYSTEM) as work:
                await work.execute(change)
