"""Caps: so many and so much in a day and a month of the project's, whatever the clocks do."""

from datetime import UTC, datetime, timedelta

import pytest

from core import payments
from core.kernel.money import Asset, Money
from core.kernel.period import Window
from core.payers import Verdict, verdict_of
from core.topups.model import PAUSES, Caps, Spent, cap_reached, pause_after
from tests.core.topups.pump import CAPPED, Pump, open_pump
from tests.core.wallets.bank import told
from tests.world import START, World

pytestmark = pytest.mark.anyio

CENTS = Asset.parse("USD/2")
CAPS = Caps(
    daily_count=3, monthly_count=5, daily_spend=Money(25, CENTS), monthly_spend=Money(40, CENTS)
)


@pytest.mark.parametrize(
    ("day", "month", "reached"),
    [
        (Spent(2, 15), Spent(4, 30), None),
        (Spent(3, 0), Spent(3, 0), Window.DAY),
        (Spent(1, 16), Spent(1, 16), Window.DAY),
        (Spent(0, 0), Spent(5, 0), Window.MONTH),
        (Spent(0, 0), Spent(1, 31), Window.MONTH),
        (Spent(3, 30), Spent(5, 40), Window.MONTH),
    ],
)
def test_one_more_is_allowed_up_to_the_cap_and_not_beyond(
    day: Spent, month: Spent, reached: Window | None
) -> None:
    assert cap_reached(CAPS, Money(10, CENTS), day, month) is reached


def test_pauses_grow_and_end() -> None:
    waits = [pause_after(failures) for failures in range(1, len(PAUSES) + 2)]

    assert waits == [*PAUSES, None]
    assert sorted(PAUSES) == [*PAUSES]


@pytest.mark.parametrize(
    ("state", "code", "verdict"),
    [
        ("succeeded", None, Verdict.PAID),
        ("processing", None, Verdict.WAITS),
        ("requires_action", None, Verdict.NEEDS_CUSTOMER),
        ("requires_payment_method", "card_declined", Verdict.DECLINED),
        ("requires_payment_method", "authentication_required", Verdict.NEEDS_CUSTOMER),
        ("requires_payment_method", None, Verdict.UNKNOWN),
        ("requires_confirmation", None, Verdict.UNKNOWN),
        ("canceled", None, Verdict.DECLINED),
        ("something_new", None, Verdict.UNKNOWN),
    ],
)
def test_what_the_provider_says_is_judged(state: str, code: str | None, verdict: Verdict) -> None:
    decline = payments.Decline(reason="No.", provider_code=code) if code else None
    seen = payments.Payment(
        id="pi_1",
        created_at=START,
        live=False,
        state=state,
        amount=Money(10, CENTS),
        received=Money(0, CENTS),
        customer_id=None,
        decline=decline,
    )

    assert verdict_of(seen) is verdict


async def drain(pump: Pump) -> int:
    """Spend what a top-up brought, see what happens, and tell how many there are now."""
    if (await pump.available()).startswith("1"):
        await pump.spend("1000")
    await pump.tick()
    return len(await pump.attempts())


async def test_when_a_cap_is_reached_people_are_told_once_and_it_goes_on_the_next_day(
    world: World,
) -> None:
    pump = await open_pump(world, daily_count_max=2)

    assert [await drain(pump) for _ in range(4)] == [1, 2, 2, 2]

    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    rule = await pump.rule()
    assert (rule["state"], rule["rests_for"]) == ("on", "cap_reached")
    assert datetime.fromisoformat(rule["rests_until"]) == midnight
    assert await told(world, CAPPED) == [(CAPPED, {"window": "day", "until": midnight.isoformat()})]
    assert len(await pump.mails()) == 1
    await pump.tick((midnight - world.clock.now()).total_seconds() - 10)
    assert len(await pump.attempts()) == 2

    world.clock.instant = midnight
    assert await drain(pump) == 3
    await pump.must_agree()


async def test_the_money_of_a_month_is_capped_and_a_raised_cap_counts_at_once(world: World) -> None:
    pump = await open_pump(world, monthly_spend_max="25.00", daily_count_max=10)

    assert [await drain(pump) for _ in range(3)] == [1, 2, 2]
    [(_, capped)] = await told(world, CAPPED)
    assert capped == {"window": "month", "until": "2026-12-01T00:00:00+00:00"}

    await pump.set(monthly_spend_max="30.00", daily_count_max=10)

    assert [await drain(pump) for _ in range(2)] == [3, 3]
    assert (await pump.rule())["spent_this_month"] == "30.00"


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        pytest.param("2027-03-27T23:00Z", "2027-03-28T22:00Z", id="of 23 hours"),
        pytest.param("2027-10-30T22:00Z", "2027-10-31T23:00Z", id="of 25 hours"),
        pytest.param("2027-03-30T22:00Z", "2027-03-31T22:00Z", id="the last of a month"),
    ],
)
async def test_a_day_is_the_projects_own_also_when_the_clocks_change(
    world: World, begins: str, ends: str
) -> None:
    pump = await open_pump(world, time_zone="Europe/Berlin", daily_count_max=1)
    start, end = (datetime.fromisoformat(each) for each in (begins, ends))
    second = timedelta(seconds=1)

    world.clock.instant = start - timedelta(minutes=10)
    assert await drain(pump) == 1
    world.clock.instant = start - 10 * second
    assert await drain(pump) == 1
    world.clock.instant = start
    assert await drain(pump) == 2
    world.clock.instant = end - 10 * second
    assert await drain(pump) == 2
    world.clock.instant = end
    assert await drain(pump) == 3


async def test_a_month_is_the_projects_own(world: World) -> None:
    pump = await open_pump(world, time_zone="Europe/Berlin", monthly_count_max=1, daily_count_max=9)
    # In Berlin it is April an hour after the clocks of March would say so.
    april = datetime(2027, 3, 31, 22, tzinfo=UTC)
    world.clock.instant = april - timedelta(minutes=30)
    assert await drain(pump) == 1

    world.clock.instant = april - timedelta(seconds=10)
    assert await drain(pump) == 1
    world.clock.instant = april
    assert await drain(pump) == 2
