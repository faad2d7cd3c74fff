"""What is true of every change, whatever it costs and whenever it comes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.kernel.rounding import Rounding
from core.pricing import RoundingPolicy, RoundOn
from core.proration import (
    AmountOff,
    BillingPeriod,
    By,
    Cycle,
    Interval,
    Item,
    Owner,
    PercentOff,
    Policy,
    Settings,
    Tax,
    Terms,
    Unit,
    begin_plan,
    change_plan,
    due_in_advance,
    end_plan,
    part_between,
    part_left,
    part_used,
    split_by_time,
)
from tests.core.proration.shop import APIA, BERLIN, LORD_HOWE, NEW_YORK, at

ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, APIA])
INTERVALS = st.builds(Interval, st.sampled_from(Unit), st.integers(1, 13))
INSTANTS = st.datetimes(datetime(2003, 1, 1), datetime(2044, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
SETTINGS = st.builds(Settings, st.sampled_from(By), st.sampled_from(Owner))
ROUNDINGS = st.builds(RoundingPolicy, st.sampled_from(RoundOn), st.sampled_from(Rounding))
POLICIES = st.builds(
    lambda rounding, settings: Policy(
        by=settings.by, change_is_of=settings.change_is_of, rounding=rounding
    ),
    ROUNDINGS,
    SETTINGS,
)
CYCLES = st.builds(Cycle, INSTANTS, INTERVALS, ZONES)
FIGURES = st.integers(0, 10**7).map(lambda n: Decimal(n).scaleb(-4))


@st.composite
def periods(draw: st.DrawFn) -> BillingPeriod:
    return draw(CYCLES).period_at(draw(INSTANTS))


@st.composite
def cuts(draw: st.DrawFn, most: int = 4) -> tuple[BillingPeriod, list[datetime]]:
    """A period, and instants in it, in order."""
    whole = draw(periods())
    microseconds = (whole.end_at - whole.start_at) // timedelta(microseconds=1)
    drawn = draw(st.lists(st.integers(0, microseconds), max_size=most))
    return whole, [whole.start_at + timedelta(microseconds=each) for each in sorted(drawn)]


@st.composite
def plans(draw: st.DrawFn, interval: Interval, asset: Asset) -> Terms:
    items = draw(st.dictionaries(st.sampled_from("abcd"), FIGURES, max_size=4))
    percents = st.decimals(0, 100, places=2)
    off = st.one_of(st.builds(PercentOff, percents), st.builds(AmountOff, FIGURES))
    return Terms(
        asset=asset,
        interval=interval,
        items=tuple(Item(key=key, amount=amount) for key, amount in items.items()),
        discounts=tuple(draw(st.lists(off, max_size=2))),
        taxes=tuple(Tax(name, draw(percents)) for name in draw(st.sampled_from(["", "a", "ab"]))),
        tax_is_included=draw(st.booleans()),
    )


ASSETS = st.sampled_from([Asset("JPY", 0), Asset("USD", 2), Asset("USD", 6)])


def paid(*plans: Terms) -> Fraction:
    return sum((sum(plan.discounted().values(), Fraction(0)) for plan in plans), Fraction(0))


@given(CYCLES, INSTANTS)
def test_every_instant_lies_in_one_period_and_the_next_begins_where_it_ends(
    cycle: Cycle, instant: datetime
) -> None:
    number = cycle.number_at(instant)
    whole = cycle.period_at(instant)

    assert instant in whole
    assert whole == cycle.period(number)
    assert cycle.start_of(number + 1) == whole.end_at
    assert cycle.start_of(number - 1) <= whole.start_at


@given(CYCLES, st.integers(-60, 60))
def test_a_boundary_has_the_day_and_the_time_of_its_anchor_or_the_nearest_there_is(
    cycle: Cycle, number: int
) -> None:
    anchor, start = (
        each.astimezone(cycle.zone) for each in (cycle.anchor_at, cycle.start_of(number))
    )
    # Before zones were whole hours apart, clocks skipped odd minutes.
    assume(start.year >= 1980)
    # Nothing but clocks that skip a time moves one, and then by what they skip.
    moved = abs(
        timedelta(hours=start.hour - anchor.hour, minutes=start.minute - anchor.minute)
    ) % timedelta(hours=24)
    assert moved in {timedelta(0), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=23)}
    if cycle.interval.months and not moved and cycle.zone is not APIA:
        tomorrow = (start + timedelta(days=1)).day
        assert start.day == anchor.day or (start.day < anchor.day and tomorrow == 1)


@given(cuts(), SETTINGS)
@example((Cycle(at("2025-03-30", BERLIN), Interval(Unit.DAY), BERLIN).period(0), []), Settings())
def test_the_parts_of_a_period_add_up_to_it(
    cut: tuple[BillingPeriod, list[datetime]], settings: Settings
) -> None:
    whole, instants = cut
    ends = [whole.start_at, *instants, whole.end_at]

    parts = [part_between(whole, Period(start, end), settings) for start, end in pairwise(ends)]

    assert sum(parts) == 1
    assert all(0 <= part <= 1 for part in parts)


@given(cuts(1), SETTINGS)
def test_what_was_used_and_what_is_left_are_neighbours(
    cut: tuple[BillingPeriod, list[datetime]], settings: Settings
) -> None:
    whole, instants = cut
    for instant in instants:
        left = part_left(whole, instant, settings)

        assert left + part_used(whole, instant, settings) == 1
        assert 0 <= left <= 1
        new = part_left(whole, instant, Settings(settings.by, Owner.NEW))
        # The two owners are at most the one second, or day, apart.
        assert 0 <= new - left <= Fraction(1, (new - left).denominator)


@given(cuts(), SETTINGS, st.integers(-(10**12), 10**12))
def test_a_total_that_is_split_by_time_keeps_every_unit(
    cut: tuple[BillingPeriod, list[datetime]], settings: Settings, amount: int
) -> None:
    whole, instants = cut

    parts = split_by_time(Money(amount, Asset("USD", 2)), whole, instants, settings)

    assert sum(part.amount for part in parts) == amount
    assert len(parts) == len(instants) + 1
    ends = [whole.start_at, *instants, whole.end_at]
    for part, (start, end) in zip(parts, pairwise(ends), strict=True):
        exact = amount * part_between(whole, Period(start, end), settings)
        assert abs(part.amount - exact) < 1


@given(st.data(), cuts(1), POLICIES, ASSETS)
def test_a_change_and_the_change_back_at_once_cancel_to_the_unit(
    data: st.DataObject,
    cut: tuple[BillingPeriod, list[datetime]],
    policy: Policy,
    asset: Asset,
) -> None:
    whole, instants = cut
    old, new = (data.draw(plans(whole.interval, asset)) for _ in range(2))
    for instant in instants:
        there = change_plan(old, new, period=whole, at=instant, policy=policy).prorated
        back = change_plan(new, old, period=whole, at=instant, policy=policy).prorated
        undone = there.reversed()

        assert there.net.amount + back.net.amount == 0
        assert there.total.amount + back.total.amount == 0
        assert there.total.amount + undone.total.amount == 0
        assert (there.credit.amount, there.charge.amount) == (
            -undone.charge.amount,
            -undone.credit.amount,
        )
        assert undone.reversed() == there


@given(st.data(), cuts(), POLICIES, ASSETS)
def test_several_changes_in_a_period_cost_the_sum_of_the_times_each_plan_ran(
    data: st.DataObject,
    cut: tuple[BillingPeriod, list[datetime]],
    policy: Policy,
    asset: Asset,
) -> None:
    whole, instants = cut
    ran = [data.draw(plans(whole.interval, asset)) for _ in range(len(instants) + 1)]
    # With taxes beside the price, so that what is exact is the price.
    ran = [replace(plan, tax_is_included=False) for plan in ran]
    # No day is two plans' own, so a change where the period begins is none of this law's.
    settings = Settings(policy.by)
    policy = Policy(by=policy.by, rounding=policy.rounding)

    told = [begin_plan(ran[0], whole, whole.start_at, policy)]
    told += [
        change_plan(old, new, period=whole, at=instant, policy=policy).prorated
        for (old, new), instant in zip(pairwise(ran), instants, strict=True)
    ]

    ends = [whole.start_at, *instants, whole.end_at]
    parts = [part_between(whole, Period(start, end), settings) for start, end in pairwise(ends)]
    exact = sum((paid(p) * part for p, part in zip(ran, parts, strict=True)), Fraction(0))
    lines = [line for each in told for line in each.lines]
    assert sum((line.exact for line in lines), Fraction(0)) == exact
    # Whatever is rounded is off by less than a unit: each line, or each change.
    count = len(lines) if policy.rounding.on is RoundOn.LINE else len(told)
    rounded = sum(each.net.amount for each in told)
    assert abs(rounded - exact * 10**asset.scale) <= count


@given(st.data(), cuts(1), POLICIES, ASSETS)
def test_the_lines_add_up_and_none_is_off_by_a_unit(
    data: st.DataObject,
    cut: tuple[BillingPeriod, list[datetime]],
    policy: Policy,
    asset: Asset,
) -> None:
    whole, instants = cut
    old, new = (data.draw(plans(whole.interval, asset)) for _ in range(2))
    for instant in instants:
        told = change_plan(old, new, period=whole, at=instant, policy=policy).prorated

        assert told.credit.amount <= 0 <= told.charge.amount
        assert told.net.amount == sum(line.amount.amount for line in told.lines)
        assert told.total.amount == sum(line.gross.amount for line in told.lines)
        for line in told.lines:
            assert line.exact * (1 + sum((tax.part for tax in line.taxes), Fraction(0))) == (
                line.exact + sum((tax.exact for tax in line.taxes), Fraction(0))
            )
            for exact, amount in [(tax.exact, tax.amount) for tax in line.taxes]:
                assert abs(exact * 10**asset.scale - amount.amount) < 1


@given(st.data(), cuts(1), POLICIES, ASSETS)
def test_a_plan_that_ends_gives_back_what_one_that_begins_there_would_pay(
    data: st.DataObject,
    cut: tuple[BillingPeriod, list[datetime]],
    policy: Policy,
    asset: Asset,
) -> None:
    whole, instants = cut
    plan = data.draw(plans(whole.interval, asset))
    half_open = Policy(by=policy.by, rounding=policy.rounding)
    for instant in instants:
        begun = begin_plan(plan, whole, instant, half_open)
        ended = end_plan(plan, whole, instant, half_open)

        assert begun.reversed() == ended


@given(CYCLES, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=800)), SETTINGS)
def test_what_falls_due_of_a_plan_covers_it_without_a_gap(
    cycle: Cycle, start: datetime, lasts: timedelta, settings: Settings
) -> None:
    plan = Period(start, start + lasts)

    # A day at a time, eight hundred of them would say no more than some.
    due = [*due_in_advance(cycle, plan, plan.end_at, settings)][:40]

    assert all(one.covers.end_at == other.covers.start_at for one, other in pairwise(due))
    assert all(one.part == 1 for one in due[1:-1])
    if lasts:
        assert due[0].covers.start_at == plan.start_at
        assert len(due) == 40 or due[-1].covers.end_at == plan.end_at
