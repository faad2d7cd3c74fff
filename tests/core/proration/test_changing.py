"""A change gives back what is left of the old plan, and charges as much of the new one."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from core import pricing
from core.kernel.money import Asset
from core.kernel.rounding import Rounding
from core.pricing import ON_SUM, RoundingPolicy, RoundOn
from core.proration import (
    MONTHLY,
    QUARTERLY,
    WEEKLY,
    YEARLY,
    AmountOff,
    Behaviour,
    By,
    ChangeOutsidePeriod,
    CurrencyDiffers,
    Direction,
    FigureBelowZero,
    Interval,
    Item,
    ItemRepeated,
    Owner,
    PercentOff,
    PercentTooHigh,
    Policy,
    Tax,
    Terms,
    Unit,
    begin_plan,
    change_plan,
    direction_of,
    end_plan,
    monthly,
    priced,
)
from tests.core.proration.shop import USD, amounts, at, period, terms

JUNE = period("2025-06-01")
MID_JUNE = at("2025-06-16")
BASIC, PRO = terms(fee="20"), terms(fee="50")
SUM_UP = Policy(rounding=RoundingPolicy(RoundOn.SUM, Rounding.HALF_UP))


def test_an_upgrade_charges_more_and_a_downgrade_gives_back_more() -> None:
    up = change_plan(BASIC, PRO, period=JUNE, at=MID_JUNE)
    down = change_plan(PRO, BASIC, period=JUNE, at=MID_JUNE)

    assert (up.direction, amounts(up.prorated)) == (Direction.UPGRADE, ["-10.00 fee", "25.00 fee"])
    assert (down.direction, amounts(down.prorated)) == (
        Direction.DOWNGRADE,
        ["-25.00 fee", "10.00 fee"],
    )
    assert [up.prorated.total.decimal, down.prorated.total.decimal] == ["15.00", "-15.00"]
    assert up.begins is down.begins is None


def test_a_change_on_the_first_day_bills_the_difference_and_on_the_last_instant_nothing() -> None:
    first = change_plan(BASIC, PRO, period=JUNE, at=JUNE.start_at).prorated
    last = change_plan(BASIC, PRO, period=JUNE, at=JUNE.end_at).prorated

    assert amounts(first) == ["-20.00 fee", "50.00 fee"]
    assert (last.lines, last.total.decimal) == ((), "0.00")


def test_what_stays_as_it_was_is_no_line() -> None:
    old, new = terms(fee="20", seats="50", logs="5"), terms(fee="20", seats="80", mail="9")

    changed = change_plan(old, new, period=JUNE, at=MID_JUNE).prorated

    assert amounts(changed) == ["-25.00 seats", "40.00 seats", "-2.50 logs", "4.50 mail"]


def test_the_same_price_under_another_tax_or_discount_is_a_change() -> None:
    taxed = change_plan(terms(fee="20"), terms(fee="20", tax=["19"]), period=JUNE, at=MID_JUNE)
    off = terms(fee="20", off=[PercentOff(Decimal(10))])
    discounted = change_plan(terms(fee="20"), off, period=JUNE, at=MID_JUNE)

    assert amounts(taxed.prorated) == ["-10.00 fee", "10.00 fee"]
    assert taxed.prorated.total.decimal == "1.90"
    assert amounts(discounted.prorated) == ["-10.00 fee", "9.00 fee"]


def test_a_line_explains_itself() -> None:
    off = [PercentOff(Decimal(10))]
    old, new = terms(fee="19.95", off=off), terms(seats="100", off=[AmountOff(Decimal("33.33"))])

    lines = change_plan(old, new, period=JUNE, at=MID_JUNE).prorated.lines

    assert [line.explained for line in lines] == [
        "credit of fee: (19.95 - 1.995) x 1/2 = 8.98 USD",
        "charge of seats: (100 - 33.33) x 1/2 = 33.34 USD",
    ]


def test_a_discount_that_has_no_end_of_decimals_is_told_as_a_fraction() -> None:
    thirds = terms(a="10", b="20", off=[AmountOff(Decimal(10))])

    [first, second] = begin_plan(thirds, JUNE, JUNE.start_at).lines

    assert first.explained == "charge of a: (10 - 10/3) x 1 = 6.67 USD"
    assert second.explained == "charge of b: (20 - 20/3) x 1 = 13.33 USD"


def test_discounts_come_off_in_order_and_only_where_they_apply() -> None:
    off: list[PercentOff | AmountOff] = [
        PercentOff(Decimal(50), only=frozenset({"seats"})),
        AmountOff(Decimal(10)),
        PercentOff(Decimal(10)),
    ]

    charged = begin_plan(terms(fee="10", seats="80", off=off), JUNE, JUNE.start_at)

    # Fifty after the half; the ten are shared one to four; then a tenth.
    assert amounts(charged) == ["7.20 fee", "28.80 seats"]


def test_a_discount_takes_off_no_more_than_there_is() -> None:
    free = begin_plan(terms(fee="10", off=[AmountOff(Decimal(30))]), JUNE, JUNE.start_at)
    nothing = begin_plan(terms(fee="0", off=[AmountOff(Decimal(30))]), JUNE, JUNE.start_at)

    assert free.lines == nothing.lines == ()


def test_taxes_are_carried_through_each_on_the_exact_amount() -> None:
    old, new = terms(fee="29.99", tax=["19", "2.5"]), terms(fee="49.99", tax=["19", "2.5"])

    changed = change_plan(old, new, period=JUNE, at=at("2025-06-21")).prorated

    [credit, charge] = changed.lines
    assert [credit.amount.decimal, charge.amount.decimal] == ["-10.00", "16.66"]
    assert [(tax.name, tax.amount.decimal) for tax in (*credit.taxes, *charge.taxes)] == [
        ("tax 0", "-1.90"), ("tax 1", "-0.25"), ("tax 0", "3.17"), ("tax 1", "0.42"),
    ]  # fmt: skip
    assert [credit.gross.decimal, charge.gross.decimal] == ["-12.15", "20.25"]
    assert (changed.net.decimal, changed.tax.decimal, changed.total.decimal) == (
        "6.66", "1.44", "8.10",
    )  # fmt: skip


@pytest.mark.parametrize("policy", [Policy(), SUM_UP])
def test_where_taxes_are_included_what_is_paid_is_what_the_price_says(policy: Policy) -> None:
    gross = terms(fee="119", seats="35.70", tax=["19"], included=True)

    whole = begin_plan(gross, JUNE, JUNE.start_at, policy)
    half = begin_plan(gross, JUNE, MID_JUNE, policy)

    assert (whole.net.decimal, whole.tax.decimal, whole.total.decimal) == (
        "130.00", "24.70", "154.70",
    )  # fmt: skip
    assert (half.net.decimal, half.tax.decimal, half.total.decimal) == ("65.00", "12.35", "77.35")


def test_several_taxes_are_rounded_each_by_itself() -> None:
    both = begin_plan(terms(fee="0.99", tax=["5", "5"]), JUNE, MID_JUNE)

    # 0.495 and twice 0.02475.
    assert (both.net.decimal, both.tax.decimal) == ("0.50", "0.04")


def test_rounding_per_line_and_on_the_sum_are_a_cent_apart() -> None:
    old, new = terms(fee="50"), terms(fee="100")
    when = at("2025-06-11")

    per_line = change_plan(old, new, period=JUNE, at=when).prorated
    on_sum = change_plan(old, new, period=JUNE, at=when, policy=Policy(rounding=ON_SUM)).prorated

    assert (amounts(per_line), per_line.net.decimal) == (["-33.33 fee", "66.67 fee"], "33.34")
    assert (amounts(on_sum), on_sum.net.decimal) == (["-33.33 fee", "66.66 fee"], "33.33")


def test_a_tax_rounded_on_the_sum_is_shared_by_its_lines() -> None:
    three = terms(a="0.33", b="0.33", c="0.33", tax=["5"])

    each = begin_plan(three, JUNE, JUNE.start_at)
    on_sum = begin_plan(three, JUNE, JUNE.start_at, Policy(rounding=ON_SUM))

    assert (each.tax.decimal, on_sum.tax.decimal) == ("0.06", "0.05")
    assert [line.tax.decimal for line in on_sum.lines] == ["0.02", "0.02", "0.01"]


def test_another_interval_begins_a_cycle_and_is_charged_whole() -> None:
    changed = change_plan(terms(fee="30"), terms(YEARLY, fee="300"), period=JUNE, at=MID_JUNE)

    assert amounts(changed.prorated) == ["-15.00 fee", "300.00 fee"]
    assert changed.begins is not None
    assert changed.begins.period(0) == period("2025-06-16", YEARLY)


def test_an_item_of_another_interval_is_charged_its_part_when_a_cycle_begins() -> None:
    yearly = Item(key="support", amount=Decimal(365), interval=YEARLY)
    monthly_plan = Terms(asset=USD, interval=MONTHLY, items=(yearly,))
    year = period("2025-01-01", YEARLY)

    changed = change_plan(terms(YEARLY, fee="0"), monthly_plan, period=year, at=at("2025-06-01"))

    assert amounts(changed.prorated) == ["30.00 support"]


def test_reset_charges_the_whole_price_from_a_new_anchor_and_gives_nothing_back() -> None:
    last_day = at("2025-06-30 23:00")
    reset = Policy(behaviour=Behaviour.RESET)

    prorated = change_plan(BASIC, PRO, period=JUNE, at=last_day)
    changed = change_plan(BASIC, PRO, period=JUNE, at=last_day, policy=reset)

    # Prorated, a month's allowance could be had for four cents.
    assert prorated.prorated.total.decimal == "0.04"
    assert amounts(changed.prorated) == ["50.00 fee"]
    assert changed.begins is not None
    assert changed.begins.period(0).start_at == last_day
    assert changed.begins.period(0).end_at == at("2025-07-30 23:00")


@pytest.mark.parametrize(
    ("new", "begins_at"), [(PRO, None), (terms(QUARTERLY, fee="120"), JUNE.end_at)]
)
def test_without_proration_the_new_plan_is_charged_from_the_next_period_on(
    new: Terms, begins_at: object
) -> None:
    none = Policy(behaviour=Behaviour.NONE)

    changed = change_plan(BASIC, new, period=JUNE, at=MID_JUNE, policy=none)

    assert changed.prorated.lines == ()
    assert (changed.begins and changed.begins.anchor_at) == begins_at


def test_a_trial_in_between_gives_back_now_and_charges_when_it_ends() -> None:
    ends_at = at("2025-06-30")

    changed = change_plan(BASIC, PRO, period=JUNE, at=MID_JUNE, trial_ends_at=ends_at)

    assert amounts(changed.prorated) == ["-10.00 fee"]
    assert changed.begins is not None
    first = changed.begins.period(0)
    assert (first.start_at, first.end_at) == (ends_at, at("2025-07-30"))
    assert amounts(begin_plan(PRO, first, ends_at)) == ["50.00 fee"]


def test_a_trial_that_is_over_is_none() -> None:
    assert change_plan(BASIC, PRO, period=JUNE, at=MID_JUNE, trial_ends_at=MID_JUNE) == change_plan(
        BASIC, PRO, period=JUNE, at=MID_JUNE
    )


def test_a_change_within_a_trial_gives_nothing_back_because_nothing_was_paid() -> None:
    trial = BASIC.unpaid()
    ends_at = at("2025-06-20")

    goes_on = change_plan(trial, PRO, period=JUNE, at=MID_JUNE, trial_ends_at=ends_at)
    is_over = change_plan(trial, PRO, period=JUNE, at=MID_JUNE)

    assert goes_on.prorated.lines == ()
    assert amounts(is_over.prorated) == ["25.00 fee"]


def test_several_changes_in_a_period_each_give_back_what_the_one_before_charged() -> None:
    days = Policy(by=By.DAY)
    first = change_plan(BASIC, PRO, period=JUNE, at=at("2025-06-11"), policy=days).prorated
    second = change_plan(PRO, terms(fee="80"), period=JUNE, at=at("2025-06-21"), policy=days)
    third = end_plan(terms(fee="80"), JUNE, at("2025-06-26"), days)

    paid = [each.total.amount for each in (first, second.prorated, third)]

    # Ten days of each of 20 and 50, and five of 80.
    assert 2000 + sum(paid) == pytest.approx(667 + 1667 + 1333, abs=1)
    assert [each.exact for each in (*first.lines, *second.prorated.lines, *third.lines)] == [
        Fraction(-40, 3), Fraction(100, 3), Fraction(-50, 3), Fraction(80, 3), Fraction(-40, 3),
    ]  # fmt: skip


def test_by_setting_the_day_on_which_a_plan_ends_is_its_own_as_the_first_always_is() -> None:
    inclusive = Policy(by=By.DAY, change_is_of=Owner.OLD)

    ended = end_plan(terms(fee="30"), JUNE, at("2025-06-30 08:00"), inclusive)
    begun = begin_plan(terms(fee="30"), JUNE, at("2025-06-30 08:00"), inclusive)

    assert ended.lines == ()
    assert amounts(begun) == ["1.00 fee"]


def test_a_seat_less_is_given_back_at_the_price_of_its_tier() -> None:
    graduated = pricing.read_price(
        {"model": "graduated", "tiers": [{"up_to": "5", "unit": "10"}, {"unit": "8"}]}
    )
    eight, six = (
        Terms(
            asset=USD,
            interval=MONTHLY,
            items=(priced("seats", pricing.rate(graduated, Decimal(n), USD)),),
        )
        for n in (8, 6)
    )

    assert change_plan(eight, six, period=JUNE, at=MID_JUNE).prorated.total.decimal == "-8.00"


@pytest.mark.parametrize(
    ("plan", "a_month"),
    [
        (terms(fee="20", seats="10"), "30"),
        (terms(QUARTERLY, fee="30"), "10"),
        (terms(YEARLY, fee="300"), "25"),
        (terms(WEEKLY, fee="7"), "365/12"),
        (terms(Interval(Unit.DAY, 10), fee="10"), "365/12"),
    ],
)
def test_a_month_of_any_plan_can_be_told(plan: Terms, a_month: str) -> None:
    assert monthly(plan) == Fraction(a_month)


def test_plans_that_cost_the_same_are_neither_up_nor_down() -> None:
    assert direction_of(terms(fee="10"), terms(YEARLY, fee="120")) is Direction.LATERAL


def test_another_currency_is_refused() -> None:
    euro = Terms(asset=Asset("EUR", 2), interval=MONTHLY, items=PRO.items)

    with pytest.raises(CurrencyDiffers, match="in EUR/2, and the old ones in USD/2"):
        change_plan(BASIC, euro, period=JUNE, at=MID_JUNE)


@pytest.mark.parametrize("behaviour", Behaviour)
def test_a_change_outside_of_the_period_is_refused_whatever_it_does(behaviour: Behaviour) -> None:
    with pytest.raises(ChangeOutsidePeriod):
        change_plan(
            BASIC, PRO, period=JUNE, at=at("2025-07-02"), policy=Policy(behaviour=behaviour)
        )


NO = Terms(asset=USD, interval=MONTHLY, items=())
A, LESS, ODD = (Item(key="a", amount=Decimal(each)) for each in ("1", "-1", "NaN"))


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        (lambda: replace(NO, items=(A, replace(LESS, key="b"))), FigureBelowZero, "items.1.amount"),
        (lambda: replace(NO, items=(ODD,)), FigureBelowZero, "items.0.amount"),
        (lambda: replace(NO, items=(A, A)), ItemRepeated, "items.1.key"),
        (lambda: _off(AmountOff(Decimal(-1))), FigureBelowZero, "discounts.0.amount"),
        (lambda: _off(PercentOff(Decimal(101))), PercentTooHigh, "discounts.0.percent"),
        (lambda: _off(PercentOff(Decimal(-1))), FigureBelowZero, "discounts.0.percent"),
        (lambda: replace(NO, taxes=(Tax("a", Decimal(-1)),)), FigureBelowZero, "taxes.0.percent"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_their_field(
    wrong: Callable[[], Terms], error: type[Exception], field: str
) -> None:
    with pytest.raises(error, match=f"^{field} "):
        wrong()


def _off(off: PercentOff | AmountOff) -> Terms:
    return replace(NO, discounts=(off,))


def test_what_no_ledger_can_count_is_refused() -> None:
    huge = terms(fee=str(10**17))

    with pytest.raises(pricing.AmountTooLarge, match="more than USD/2 can count"):
        begin_plan(huge, JUNE, JUNE.start_at)
