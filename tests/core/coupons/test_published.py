"""Discounts come to what others have published that they come to; nobody here wrote the figures."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from core.coupons import apply
from core.coupons.model import Coupon, Duration, Kind
from core.kernel.money import Money
from tests.core.coupons.bills import bill, discount
from tests.world import START

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    Path(__file__).with_name("cases").joinpath("published.json").read_text("utf-8")
)


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


CHECKS: dict[str, Callable[[Case, Case], None]] = {
    "coupon_chaining": check_chaining,
    "coupon_zero_floor": check_floor,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_discount_comes_to_the_published_figure(case: Case) -> None:
    CHECKS[case["kind"]](case["input"], case["expected"])


def test_every_published_case_has_a_source_and_an_id_of_its_own() -> None:
    assert all(case["source"] for case in CASES)
    assert len({case["id"] for case in CASES}) == len(CASES) == 2
