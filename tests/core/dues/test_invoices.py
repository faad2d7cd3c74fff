"""Every bill of a subscription has its invoice, in the same unit, and both say the same."""

from typing import Any

import pytest

from core import invoicing, subscriptions
from core.kernel.caller import SYSTEM
from core.lifecycles import State
from tests.core.coupons.offers import discounts, offered, redeem
from tests.core.dues.desk import Desk
from tests.core.ledger.books import unit
from tests.core.subscriptions.counter import SEATS, SETUP, credits, day, fee
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio
HUNDRED: dict[str, Any] = {"kind": "percent", "percent": "100", "duration": "once"}


async def test_a_period_is_invoiced_at_once_with_what_explains_each_line(world: World) -> None:
    desk = await Desk.open_desk(world, at=day("2026-01-15"))
    await desk.plan("team", items=[fee("20"), SEATS, SETUP], included=credits("100"))

    one = await desk.subscribe("team", quantities={"seats": 4})

    assert await desk.said(one) == [("INV-2026-000001", "open", "108.00", "108.00")]
    [invoice], [bill] = await desk.invoices(one), await desk.bills(one)
    assert (bill.invoice_id, bill.without_invoice) == (invoice.id, None)
    assert invoice.reference == f"subscription:{bill.id}"
    told = [
        (row.kind, row.quantity, row.unit_amount, row.amount, row.product_key, row.end_at)
        for row in await desk.lines(invoice)
    ]
    assert told == [
        ("recurring", "1", "20", 2000, "app", day("2026-02-15")),
        ("recurring", "4", "5", 2000, "app", day("2026-02-15")),
        ("one_time", "1", "50", 5000, "app", None),
    ]
    explained = (await desk.lines(invoice))[1].explanation
    assert explained["bill_id"] == bill.id
    assert (explained["item_key"], explained["plan_key"]) == ("seats", "team")
    assert explained["how"] == bill.lines[1]["explained"]
    assert await desk.times("invoice.finalized") == 1
    assert await desk.credits() == "0.000000"

    await desk.pay_invoice(invoice)

    assert await desk.credits() == "100.000000"
    async with world.database.read(SYSTEM) as work:
        found = await subscriptions.bill_of(work.within(PROJECT), invoice.id)
    assert found is not None
    assert found.paid_at == world.clock.now()
    assert await desk.wrong() == []


async def test_a_discount_is_used_up_once_and_bill_and_invoice_agree_to_the_unit(
    world: World,
) -> None:
    desk = await Desk.open_desk(world, at=day("2026-01-15"))
    await desk.plan("team", items=[fee("9.99"), SEATS])
    terms: dict[str, Any] = {
        "kind": "percent",
        "percent": "33",
        "duration": "repeating",
        "periods": 2,
    }
    await redeem(world, PROJECT, await offered(world, **terms))
    one = await desk.subscribe("team")

    assert (await desk.told(one))[0][2] == "10.04"
    assert (await desk.said(one))[0][2] == "12.05"
    [kept] = await discounts(world, PROJECT)
    assert kept["periods_left"] == 1

    await desk.run(until=day("2026-03-16"))

    assert [total for _, _, total in await desk.told(one)] == ["10.04", "10.04", "14.99"]
    assert [total for _, _, total, _ in await desk.said(one)] == ["12.05", "12.05", "17.99"]
    assert await desk.wrong() == []


async def test_what_comes_to_nothing_is_paid_at_once_and_brings_its_credits(world: World) -> None:
    desk = await Desk.open_desk(world)
    await desk.plan("small", included=credits("100"))
    await redeem(world, PROJECT, await offered(world, **HUNDRED))

    one = await desk.subscribe("small", when_paid=True)
    await desk.hear()

    assert one.state is State.ACTIVE
    assert await desk.said(one) == [("INV-2026-000001", "paid", "0.00", "0.00")]
    assert await desk.credits() == "100.000000"
    assert await desk.wrong() == []


