"""What discounts take off a bill: in their order, down to nothing, and exact to the unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.coupons import BillLine, Discount, Discounted, DiscountInAnotherCurrency, apply
from core.kernel.money import Money
from tests.core.coupons.bills import EUR, USD, bill, discount, usd


def left(discounted: Discounted) -> dict[str, str]:
    return {name: Money(units, USD).decimal for name, units in discounted.left().items()}


def test_a_percentage_of_the_bill_is_rounded_once_and_split_over_its_lines() -> None:
    discounted = apply(bill(a="0.33", b="0.33", c="0.33"), [discount("d", "10")])

    assert discounted.off == 10, "0.099 is 0.10"
    assert left(discounted) == {"a": "0.29", "b": "0.30", "c": "0.30"}


def test_a_percentage_of_products_is_rounded_on_each_line_of_theirs() -> None:
    discounted = apply(
        bill(a="0.05", b="0.05", c="9.99"), [discount("d", "10", "a", "b", "nobody's")]
    )

    assert left(discounted) == {"a": "0.04", "b": "0.04", "c": "9.99"}


def test_an_amount_is_taken_off_once_and_split_in_proportion() -> None:
    discounted = apply(bill(seats="20.00", plan="10.00"), [discount("d", usd("10.00"))])

    assert left(discounted) == {"seats": "13.33", "plan": "6.67"}


def test_an_amount_is_split_before_what_is_left_is_prorated() -> None:
    # The figures of polar-disc-5: of half a period, half of these.
    off = discount("d", usd("90.00"))

    assert left(apply(bill(fixed="100.00", seat="200.00"), [off])) == {
        "fixed": "70.00",
        "seat": "140.00",
    }
    assert left(apply(bill(fixed="300.00", seat="200.00"), [off])) == {
        "fixed": "246.00",
        "seat": "164.00",
    }


def test_an_amount_off_products_is_taken_off_theirs_alone() -> None:
    discounted = apply(bill(seats="20.00", plan="10.00"), [discount("d", usd("15.00"), "plan")])

    assert left(discounted) == {"seats": "20.00", "plan": "0.00"}
    assert discounted.off_by("d") == 1000, "the rest of it is carried nowhere"


def test_discounts_of_products_come_before_those_of_the_bill_each_off_what_is_left() -> None:
    lines = bill(plan="100.00", seats="100.00")
    whole, plan = discount("whole", "10"), discount("plan", usd("50.00"), "plan")

    discounted = apply(lines, [whole, plan])

    assert left(discounted) == {"plan": "45.00", "seats": "90.00"}
    assert {name: discounted.off_by(name) for name in ("plan", "whole")} == {
        "plan": 5000,
        "whole": 1500,
    }


def test_what_gives_back_is_left_alone() -> None:
    credit = BillLine(id="credit", amount=-usd("30.00"))

    discounted = apply([*bill(plan="100.00"), credit], [discount("d", "50")])

    assert left(discounted) == {"plan": "50.00", "credit": "-30.00"}
    assert (discounted.subtotal, discounted.off, discounted.total) == (7000, 5000, 2000)


def test_a_minimum_is_held_against_the_lines_before_any_discount() -> None:
    big = discount("big", "10", minimum=usd("100.00"))
    plan = discount("plan", "10", "plan", minimum=usd("100.00"))
    first = discount("first", usd("50.00"), "seats")

    assert apply(bill(plan="60.00", seats="40.00"), [first, big]).off_by("big") == 600
    assert apply(bill(plan="60.00", seats="39.99"), [first, big]).off_by("big") == 0
    assert apply(bill(plan="60.00", seats="90.00"), [plan]).parts == ()


def test_a_bill_of_nothing_stays_one() -> None:
    assert apply([], [discount("d", "10")]).total == 0
    assert apply(bill(a="0.00"), [discount("d", "10"), discount("e", usd("1"))]).parts == ()


@pytest.mark.parametrize(
    "foreign",
    [
        discount("d", Money.of("1.00", EUR)),
        discount("d", Money.of("1.00", EUR), "nobody's"),
        discount("d", "10", minimum=Money.of("1.00", EUR)),
    ],
)
def test_another_currency_is_refused_and_never_taken_for_ours(foreign: Discount) -> None:
    with pytest.raises(DiscountInAnotherCurrency) as refused:
        apply(bill(a="10.00"), [foreign])

    assert refused.value.facts == {
        "coupon_key": "d",
        "coupon_currency": "EUR/2",
        "currency": "USD/2",
    }


# -- Laws -----------------------------------------------------------------------------------------

PRODUCTS = ("plan", "seats", "usage")
amounts = st.integers(min_value=-10_000, max_value=1_000_000_000)


def lines_of(drawn: list[tuple[int, str | None]]) -> list[BillLine]:
    return [
        BillLine(id=f"line{n}", amount=Money(amount, USD), product_key=product)
        for n, (amount, product) in enumerate(drawn)
    ]


products = st.sampled_from((*PRODUCTS, None))
some_lines = st.lists(st.tuples(amounts, products), max_size=8).map(lines_of)
tied_lines = st.lists(st.tuples(st.integers(1, 3), products), min_size=2, max_size=8).map(lines_of)
"""Many are equal: only those have an equal claim to the last unit."""
percents = st.decimals("0.000001", "100", places=6)
offs = percents | st.integers(1, 2_000_000_000).map(lambda units: Money(units, USD))
terms = st.tuples(
    offs,
    st.frozensets(st.sampled_from(PRODUCTS)),
    st.none() | st.integers(1, 10**9).map(lambda units: Money(units, USD)),
)
some_discounts = st.lists(terms, max_size=5).map(
    lambda drawn: [
        Discount(id=f"d{n}", coupon_key=f"d{n}", off=off, product_keys=keys, minimum=minimum)
        for n, (off, keys, minimum) in enumerate(drawn)
    ]
)


@given(some_lines, some_discounts)
def test_no_line_falls_below_zero_and_none_grows(
    lines: list[BillLine], discounts: list[Discount]
) -> None:
    left = apply(lines, discounts).left()

    assert left.keys() == {each.id for each in lines}
    for line in lines:
        assert min(0, line.amount.amount) <= left[line.id] <= line.amount.amount


@given(some_lines, some_discounts)
def test_parts_sum_to_the_discount_and_discounts_to_what_is_off(
    lines: list[BillLine], discounts: list[Discount]
) -> None:
    discounted = apply(lines, discounts)

    assert discounted.total == sum(discounted.left().values())
    assert discounted.off == sum(discounted.off_by(each.id) for each in discounts)
    assert discounted.off == sum(discounted.off_line(each.id) for each in lines)
    assert all(each.amount.amount > 0 for each in discounted.parts)


@given(some_lines, offs)
def test_one_discount_of_the_whole_bill_is_what_it_says_to_the_unit(
    lines: list[BillLine], off: Money | Decimal
) -> None:
    one = Discount(id="d", coupon_key="d", off=off)
    whole = sum(max(0, each.amount.amount) for each in lines)

    taken = apply(lines, [one]).off

    if isinstance(off, Money):
        assert taken == min(off.amount, whole)
    else:
        assert abs(taken - whole * Fraction(off) / 100) <= Fraction(1, 2)


@given(
    tied_lines.flatmap(lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))),
    st.integers(1, 12).map(lambda units: Money(units, USD)),
    some_discounts,
)
def test_the_order_of_lines_changes_nothing(
    orders: tuple[list[BillLine], list[BillLine]], off: Money, discounts: list[Discount]
) -> None:
    one, other = orders
    all_of_them = [Discount(id="first", coupon_key="first", off=off), *discounts]

    assert apply(one, all_of_them).left() == apply(other, all_of_them).left()
