"""Stories whose figures were worked out by hand, and stand in the test."""

from datetime import datetime

import pytest

from core import revenue, subscriptions
from core.catalog import Interval, IntervalUnit
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.kernel.proving import Proof
from core.subscriptions import AtTrialEnd, Subscription
from tests.core.coupons.offers import offered, redeem
from tests.core.revenue.desk import ask, moved, movements, report
from tests.core.subscriptions.counter import YEAR, Counter, day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

ADA, BOB, CYD, DAN, EVE = (PROJECT, *(compose("prj", n) for n in range(2, 6)))
NAMES = {ADA: "Ada", BOB: "Bob", CYD: "Cyd", DAN: "Dan", EVE: "Eve"}


async def open_counter(world: World, at: datetime, time_zone: str = "UTC") -> Counter:
    """Sell a basic and a pro plan, one by the year, one by the week, and one of another product."""
    counter = await Counter.open(world, at=at, time_zone=time_zone)
    for each in (BOB, CYD, DAN, EVE):
        await counter.house.project(each, time_zone=time_zone)
    await counter.plan("basic", "10", trial_days=30)
    await counter.plan("pro", "30")
    await counter.plan("yearly", "100", interval=YEAR)
    await counter.plan("weekly", "3", interval=WEEK)
    await counter.plan("post", "4", product="mail")
    return counter


WEEK, DAY = Interval(IntervalUnit.WEEK), Interval(IntervalUnit.DAY)


async def fail_to_pay(counter: Counter, one: Subscription) -> None:
    """Have the newest bill of a subscription fail."""
    bill = (await counter.bills(one))[-1]
    async with counter.world.database.begin(SYSTEM) as work:
        await subscriptions.failed(work.within(one.project_id), bill.id)


async def test_five_customers_move_in_every_way_over_six_months(world: World) -> None:
    counter = await open_counter(world, day("2026-01-10 12:00"))
    # Ada: half off once, which takes nothing off what recurs; pro from March on.
    await redeem(world, ADA, await offered(world, "half", kind="percent", percent="50"))
    ada = await counter.subscribe("basic", project_id=ADA, trial_days=0)
    await counter.run(until=day("2026-01-20"))
    # Bob: thirty days of a trial, to 19 February.
    bob = await counter.subscribe("basic", project_id=BOB, at_trial_end=AtTrialEnd.BILL)
    # Cyd: a year at once, in the first instant of February: 100 / 12 = 8.33 1/3 a month.
    await counter.run(until=day("2026-02-01"))
    await counter.subscribe("yearly", project_id=CYD)
    # Dan: 30 less a fifth for ever, 24.
    await counter.run(until=day("2026-02-10"))
    forever = {"kind": "percent", "percent": "20", "duration": "forever"}
    await redeem(world, DAN, await offered(world, "fifth", **forever))
    dan = await counter.subscribe("pro", project_id=DAN)
    await counter.run(until=day("2026-03-05"))
    await counter.change(ada, "pro")
    # Eve: 3 a week, 3 x 52 / 12 = 13 a month; and in April 4 for another product.
    await counter.run(until=day("2026-03-08"))
    eve = await counter.subscribe("weekly", project_id=EVE)
    await counter.run(until=day("2026-04-02"))
    post = await counter.subscribe("post", project_id=EVE)
    await counter.run(until=day("2026-04-15"))
    await counter.cancel(bob, why="too dear")
    await counter.run(until=day("2026-05-03"))
    await counter.change(dan, "basic")
    # Eve's week is not paid: it counts while that is asked for again, until she is suspended.
    await fail_to_pay(counter, eve)
    await counter.run(until=day("2026-05-08"))
    assert [each["mrr_end"] for each in await report(world, "2026-05-01", "2026-05-07")] == [
        "79.33"
    ]
    await counter.do(subscriptions.suspend, eve)
    await counter.run(until=day("2026-06-02"))
    await counter.do(subscriptions.reactivate, bob)
    await counter.run(until=day("2026-06-10"))
    await counter.do(subscriptions.pause, post, why="away")
    await counter.run(until=day("2026-07-05"))

    spans = await report(world, "2026-01-01", "2026-06-30")

    assert moved(spans) == [
        #           start   new  back   more   less   gone   end
        "2026-01-01 0.00 10.00 0.00 0.00 0.00 0.00 10.00",
        "2026-02-01 10.00 42.33 0.00 0.00 0.00 0.00 52.33",
        "2026-03-01 52.33 13.00 0.00 20.00 0.00 0.00 85.33",
        "2026-04-01 85.33 0.00 0.00 4.00 0.00 -10.00 79.33",
        "2026-05-01 79.33 0.00 0.00 0.00 -29.00 0.00 50.33",
        "2026-06-01 50.33 0.00 10.00 0.00 0.00 -4.00 56.33",
    ]
    paying = ("start", "new", "reactivated", "churned", "end")
    assert [[each[f"paying_{name}"] for name in paying] for each in spans] == [
        [0, 1, 0, 0, 1],
        [1, 3, 0, 0, 4],
        [4, 1, 0, 0, 5],
        [5, 0, 0, 1, 4],
        [4, 0, 0, 0, 4],
        [4, 0, 1, 1, 4],
    ]
    # A fifth of five; 10 of 85.33, 29 of 79.33, and 4 of 50.33.
    churn = [(each["churned_projects_percent"], each["lost_revenue_percent"]) for each in spans]
    assert churn == [
        (None, None),
        ("0.0", "0.0"),
        ("0.0", "0.0"),
        ("20.0", "11.7"),
        ("0.0", "36.6"),
        ("25.0", "7.9"),
    ]
    # By the quarter, Bob went and came back, which is no movement; and of Eve, who had 13, nothing
    # is left, though she had 4 for a while.
    assert moved(await report(world, "2026-04-01", "2026-06-30", granularity="quarter")) == [
        "2026-04-01 85.33 0.00 0.00 0.00 -16.00 -13.00 56.33",
    ]
    told = await movements(world, "2026-04-01", "2026-05-31", limit=1)
    assert [
        (NAMES[each["project_id"]], each["kind"], each["amount"], each["last_change"], each["why"])
        for each in told
    ] == [
        ("Bob", "churn", "-10.00", "cancel", "as it was asked for"),
        ("Dan", "contraction", "-16.00", "renew", None),
        ("Eve", "contraction", "-13.00", "suspend", None),
        ("Eve", "expansion", "4.00", "create", None),
    ]
    assert [(each["mrr_before"], each["mrr_after"]) for each in told[1:]] == [
        ("24.00", "8.00"),
        ("13.00", "0.00"),
        ("0.00", "4.00"),
    ]
    proof = Proof()
    async with world.database.read(SYSTEM) as work:
        await revenue.prove(work, proof)
    assert (proof.differences, proof.looked_at["recurring revenue"]) == ([], 6)
    conversion = await ask(
        world, "get_conversion_report", start_on="2026-01-01", end_on="2026-01-31"
    )
    assert conversion["spans"] == [
        {
            "start_on": "2026-01-01",
            "end_on": "2026-01-31",
            "trials_started": 1,
            "trials_converted": 1,
            "trials_ended": 0,
            "trials_going_on": 0,
            "trial_conversion_percent": "100.0",
            "payments_tried": 0,
            "payments_succeeded": 0,
            "payment_success_percent": None,
            "invoices_asked": 0,
            "invoices_paid_at_first": 0,
            "invoices_recovered": 0,
            "invoices_failed": 0,
            "invoices_going_on": 0,
            "collection_attempts": 0,
            "first_try_percent": None,
            "recovered_percent": None,
        }
    ]


