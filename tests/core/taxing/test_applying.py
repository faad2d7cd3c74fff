"""Taxes on lines come to the cent, wherever they are rounded."""

from decimal import Decimal
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from core.kernel.money import Asset, Money
from core.kernel.rounding import Rounding
from core.taxing import (
    PER_LINE,
    Behaviour,
    Policy,
    Rate,
    Taxable,
    TaxedLine,
    TaxOn,
    apply,
    summed,
)

USD = Asset("USD", 2)
VAT = Rate("VAT", Decimal(20))
STATE, CITY = Rate("State", Decimal(6)), Rate("City", Decimal(2))
ON_SUM = Policy(on=TaxOn.SUM)
INCLUSIVE = Policy(Behaviour.INCLUSIVE)


def line(name: str, amount: str, *rates: Rate) -> Taxable:
    return Taxable(id=name, amount=Money.of(amount, USD), rates=rates)


def told(lines: tuple[TaxedLine, ...]) -> list[tuple[str, str, str]]:
    return [(each.net.decimal, each.tax.decimal, each.total.decimal) for each in lines]


def test_taxes_do_not_stand_on_one_another() -> None:
    assert told(apply([line("a", "100", STATE, CITY)], PER_LINE)) == [("100.00", "8.00", "108.00")]


def test_a_tax_is_rounded_for_each_line_or_once_on_the_sum() -> None:
    lines = [line(name, "0.33", Rate("VAT", Decimal("7.7"))) for name in "abcd"]

    # 2.541 cents each: four times 3, or 10.164 once.
    assert told(apply(lines, PER_LINE)) == [("0.33", "0.03", "0.36")] * 4
    assert [each.tax.amount for each in apply(lines, ON_SUM)] == [3, 3, 2, 2]


def test_prices_that_contain_their_taxes_stay_what_they_are() -> None:
    lines = [line("a", "9.99", VAT), line("b", "100", STATE, CITY), line("c", "5")]

    assert told(apply(lines, INCLUSIVE)) == [
        ("8.32", "1.67", "9.99"),
        ("92.59", "7.41", "100.00"),
        ("5.00", "0.00", "5.00"),
    ]


def test_what_is_given_back_is_taxed_as_what_was_charged() -> None:
    for policy in (PER_LINE, ON_SUM, INCLUSIVE, Policy(rule=Rounding.UP)):
        lines = [line("a", "10.03", VAT), line("b", "-10.03", VAT)]
        charged, back = apply(lines, policy)
        assert (charged.net, charged.tax) == (-back.net, -back.tax)


def test_the_sums_are_told_by_tax() -> None:
    lines = apply([line("a", "100", STATE, CITY), line("b", "50", CITY)], PER_LINE)

    assert [(str(each.rate), each.amount.decimal) for each in summed(lines, USD)] == [
        ("City 2 %", "3.00"),
        ("State 6 %", "6.00"),
    ]


AMOUNTS = st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=4)
RATES = st.lists(
    st.sampled_from([VAT, STATE, CITY, Rate("Odd", Decimal("13.37"))]), max_size=3, unique=True
)
POLICIES = st.builds(
    Policy, st.sampled_from(Behaviour), st.sampled_from(TaxOn), st.sampled_from(Rounding)
)


@given(AMOUNTS, RATES, POLICIES)
def test_nothing_is_made_or_lost_in_whatever_order(
    amounts: list[int], rates: list[Rate], policy: Policy
) -> None:
    lines = [
        Taxable(id=str(n), amount=Money(amount, USD), rates=tuple(rates[: 1 + n % 3]))
        for n, amount in enumerate(amounts)
    ]
    taxed = apply(lines, policy)

    for before, after in zip(lines, taxed, strict=True):
        kept = after.total if policy.behaviour is Behaviour.INCLUSIVE else after.net
        assert kept == before.amount
    assert sum(each.amount.amount for each in summed(taxed, USD)) == sum(
        each.tax.amount for each in taxed
    )
    for order in permutations(range(len(lines))):
        again = apply([lines[n] for n in order], policy)
        assert [taxed[n] for n in order] == list(again)


@given(AMOUNTS, st.sampled_from([VAT, STATE]))
def test_on_the_sum_a_tax_is_off_by_no_more_than_half_a_unit_each_way(
    amounts: list[int], rate: Rate
) -> None:
    lines = [
        Taxable(id=str(n), amount=Money(each, USD), rates=(rate,)) for n, each in enumerate(amounts)
    ]
    taxed = sum(each.tax.amount for each in apply(lines, ON_SUM))

    # What is charged and what is given back are rounded each by itself.
    assert abs(taxed - sum(amounts) * rate.part) <= 1
