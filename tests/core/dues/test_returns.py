"""What a bill below zero gives back goes to a credit note, a wallet, or the next bill."""

import pytest
from sqlalchemy import select

from core.dues import tables
from core.kernel.caller import SYSTEM
from core.lifecycles import State, When
from tests.core.dues.desk import Desk
from tests.core.subscriptions.counter import day
from tests.world import World

pytestmark = pytest.mark.anyio


async def returned(world: World) -> list[tuple[str, int, int]]:
    r = tables.returns.c
    query = select(r.kind, r.amount, r.unused).order_by(r.bill_id, r.position)
    async with world.database.read(SYSTEM) as work:
        return [tuple(row) for row in await work.execute(query)]


async def test_of_a_paid_period_what_is_left_goes_into_a_wallet_that_pays_the_next_invoice(
    world: World,
) -> None:
    desk = await Desk.open_desk(world, at=day("2026-03-01"))
    await desk.plan("large", "31")
    await desk.plan("small", "6.20")
    one = await desk.pay_all(await desk.subscribe("large"))
    world.clock.instant = day("2026-03-11")

    await desk.change(one, "small", when=When.NOW)

    # 21 of 31 days: 21.00 of the one back, 4.20 of the other charged; and 20 % taxes.
    assert [total for _, _, total in await desk.told(one)] == ["31.00", "-16.80"]
    assert await desk.notes() == [("CN-2026-000001", 1680)]
    assert await desk.money() == "20.16"
    assert await returned(world) == [("note", 1680, 0)]

    await desk.run(until=day("2026-05-02"))
    await desk.hear()

    # 7.44 a month with taxes, twice, are paid by the wallet; of the third the rest is due.
    assert [each[1:] for each in await desk.said(one)] == [
        ("paid", "37.20", "0.00"),
        ("paid", "7.44", "0.00"),
        ("paid", "7.44", "0.00"),
    ]
    assert await desk.money() == "5.28"
    assert await desk.wrong() == []


async def test_of_an_unpaid_period_what_is_left_is_owed_no_more(world: World) -> None:
    desk = await Desk.open_desk(world, at=day("2026-03-01"))
    await desk.plan("small", "31")
    one = await desk.subscribe("small")
    world.clock.instant = day("2026-03-11")

    await desk.cancel(one, at_once=True, credit=True)

    assert await desk.said(one) == [("INV-2026-000001", "open", "37.20", "12.00")]
    assert await desk.money() is None
    assert [each.without_invoice for each in await desk.bills(one)] == [None, "returned"]
    assert await desk.wrong() == []


async def test_of_an_upgrade_its_own_invoice_is_credited_first(world: World) -> None:
    desk = await Desk.open_desk(world, at=day("2026-04-01"))
    await desk.plan("small", "10")
    await desk.plan("large", "20")
    one = await desk.pay_all(await desk.subscribe("small"))
    world.clock.instant = day("2026-04-16")
    one = await desk.pay_all(await desk.change(one, "large"))
    assert [each[2] for each in await desk.said(one)] == ["12.00", "6.00"]

    await desk.cancel(one, at_once=True, credit=True)

    # Ten are given back: the five of the upgrade, and five of the month.
    assert (await desk.told(one))[-1] == ("end", "2026-04-01", "-10.00")
    assert await desk.notes() == [("CN-2026-000001", 500), ("CN-2026-000002", 500)]
    assert await desk.money() == "12.00"
    assert await desk.wrong() == []


async def test_what_no_invoice_takes_is_kept_and_taken_off_the_next_bill(world: World) -> None:
    desk = await Desk.open_desk(world, at=day("2026-03-01"), entity=None)
    await desk.plan("large", "31")
    await desk.plan("small", "15")
    one = await desk.pay(await desk.subscribe("large"))
    world.clock.instant = day("2026-03-11")
    await desk.begin_issuing()

    await desk.cancel(one, at_once=True, credit=True)

    # It was paid without an invoice, so there is none to credit.
    assert await returned(world) == [("kept", 2100, 2100)]
    new = await desk.subscribe("small", when_paid=True)
    await desk.hear()
    assert (await desk.now(new)).state is State.ACTIVE
    assert await desk.said(new) == [("INV-2026-000001", "paid", "0.00", "0.00")]
    [invoice] = await desk.invoices(new)
    told = [(row.kind, row.amount) for row in await desk.lines(invoice)]
    assert told == [("recurring", 1500), ("adjustment", -1500)]
    assert await returned(world) == [("kept", 2100, 600)]
    await desk.run(until=day("2026-04-12"))
    assert [total for _, _, total in await desk.told(new)] == ["0.00", "9.00"]
    assert await returned(world) == [("kept", 2100, 0)]
    assert await desk.wrong() == []
