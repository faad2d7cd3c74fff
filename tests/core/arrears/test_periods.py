"""What was used in a period is billed once it is over, after a time for what is late."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import delete, text

from core import invoicing, subscriptions
from core.arrears import finalizing, settings
from core.arrears.settings import Scope, Setting
from core.kernel.caller import SYSTEM
from core.kernel.period import Period
from core.lifecycles import When
from core.metering import tables
from core.usage import UsageBilled
from tests.core.arrears.register import TOKENS, Register, each, priced, tamper
from tests.core.subscriptions.counter import day, fee
from tests.world import OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio
JANUARY = Period(day("2026-01-01"), day("2026-02-01"))


async def test_usage_of_a_period_is_billed_after_an_hour_with_what_came_meanwhile(
    world: World,
) -> None:
    register = await Register.open(world)
    await register.subscribed(fee("10"), each("0.05"))
    await register.use("2026-01-01", times=3)
    await register.run("2026-02-01")
    assert await register.told() == [("draft", ["Calls = 0.15"])]

    await register.use("2026-01-31T23:59:59", times=2)
    await register.use("2026-02-01", times=7)
    await register.run("2026-02-01T00:57")
    assert await register.told() == [("draft", ["Calls = 0.15"])]
    await register.run("2026-02-01T01:01")

    assert await register.told() == [("open", ["Calls = 0.25"])]
    [line] = (await register.invoices())[0].lines
    assert (line.quantity, line.unit_amount, line.period) == ("5", "0.05", JANUARY)
    assert await register.found() == []
    await register.run("2026-02-01T03:00")
    assert len(await register.invoices()) == 1


async def test_the_wait_is_what_the_plan_says_or_else_the_legal_entity(world: World) -> None:
    register = await Register.open(world)
    async with world.database.begin(OPERATOR) as work:
        await settings.say(work, Setting(scope=Scope.ENTITY, key="default", draft_minutes=4320))
        await settings.say(work, Setting(scope=Scope.PLAN, key="fast", draft_minutes=0))
        found = [
            await settings.of_plan(work, plan, entity)
            for plan, entity in (("fast", "default"), ("pro", "default"), ("pro", "other"))
        ]
    assert [str(each.draft_for) for each in found] == ["0:00:00", "3 days, 0:00:00", "1:00:00"]

    await register.subscribed(each("1"), plan="fast")
    await register.use("2026-01-05")
    await register.run("2026-02-01")

    assert await register.told() == [("open", ["Calls = 1.00"])]


async def test_a_change_of_plan_splits_usage_and_what_is_promised_is_due_once(world: World) -> None:
    register = await Register.open(world)
    one = await register.subscribed(fee("10"), each("1") | {"name": "Slow calls"}, plan="small")
    promised = {"prices": {"usd": {"model": "per_unit", "unit": "2", "minimum_spend": "100"}}}
    await register.counter.plan("large", items=[fee("20"), each("2") | promised])
    await register.use("2026-01-10T11:59:59", times=3)
    await register.use("2026-01-10T12:00", times=4)
    world.clock.instant = day("2026-01-10T12:00")
    await register.counter.change(one, "large", when=When.NOW)

    await register.run("2026-02-01T00:00")
    await register.run("2026-02-01T02:00")

    assert await register.told() == [("open", ["Slow calls = 3.00", "Calls = 100.00"])]
    assert await register.found() == []


async def test_what_a_wallet_was_charged_for_is_not_billed_and_what_is_billed_charges_none(
    world: World,
) -> None:
    register = await Register.open(world)
    await register.counter.house.staff("create_wallet", name="Money", asset="USD/2")
    await register.subscribed(each("1"))
    await register.use("2026-01-05", event_id="a")
    await register.use("2026-01-06", event_id="b")
    await register.charge("a")
    await register.charge("c", at="2026-01-06")
    await register.run("2026-02-01")

    with pytest.raises(UsageBilled) as refused:
        await register.charge("b", at="2026-01-06")
    assert refused.value.event_id == "b"
    # What is recorded with its charge is in no invoice.
    await register.charge("d", at="2026-01-31")
    await register.run("2026-02-01T02:00")

    assert await register.told() == [("open", ["Calls = 1.00"])]
    assert await register.found() == []


async def test_usage_of_one_meter_is_billed_by_one_of_two_plans(world: World) -> None:
    register = await Register.open(world)
    await register.subscribed(each("1"), plan="first")
    await register.counter.plan("second", items=[each("5")], product="mail")
    world.clock.instant = day("2026-01-11")
    await register.counter.subscribe("second")
    await register.use("2026-01-10", times=2)
    await register.use("2026-01-12", times=3)

    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")
    await register.use("2026-02-05", times=4)
    await register.run("2026-02-11")
    await register.run("2026-02-11T02:00")

    assert await register.told() == [("open", ["Calls = 5.00"]), ("open", ["Calls = 20.00"])]
    assert await register.found() == []


async def test_two_workers_finalize_a_draft_once(world: World) -> None:
    register = await Register.open(world)
    one = await register.subscribed(each("1"))
    await register.use("2026-01-05", times=2)
    await register.run("2026-02-01")
    world.clock.instant = day("2026-02-01T02:00")

    async def worker() -> None:
        async with world.database.begin(SYSTEM) as work:
            await finalizing.step(work.within(PROJECT), one.id, JANUARY.start_at)

    await asyncio.gather(*(worker() for _ in range(5)))

    assert await register.told() == [("open", ["Calls = 2.00"])]
    assert await register.found() == []


async def test_one_that_was_issued_by_hand_is_billed_as_it_was_and_one_put_away_is_not(
    world: World,
) -> None:
    register = await Register.open(world)
    await register.subscribed(each("1"))
    await register.use("2026-01-05", times=2)
    await register.run("2026-02-01")
    [first] = await register.invoices()
    async with world.database.begin(OPERATOR) as work:
        await invoicing.finalize(work.within(PROJECT), first.id)
    await register.use("2026-01-06")
    await register.run("2026-02-01T02:00")
    await register.run("2026-03-01")
    second = (await register.invoices())[1]
    async with world.database.begin(OPERATOR) as work:
        await invoicing.void(work.within(PROJECT), second.id)
    await register.run("2026-03-01T02:00")

    late = "Calls, adjusted: 2 then, 3 now = 1.00"
    assert await register.told() == [
        ("open", ["Calls = 2.00"]),
        ("void", ["Calls = 0.00", late]),
    ]
    assert await register.found() == []


async def test_without_a_legal_entity_usage_waits_for_one(world: World) -> None:
    register = await Register.open(world, sells=False)
    await register.subscribed(each("1"))
    await register.use("2026-01-05", times=2)
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")
    assert await register.told() == []

    await register.sell()
    await register.run("2026-02-01T04:00")

    assert await register.told() == [("open", ["Calls = 2.00"])]
    assert await register.found() == []


async def test_a_pause_and_a_trial_have_no_usage_to_bill_and_an_end_has(world: World) -> None:
    register = await Register.open(world)
    await register.counter.plan("pro", items=[fee("10"), each("1")], trial_days=5)
    one = await register.counter.subscribe("pro", at_trial_end=subscriptions.AtTrialEnd.BILL)
    await register.use("2026-01-03", times=100)
    await register.run("2026-01-06")
    await register.use("2026-01-07", times=2)
    world.clock.instant = day("2026-01-08")
    await register.counter.do(subscriptions.pause, one)
    await register.use("2026-01-09", times=100)
    world.clock.instant = day("2026-01-10")
    await register.counter.do(subscriptions.resume, one)
    await register.use("2026-01-11", times=3)
    world.clock.instant = day("2026-01-12")
    await register.counter.cancel(one, at_once=True)
    await register.run("2026-01-12T02:00")

    assert await register.told() == [("open", ["Calls = 2.00", "Calls = 3.00"])]
    assert await register.found() == []


async def test_unique_and_largest_and_each_transaction_are_billed_from_the_very_period(
    world: World,
) -> None:
    register = await Register.open(world)
    peak = {"key": "peak", "name": "Peak", "kind": "usage", "meter_key": "peak"}
    await register.subscribed(
        priced(peak, model="graduated", tiers=[{"up_to": "5", "unit": "2"}, {"unit": "1"}]),
        priced(TOKENS, model="percentage", percent="10", minimum="1"),
    )
    for at, quantity in (("2026-01-02", 7), ("2026-01-31T23:59:59", 9), ("2026-02-01", 50)):
        await register.use(at, quantity, meter="peak")
        await register.use(at, quantity, meter="tokens")
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")

    assert await register.told() == [("open", ["Peak = 14.00", "Tokens = 2.00"])]
    [peak_line, tokens] = (await register.invoices())[0].lines
    assert (peak_line.quantity, tokens.quantity) == ("9", "16")
    assert tokens.explanation["usage"]["amounts"] == ["7", "9"]
    assert await register.found() == []
    assert Decimal(tokens.explanation["amount"]) == 2


async def test_a_period_is_rated_from_sums_and_not_from_its_events(world: World) -> None:
    register = await Register.open(world)
    await register.subscribed(each("1"), each("2", TOKENS))
    await register.use("2026-01-05", times=100)
    await register.use("2026-01-06", "2.5", times=100, meter="tokens")
    if world.url.startswith("postgresql"):
        async with world.owner() as connection:
            month = "metering_events detach partition metering_events_2026_01"
            await connection.execute(text(f"alter table {month}"))
    else:
        await tamper(world, tables.events, delete(tables.events))

    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")

    assert await register.told() == [("open", ["Calls = 100.00", "Tokens = 500.00"])]


async def test_a_bill_of_usage_is_paid_when_its_invoice_is(world: World) -> None:
    register = await Register.open(world)
    one = await register.subscribed(fee("10"), each("1"))
    await register.use("2026-01-05", times=3)
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")
    await register.tell()
    bill = (await register.counter.bills(one))[-1]
    assert (bill.reason, bill.total.decimal, bill.paid_at) == ("usage:period", "3.00", None)

    [invoice] = await register.invoices()
    async with world.database.begin(OPERATOR) as work:
        received = invoicing.Received(amount=bill.total, reference="bank:1")
        await invoicing.settle(work.within(PROJECT), invoice.id, received)
    await register.tell()

    bill = (await register.counter.bills(one))[-1]
    assert bill.invoice_id == invoice.id
    assert bill.paid_at is not None
    assert len(await register.counter.bills(one)) == 3
    assert await register.found() == []