async def test_a_leap_year_is_worth_no_more(world: World) -> None:
    counter = await open_counter(world, day("2028-02-29 12:00"))
    await counter.plan("daily", "1", interval=DAY, product="mail")
    # 366 a year: 30.50 a month. A dollar a day: 365 / 12 = 30.41 2/3.
    await counter.plan("leap", "366", interval=YEAR)
    await counter.subscribe("leap", project_id=ADA)
    await counter.subscribe("daily", project_id=ADA)
    await counter.run(until=day("2028-03-03"))

    assert moved(await report(world, "2028-02-01", "2028-03-31")) == [
        "2028-02-01 0.00 60.92 0.00 0.00 0.00 0.00 60.92",
        "2028-03-01 60.92 0.00 0.00 0.00 0.00 0.00 60.92",
    ]
    [leap_day] = await report(world, "2028-02-29", "2028-02-29", granularity="day")
    assert (leap_day["start_on"], leap_day["mrr_new"]) == ("2028-02-29", "60.92")


async def test_a_month_ends_when_it_does_in_the_zone_that_is_asked_about(world: World) -> None:
    # Half past eleven at night in Berlin, on the last of March; half past nine in UTC.
    counter = await open_counter(world, day("2026-03-31 21:30"))
    await counter.subscribe("pro", project_id=ADA)
    # Half an hour into April in Berlin, and still March in UTC and in New York.
    world.clock.instant = day("2026-03-31 22:30")
    await counter.subscribe("pro", project_id=DAN)

    async def new(zone: str) -> list[str]:
        spans = await report(world, "2026-03-01", "2026-04-30", time_zone=zone)
        return [each["mrr_new"] for each in spans]

    assert await new("Europe/Berlin") == ["30.00", "30.00"]
    assert await new("UTC") == ["60.00", "0.00"]
    assert await new("Asia/Kolkata") == ["0.00", "60.00"]
