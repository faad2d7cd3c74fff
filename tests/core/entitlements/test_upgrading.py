"""The cheapest plan is the one whose fees of a year are the lowest, in the project's currency."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from core import catalog, pricing
from core.catalog import Interval, IntervalUnit, Item, ItemKind
from core.entitlements.upgrading import cheapest
from core.kernel.ids import compose
from core.kernel.money import Asset
from tests.world import START

MONTHLY, YEARLY = Interval(IntervalUnit.MONTH), Interval(IntervalUnit.YEAR)
QUARTERLY, WEEKLY = Interval(IntervalUnit.MONTH, 3), Interval(IntervalUnit.WEEK)


def book(key: str, asset: str, **more: Any) -> catalog.PriceBook:
    told: dict[str, Any] = {"starts_at": None, "ends_at": None, "is_default": True} | more
    return catalog.PriceBook(
        id=compose("pbk", 1),
        key=key,
        name=key,
        asset=Asset.parse(asset),
        priority=0,
        revision=1,
        created_at=START,
        updated_at=START,
        **told,
    )


def version(
    key: str, prices: Mapping[str, Any], interval: Interval = MONTHLY
) -> catalog.PlanVersion:
    """Sell a plan at these fees, by price book; a number is a flat one."""
    number = sum(map(ord, key))
    forms = {
        name: each if isinstance(each, dict) else {"model": "flat", "amount": each}
        for name, each in prices.items()
    }
    fee = Item(
        key="fee",
        name="Fee",
        kind=ItemKind.RECURRING,
        meter_key=None,
        prices={name: pricing.read_price(form) for name, form in forms.items()},
    )
    plan = catalog.Plan(
        id=compose("pln", number),
        key=key,
        product_key="app",
        name=key,
        description=None,
        created_at=START,
        updated_at=START,
    )
    return catalog.PlanVersion(
        id=compose("plv", number),
        number=1,
        plan=plan,
        revision=0,
        created_at=START,
        published_at=START,
        effective_at=START,
        superseded_at=None,
        interval=interval,
        trial_days=0,
        items=(fee,),
        entitlements=(),
        included=None,
        notes=None,
    )


USD, EUR = book("usd", "USD/2"), book("eur", "EUR/2")


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        ({"a": ("10", MONTHLY), "b": ("119.99", YEARLY)}, "b"),
        ({"a": ("10", MONTHLY), "b": ("120.01", YEARLY)}, "a"),
        ({"a": ("10", MONTHLY), "b": ("29.99", QUARTERLY)}, "b"),
        ({"a": ("10", MONTHLY), "b": ("2.31", WEEKLY)}, "a"),
        ({"b": ("10", MONTHLY), "a": ("120", YEARLY)}, "a"),
    ],
)
def test_plans_of_different_intervals_are_compared_by_the_year(
    fees: dict[str, tuple[str, Interval]], expected: str
) -> None:
    sold = [version(key, {"usd": fee}, interval) for key, (fee, interval) in fees.items()]

    assert cheapest(sold, [USD], None, START).plan_key == expected


def test_the_projects_currency_decides_and_without_one_the_one_in_which_most_is_sold() -> None:
    sold = [
        version("a", {"usd": "1", "eur": "9"}),
        version("b", {"usd": "2", "eur": "8"}),
        version("c", {"eur": "7"}),
    ]

    def chosen(currency: str | None) -> str:
        return cheapest(sold, [USD, EUR], currency, START).plan_key

    assert [chosen("USD"), chosen("EUR"), chosen(None), chosen("JPY")] == ["a", "c", "c", "c"]


def test_what_has_no_price_for_one_seat_comes_last() -> None:
    few = {"model": "seats", "at_most": 2, "price": {"model": "per_unit", "unit": "5"}}
    closed = book("old", "USD/2", ends_at=START - timedelta(days=1), is_default=False)

    dear = version("dear", {"usd": "500"})
    over = version("over", {"old": "1"})
    seat = version("seat", {"usd": few})

    assert cheapest([dear, over], [USD, closed], None, START) is dear
    assert cheapest([dear, seat], [USD], None, START) is seat
    assert cheapest([over], [USD, closed], None, START) is over
    assert cheapest([over], [], None, START) is over
