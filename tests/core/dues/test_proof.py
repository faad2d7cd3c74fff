"""The proof finds what was changed behind the back of bills, invoices and what was given back."""

from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, update

from core.dues import tables
from core.kernel.caller import SYSTEM
from core.lifecycles import When
from core.subscriptions.tables import credits as granted
from tests.core.dues.desk import Desk
from tests.core.subscriptions.counter import credits, day
from tests.world import World

pytestmark = pytest.mark.anyio
bills, returns = tables.bills, tables.returns
NOWHERE = "invc_00000000000000000000000009"


async def opened(world: World) -> Desk:
    """Pay a period, and give a part of it back."""
    desk = await Desk.open_desk(world, at=day("2026-03-01"))
    await desk.plan("large", "31", included=credits("100"))
    await desk.plan("small", "6.20")
    one = await desk.pay_all(await desk.subscribe("large"))
    world.clock.instant = day("2026-03-11")
    await desk.change(one, "small", when=When.NOW)
    return desk


def whole(amount: str) -> list[dict[str, str]]:
    return [{"kind": "recurring", "amount": amount, "off": "0"}]


CHANGES: list[tuple[Table, dict[str, Any] | None, str]] = [
    (bills, {"total": 500, "lines": whole("5.00")}, "bills 3100 USD/2, and it is 500"),
    (bills, {"invoice_id": NOWHERE}, f"its invoice {NOWHERE} is not there"),
    (bills, {"paid_at": None}, "is paid, and it is not"),
    (granted, None, "it is paid, and its credits were granted 0 times"),
    (returns, {"amount": 500}, "500 of 1680 went back"),
    (returns, {"note_id": NOWHERE.replace("invc", "crn")}, "does not give back 1680"),
    (returns, {"kind": "kept", "note_id": None}, "1680 USD/2 of what is kept is on no bill"),
]


@pytest.mark.parametrize(("table", "values", "problem"), CHANGES, ids=[e[2] for e in CHANGES])
async def test_what_was_changed_by_nobody_is_found(
    world: World, table: Table, values: dict[str, Any] | None, problem: str
) -> None:
    desk = await opened(world)
    world.clock.advance(hours=2)
    clean = await desk.proven()
    assert clean.clean, clean.differences
    assert clean.looked_at["bills and their invoices"] == 2
    assert clean.looked_at["paid bills with credits"] == 1
    assert clean.looked_at["bills that give back"] == 1

    async with world.database.begin(SYSTEM) as work:
        change = delete(table) if values is None else update(table).values(values)
        await work.execute(change.where(table.c.total > 0) if table is bills else change)

    found = [each.problem for each in (await desk.proven()).differences]
    assert any(problem in each for each in found), found


async def test_a_period_that_is_billed_twice_is_found(world: World) -> None:
    desk = await opened(world)
    async with world.database.begin(SYSTEM) as work:
        query = select(bills).where(bills.c.reason == "period")
        row = dict((await work.execute(query)).mappings().one())
        again = {"id": work.ids.new("bil"), "period_start_at": day("2026-03-02")}
        again |= {"invoice_id": None, "without_invoice": "nothing", "credits": None}
        await work.execute(insert(bills), row | again | {"credits_asset": None})

    found = [each.problem for each in (await desk.proven()).differences]
    told = "it bills a period from 2026-03-02T00:00:00+00:00, of which its history knows nothing"
    assert told in found