async def test_a_plan_that_costs_nothing_has_no_invoice_and_says_why(world: World) -> None:
    desk = await Desk.open_desk(world)
    await desk.plan("free", "0")

    one = await desk.subscribe("free")

    assert [each.without_invoice for each in await desk.bills(one)] == ["nothing"]
    assert await desk.invoices(one) == []


async def test_while_nobody_issues_invoices_a_bill_waits_and_is_invoiced_then(world: World) -> None:
    desk = await Desk.open_desk(world, entity=None)
    await desk.plan("small", "10")
    await redeem(world, PROJECT, await offered(world, kind="percent", percent="50"))
    one = await desk.subscribe("small")
    assert [each.without_invoice for each in await desk.bills(one)] == ["no_entity"]
    await desk.run()
    assert await desk.invoices(one) == []

    await desk.begin_issuing()
    world.clock.advance(hours=1)
    await desk.run()
    world.clock.advance(hours=1)
    await desk.run()

    assert await desk.said(one) == [("INV-2026-000001", "open", "6.00", "6.00")]
    assert [each.without_invoice for each in await desk.bills(one)] == [None]
    assert await desk.wrong() == []


async def test_a_draft_begins_when_its_invoice_is_paid_whoever_tells_of_it_how_often(
    world: World,
) -> None:
    desk = await Desk.open_desk(world)
    await desk.plan("small", included=credits("100"))
    one = await desk.subscribe("small", when_paid=True)
    assert (await desk.now(one)).state is State.DRAFT

    [invoice] = await desk.invoices(one)
    await desk.pay_invoice(invoice)
    await desk.hear()

    assert (await desk.now(one)).state is State.ACTIVE
    assert await desk.credits() == "100.000000"
    assert await desk.times("subscription.paid") == 1


async def test_the_invoice_of_a_draft_that_nobody_paid_is_void_when_it_expires(
    world: World,
) -> None:
    desk = await Desk.open_desk(world)
    await desk.plan("small")
    one = await desk.subscribe("small", when_paid=True)
    world.clock.advance(hours=25)

    await desk.run()
    await desk.hear()

    assert (await desk.now(one)).state is State.EXPIRED
    assert [state for _, state, _, _ in await desk.said(one)] == ["void"]
    [bill] = await desk.bills(one)
    assert (bill.paid_at, bill.written_off_at) == (None, world.clock.now())
    assert await desk.wrong() == []


async def test_a_void_invoice_writes_its_bill_off_and_ends_the_draft_that_waited_for_it(
    world: World,
) -> None:
    desk = await Desk.open_desk(world)
    await desk.plan("small", included=credits("100"))
    one = await desk.subscribe("small", when_paid=True)
    [invoice] = await desk.invoices(one)

    async with unit(world) as work:
        await invoicing.void(work, invoice.id, reason="A mistake")
    await desk.hear()

    assert (await desk.now(one)).state is State.EXPIRED
    assert await desk.credits() == "0.000000"
    assert await desk.wrong() == []


async def test_who_is_past_due_goes_on_when_the_invoice_is_void_or_credited_whole(
    world: World,
) -> None:
    desk = await Desk.open_desk(world)
    await desk.plan("small", included=credits("100"))
    one = await desk.subscribe("small")
    [invoice] = await desk.invoices(one)
    async with unit(world) as work:
        # Nobody expects it to be paid any more: it is owed still, so that is as a failed payment.
        await invoicing.give_up(work, invoice.id)
    await desk.hear()
    assert (await desk.now(one)).state is State.PAST_DUE

    async with unit(world) as work:
        await invoicing.credit_invoice(work, invoice.id, invoicing.Note(reason="Goodwill"))
    await desk.hear()

    assert (await desk.now(one)).state is State.ACTIVE
    [bill] = await desk.bills(one)
    assert (bill.paid_at, bill.written_off_at) == (None, world.clock.now())
    assert await desk.credits() == "0.000000"
    assert await desk.wrong() == []
