"""Lives of subscriptions, told as a customer would, and ended in what was billed for each."""

import pytest

from core import subscriptions
from tests.core.quoting.test_every_origin import RIGHT, all_explained, matches
from tests.core.subscriptions.counter import YEAR, Counter, credits, day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio


async def test_a_year_with_an_upgrade_a_downgrade_and_an_end_is_billed_to_the_cent(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-15"))
    await counter.plan("small", "31")
    await counter.plan("large", "62")
    one = await counter.subscribe("small")
    await counter.run(until=day("2026-03-25"))

    # Ten days of thirty-one were used, and two thirds of the period are left: 21 of 31 days.
    one = await counter.change(one, "large")
    assert (one.choice.plan_key, await counter.holds(one)) == ("large", "large")
    await counter.run(until=day("2026-06-01"))
    one = await counter.change(one, "small")
    assert (one.choice.plan_key, one.next and one.next.plan_key) == ("large", "small")
    await counter.run(until=day("2026-12-20"))
    one = await counter.cancel(one, why="They closed")
    assert (one.state, one.cancel_at) == ("active", day("2027-01-15"))
    assert await counter.holds(one) == "small"
    await counter.run(until=day("2027-03-01"))

    one = await counter.now(one)
    assert (one.state, one.ended_at, one.next_due_at) == ("canceled", day("2027-01-15"), None)
    assert await counter.holds(one) is None
    assert await counter.told(one) == [
        ("period", "2026-01-15", "31.00"),
        ("period", "2026-02-15", "31.00"),
        ("period", "2026-03-15", "31.00"),
        ("change:4", "2026-03-15", "21.00"),
        ("period", "2026-04-15", "62.00"),
        ("period", "2026-05-15", "62.00"),
        *(("period", f"2026-{month:02d}-15", "31.00") for month in range(6, 13)),
    ]
    changed = (await counter.bills(one))[3]
    assert [line["explained"] for line in changed.lines] == [
        ["credit of fee: 31 x 21/31 = 21.00 USD"],
        ["charge of fee: 62 x 21/31 = 42.00 USD"],
    ]


async def test_the_thirty_first_comes_back_after_every_short_month(world: World) -> None:
    counter = await Counter.open(world, at=day("2027-01-31"))
    await counter.plan("small")
    one = await counter.subscribe("small")

    await counter.run(until=day("2027-07-01"))

    starts = [start for _, start, _ in await counter.told(one)]
    assert starts == [
        *("2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30"),
    ]


async def test_who_begins_on_a_leap_day_is_billed_on_the_last_of_february_until_the_next(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2028-02-29"))
    await counter.plan("yearly", "100", interval=YEAR)
    one = await counter.subscribe("yearly")

    await counter.run(until=day("2032-03-01"))

    starts = [start for _, start, _ in await counter.told(one)]
    assert starts == ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]


@pytest.mark.parametrize(
    ("zone", "at", "ends"),
    [
        # 2:30 is skipped on 28 March in Berlin: the period begins half an hour past the jump.
        ("Europe/Berlin", "2027-02-28T01:30", "2027-03-28T01:30"),
        # 1:30 comes twice on 7 November in New York: the first of the two counts.
        ("America/New_York", "2027-10-07T05:30", "2027-11-07T05:30"),
        # Half an hour's jump, on 4 April on Lord Howe Island: from +11:00 to +10:30.
        ("Australia/Lord_Howe", "2027-03-04T13:00", "2027-04-04T13:30"),
    ],
)
async def test_on_a_night_on_which_clocks_change_a_period_ends_by_the_clocks_of_the_project(
    world: World, zone: str, at: str, ends: str
) -> None:
    counter = await Counter.open(world, at=day(at), time_zone=zone)
    await counter.plan("small")
    one = await counter.subscribe("small")
    assert one.period_end_at == day(ends)

    await counter.run(until=day("2027-12-20"))

    one = await counter.now(one)
    bills = await counter.bills(one)
    local = {each.period_start_at.astimezone(one.zone).strftime("%d %H:%M") for each in bills[2:]}
    assert local == {day(at).astimezone(one.zone).strftime("%d %H:%M")}
    ends_at = [each.period_end_at for each in bills]
    assert [each.period_start_at for each in bills][1:] == ends_at[:-1]


async def test_credits_come_with_each_paid_period_and_roll_over_up_to_their_cap(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-15"))
    await counter.plan("small", "10", included=credits("1000", rollover="400"))
    one = await counter.subscribe("small")
    assert await counter.credits() == "0.000000"
    await counter.pay(one)
    await counter.pay(one)
    assert await counter.credits() == "1000.000000"
    await counter.spend("100")

    await counter.run(until=day("2026-02-15"))
    assert await counter.credits() == "400.000000"
    await counter.pay(one)
    assert await counter.credits() == "1400.000000"
    await counter.spend("500")
    # What was rolled over went first: of 900 that are left again no more than 400 are kept.
    await counter.run(until=day("2026-03-15"))
    assert await counter.credits() == "400.000000"

    assert (await counter.proven()).differences == []
    told = await all_explained(world, PROJECT)
    assert {kind: matches(told)[kind] for kind in ("grant", "rollover")} == {
        "grant": RIGHT,
        "rollover": RIGHT,
    }
    assert {each["origin_id"] for each in (*told["grant"], *told["rollover"])} == {one.id}


async def test_credits_that_do_not_roll_over_are_gone_with_their_period(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-15"))
    await counter.plan("free", "0", included=credits("50", rollover="0"))
    one = await counter.subscribe("free")
    assert await counter.credits() == "50.000000"
    await counter.spend("20")

    await counter.run(until=day("2026-02-15"))
    assert await counter.credits() == "50.000000"

    # A worker that was away for months gives what goes on now, and not what was missed.
    await counter.run(until=day("2026-06-20"))
    assert await counter.credits() == "50.000000"
    assert len(await counter.told(one)) == 6
    assert (await counter.proven()).differences == []


async def test_a_pause_keeps_what_is_left_of_a_period(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "31")
    one = await counter.subscribe("small")
    world.clock.instant = day("2026-01-11")
    one = await counter.do(subscriptions.pause, one, resumes_at=day("2026-04-11"))
    assert (one.state, await counter.holds(one)) == ("paused", None)

    await counter.run(until=day("2026-04-12"))
    one = await counter.now(one)
    assert (one.state, await counter.holds(one)) == ("active", "small")
    # Twenty-one days were left, and ninety it was paused.
    assert one.period_end_at == day("2026-05-02")
    await counter.run(until=day("2026-06-03"))

    assert await counter.told(one) == [
        ("period", "2026-01-01", "31.00"),
        ("period", "2026-05-02", "31.00"),
        ("period", "2026-06-02", "31.00"),
    ]
