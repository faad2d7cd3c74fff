"""What is invoiced in advance is earned as its period passes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.bills.earning import Moved, begun, changed, earned
from core.kernel.period import Period

START = datetime(2026, 11, 1, tzinfo=UTC)
NOVEMBER = Period(START, datetime(2026, 12, 1, tzinfo=UTC))


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def test_a_month_is_earned_day_by_day() -> None:
    told = [earned(3000, NOVEMBER, day(n)) for n in (-5, 0, 1, 15, 30, 99)]

    assert told == [0, 0, 100, 1500, 3000, 3000]


def test_what_has_no_period_is_earned_at_once() -> None:
    assert earned(3000, None, START) == 3000
    assert earned(3000, Period(START, START), START) == 3000


def test_a_credit_takes_back_what_was_earned_and_what_was_not() -> None:
    before = begun("seats", 3000, NOVEMBER, day(10))
    after, moved = changed(before, 1500, day(15))

    assert (before.recognized, before.deferred) == (1000, 2000)
    assert (after.recognized, after.deferred) == (750, 750)
    assert moved == Moved(revenue=-250, deferred=-1250)


@given(st.integers(-10_000, 10_000), st.lists(st.integers(0, 31), max_size=6))
def test_whatever_happens_in_between_all_of_it_is_earned_in_the_end(
    net: int, days: list[int]
) -> None:
    earning, revenue, deferred = begun("l", net, NOVEMBER, START), 0, net
    for number in sorted(days):
        earning, moved = changed(earning, net, day(number))
        revenue, deferred = revenue + moved.revenue, deferred + moved.deferred
        assert revenue + deferred == net
    earning, moved = changed(earning, net, NOVEMBER.end_at)

    assert (revenue + moved.revenue, deferred + moved.deferred) == (net, 0)
    assert earning.deferred == 0
