"""Discounts come to what others have published that they come to; nobody here wrote the figures."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from core.coupons import BillLine, Discount, apply
from core.coupons.model import Coupon, Duration, Kind
from core.kernel.money import Asset, Money
from tests.core.coupons.bills import bill, discount
from tests.world import START

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    Path(__file__).with_name("cases").joinpath("published.json").read_text("utf-8")
)
CENTS = Asset("USD", 0)


def cents(**lines: int) -> list[BillLine]:
    return [BillLine(id=name, amount=Money(each, CENTS)) for name, each in lines.items()]


def check_chaining(given: Case, expected: Case) -> None:
    assert given["order"] == "sequential"
    discounts = [discount(f"{n}", percent) for n, percent in enumerate(given["coupons_pct"])]
    lines = bill(all=given["subtotal"])
    after = [apply(lines, discounts[: n + 1]).total for n in range(len(discounts))]
    assert [Money(each, lines[0].amount.asset) for each in after] == [
        Money.of(each, lines[0].amount.asset) for each in expected["after"]
    ]
    whole = apply(lines, discounts)
    assert Fraction(whole.off * 100, whole.subtotal) == Fraction(expected["effective_pct"])


def check_floor(given: Case, expected: Case) -> None:
    lines = bill(all=given["subtotal"])
    discounts = [
        discount(f"{n}", Money.of(each, lines[0].amount.asset))
        for n, each in enumerate(given["coupons_fixed"])
    ]
    discounted = apply(lines, discounts)
    taxable = Money(discounted.total, lines[0].amount.asset)
    assert taxable.decimal == expected["taxable"] == expected["tax"]
    # What the second could not take off is gone with its one period: no period is left of it.
    once = Coupon(
        id="",
        key="",
        name="",
        description=None,
        kind=Kind.AMOUNT,
        duration=Duration.ONCE,
        created_at=START,
        updated_at=START,
    )
    left = (once.periods_at_first or 0) - 1
    assert left == int(expected["carried_forward"])


def prorated(lines: Mapping[str, int], fraction: str) -> dict[str, int]:
    """Prorate what is left of each line; these figures come out whole."""
    shares = {name: amount * Fraction(fraction) for name, amount in lines.items()}
    assert all(each.denominator == 1 for each in shares.values())
    return {name: int(each) for name, each in shares.items()}


def left(amount: int, told: Case | None) -> Mapping[str, int]:
    discounts = [discount("d", told["pct"])] if told else []
    return apply(cents(plan=amount), discounts).left()


def check_plan_change(given: Case, expected: Case) -> None:
    due = {
        side: prorated(
            left(given[side]["amount_cents"], given[side]["discount"]), given["fraction_remaining"]
        )["plan"]
        for side in ("old", "new")
    }
    assert due == {"old": expected["credit_cents"], "new": expected["debit_cents"]}


def check_plan_change_split(given: Case, expected: Case) -> None:
    fixed = Discount(id="d", coupon_key="c", off=Money(given["discount_fixed_cents"], CENTS))
    due = {
        side: prorated(apply(cents(**given[side]), [fixed]).left(), given["fraction_remaining"])
        for side in ("old", "new")
    }
    assert due == {"old": expected["credit"], "new": expected["debit"]}


CHECKS: dict[str, Callable[[Case, Case], None]] = {
    "coupon_chaining": check_chaining,
    "coupon_zero_floor": check_floor,
    "plan_change_proration_discount_cents": check_plan_change,
    "plan_change_proration_discount_split_cents": check_plan_change_split,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_discount_comes_to_the_published_figure(case: Case) -> None:
    CHECKS[case["kind"]](case["input"], case["expected"])


def test_every_published_case_has_a_source_and_an_id_of_its_own() -> None:
    assert all(case["source"] for case in CASES)
    assert len({case["id"] for case in CASES}) == len(CASES) == 5


def test_percentages_are_read_as_decimals() -> None:
    assert discount("d", "12.5").off == Decimal("12.5")
