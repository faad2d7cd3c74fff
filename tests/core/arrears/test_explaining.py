"""What a line says is enough to compute it again; and what runs, is over, or passes. Pure."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.arrears import Holding, Thresholds, Turn, Usage
from core.arrears.explaining import (
    NotAsExplained,
    is_whole,
    read_usage,
    recompute,
    write_rated,
    write_rules,
    write_usage,
)
from core.arrears.model import read, turned, write
from core.kernel.money import Asset, Money
from core.pricing import Group, rate, read_price, write_price
from core.pricing import Usage as Used
from core.pricing_facts import Of
from core.pricing_rules import Context, Rule, Subject, adjust
from core.pricing_rules.reading import restore_terms

USD = Asset.parse("USD/2")
START = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = Holding(version_id="ver_1", plan_key="small", plan_version=1, book_key="usd")
LARGE = Holding(version_id="ver_2", plan_key="large", plan_version=1, book_key="usd")

TIERS = [{"up_to": "100", "unit": "0.105"}, {"unit": "0.07", "flat": "3"}]
PRICES: list[tuple[dict[str, Any], Used]] = [
    ({"model": "per_unit", "unit": "0.0033"}, Used(Decimal("12345.678901"), 7)),
    ({"model": "graduated", "tiers": TIERS, "minimum_spend": "20.05"}, Used(Decimal(150), 3)),
    ({"model": "volume", "tiers": TIERS, "maximum_spend": "9.99"}, Used(Decimal(99), 3)),
    ({"model": "package", "amount": "1.5", "size": "10"}, Used(Decimal(101), 101)),
    (
        {"model": "per_unit", "unit": "2", "free_units": "5", "commitment": {"quantity": "40"}},
        Used(Decimal(7), 7),
    ),
    (
        {"model": "percentage", "percent": "2.9", "fixed": "0.30", "minimum": "1"},
        Used.of_transactions([Decimal("19.99"), Decimal(300), Decimal("0.01")]),
    ),
    (
        {
            "model": "matrix",
            "properties": ["region"],
            "cells": [{"when": {"region": "eu"}, "price": {"model": "per_unit", "unit": "2"}}],
            "otherwise": {"model": "per_unit", "unit": "3"},
        },
        Used.of_groups([Group({"region": "eu"}, Used(Decimal(2))), Group({}, Used(Decimal(5)))]),
    ),
    (
        {"model": "per_unit", "unit": "1", "minimum_spend": "10", "per": "window"},
        Used.of_windows([Used(Decimal(3)), Used(Decimal(30))]),
    ),
]


def explained(price: dict[str, Any], used: Used, **more: Any) -> dict[str, Any]:
    rated = rate(read_price(price), used, USD)
    told = {
        "price": write_price(read_price(price)),
        "usage": write_usage(used),
        "parts": write_rated(rated),
        "is_closed": used.is_closed,
        "rules": None,
        "amount": rated.total.decimal,
        "before": "0.00",
        "left": "0.00",
    }
    return told | more


@pytest.mark.parametrize(("price", "used"), PRICES)
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_line_is_computed_again_from_its_explanation(
    price: dict[str, Any], used: Used, *, is_closed: bool
) -> None:
    used = used._replace(is_closed=is_closed)
    told = explained(price, used)

    assert read_usage(told["usage"], is_closed=is_closed) == used
    total = rate(read_price(price), used, USD).total.amount
    assert recompute(told, USD, ()) == total
    assert recompute(told | {"before": "0.07", "left": "0.02"}, USD, ()) == total - 5
    with pytest.raises(NotAsExplained):
        recompute(told | {"amount": "123.45"}, USD, ())


def test_many_events_are_not_kept_and_what_each_part_came_to_is_enough() -> None:
    price = {"model": "percentage", "percent": "1", "fixed": "0.10", "minimum": "0.20"}
    used = Used.of_transactions([Decimal(n) for n in range(2_500)])
    told = explained(price, used)

    assert told["usage"]["amounts"] is None
    assert not is_whole(told["usage"])
    assert recompute(told, USD, ()) == rate(read_price(price), used, USD).total.amount
    parts = [told["parts"][0] | {"unit": "0.02"}, *told["parts"][1:]]
    with pytest.raises(NotAsExplained):
        recompute(told | {"parts": parts}, USD, ())


def test_rules_are_computed_again_from_what_they_went_by() -> None:
    used = Used(Decimal(100))
    rated = rate(read_price({"model": "per_unit", "unit": "0.333"}), used, USD)
    terms = restore_terms(
        {
            "when": {"kind": "segment", "any_of": ["edu"]},
            "adjust": {"kind": "percent", "percent": "-25"},
        }
    )
    rule = Rule(key="edu", name="Schools", version=2, terms=terms, effective_at=START)
    subject = Subject(plan_key="pro", item_key="calls")
    context = Context(
        at=START,
        quantity=Decimal(100),
        period_quantity=Decimal(100),
        segments=frozenset({"edu"}),
        properties={Of.PROJECT: {"size": Decimal("1.5"), "vip": True}},
    )
    adjusted = adjust([rule], subject, context, rated)
    told = explained({"model": "per_unit", "unit": "0.333"}, used)
    told |= {"rules": write_rules(adjusted, subject, context), "amount": adjusted.amount.decimal}

    assert adjusted.amount == Money.of("24.98", USD)
    assert told["rules"]["applied"] == ["edu@2"]
    assert recompute(told, USD, [rule]) == 2498
    with pytest.raises(NotAsExplained):
        recompute(told, USD, [])


# -- What runs and what is over --------------------------------------------------------------------


def turn(day: int, holds: Holding | None, *, is_over: bool = False) -> Turn:
    return Turn(
        subscription_id="sub_1",
        product_key="app",
        asset=USD,
        time_zone="UTC",
        at=START + timedelta(days=day),
        holds=holds,
        is_over=is_over,
    )


def told(usage: Usage | None) -> list[tuple[str, int, int | None]]:
    """Say of each part what was held, and from which day to which."""
    parts = usage.parts if usage else ()
    return [(each.held.plan_key, days(each.start_at), days(each.end_at)) for each in parts]


def days(at: datetime | None) -> Any:
    return None if at is None else (at - START).days


def test_parts_follow_what_is_held_until_the_period_is_over() -> None:
    running, over = turned(None, turn(0, SMALL))
    assert (told(running), over) == ([("small", 0, None)], None)
    again, over = turned(running, turn(3, SMALL))
    assert (again, over) == (running, None)
    running, _ = turned(running, turn(5, None))
    running, _ = turned(running, turn(7, SMALL))
    running, _ = turned(running, turn(9, LARGE))
    assert told(running) == [("small", 0, 5), ("small", 7, 9), ("large", 9, None)]
    assert running
    assert read("sub_1", "USD/2", write(running)) == running
    running, over = turned(running, turn(31, LARGE, is_over=True))
    assert told(over) == [("small", 0, 5), ("small", 7, 9), ("large", 9, 31)]
    assert told(running) == [("large", 31, None)]
    assert turned(running, turn(31, None, is_over=True)) == (None, None)


@pytest.mark.parametrize(
    ("amounts", "every", "used", "billed", "passes"),
    [
        ((100, 300), None, 99, 0, False),
        ((100, 300), None, 100, 0, True),
        ((100, 300), None, 299, 100, False),
        ((100, 300), None, 300, 100, True),
        ((100, 300), None, 900, 300, False),
        ((), 50, 49, 0, False),
        ((), 50, 130, 80, True),
        ((100,), 50, 40, 60, False),
    ],
)
def test_a_threshold_is_passed_once_and_one_that_comes_again_for_what_is_not_billed(
    amounts: tuple[int, ...], every: int | None, used: int, billed: int, *, passes: bool
) -> None:
    assert Thresholds(asset=USD, amounts=amounts, every=every).passes(used, billed) is passes
