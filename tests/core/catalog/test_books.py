"""Price books: which one a new sale is priced in, and what they refuse."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import catalog
from core.kernel.money import Asset
from tests.core.catalog.asking import CALLS, FEE, FLAT, Catalog, at
from tests.world import OPERATOR, START, World

pytestmark = pytest.mark.anyio

SOON = START + timedelta(days=10)
USD = Asset.parse("USD/2")


async def chosen(shop: Catalog, moment: datetime, currency: Asset = USD) -> str:
    """Say in which book a sale of the plan is priced then."""
    async with shop.world.database.read(OPERATOR) as work:
        version = await catalog.find_version(work, "pro")
        return (await catalog.choose_book(work, version, currency, moment)).key


async def open_book(shop: Catalog, key: str, **more: Any) -> dict[str, Any]:
    book = {"book_key": key, "name": key, "currency": "USD/2"}
    return await shop.must("create_price_book", **book | more)


async def test_the_open_book_of_the_highest_priority_is_used_and_then_the_default(
    world: World,
) -> None:
    shop = await Catalog.open(world)
    launch = {"starts_at": SOON.isoformat(), "ends_at": (SOON + timedelta(days=1)).isoformat()}
    await open_book(shop, "launch", **launch, priority=10)
    await open_book(shop, "a_first_one")
    await open_book(shop, "without_prices", priority=99)
    prices = dict.fromkeys(("usd", "launch", "a_first_one"), FLAT)
    await shop.sell(items=[FEE | {"prices": prices}, CALLS | {"prices": prices}])

    assert await chosen(shop, START) == "usd"
    assert await chosen(shop, SOON - timedelta(microseconds=1)) == "usd"
    assert await chosen(shop, SOON) == "launch"
    assert await chosen(shop, SOON + timedelta(days=1)) == "usd"


async def test_a_plan_has_no_price_where_no_open_book_prices_all_of_it(world: World) -> None:
    shop = await Catalog.open(world)
    await shop.sell()

    with pytest.raises(catalog.NoPriceInCurrency) as refused:
        await chosen(shop, START, Asset.parse("EUR/2"))

    assert refused.value.facts == {
        "plan_key": "pro",
        "currency": "EUR/2",
        "currencies": ["USD/2"],
    }
    with pytest.raises(catalog.NoPriceInCurrency):
        await chosen(shop, START, Asset.parse("USD/6"))


async def test_a_plan_is_not_published_in_books_that_are_closed_by_then(world: World) -> None:
    shop = await Catalog.open(world)
    await open_book(shop, "launch", ends_at=SOON.isoformat())
    plan = {"items": [FEE | {"prices": {"launch": FLAT}}]}
    await shop.must("create_plan", plan_key="pro", product_key="app", name="Pro", **plan)

    refusal = await shop.refused("publish_plan", plan_key="pro", effective_at=SOON.isoformat())
    assert (refusal.code, at(refusal)) == ("plan_not_publishable", ["items.0.prices"])
    assert "launch (closed at" in str(refusal)
    await shop.must("publish_plan", plan_key="pro")

    assert await chosen(shop, START) == "launch"
    with pytest.raises(catalog.NoPriceInCurrency) as refused:
        await chosen(shop, SOON)
    assert str(refused.value) == "pro has no price in USD/2 now. It is sold in no currency."


async def test_a_currency_has_one_default_which_is_always_open(world: World) -> None:
    shop = await Catalog.open(world)
    made = await open_book(shop, "other", is_default=True)

    books = (await shop.must("list_price_books"))["items"]

    assert made["is_open"]
    assert [(each["book_key"], each["is_default"]) for each in books] == [
        ("eur", True),
        ("other", True),
        ("usd", False),
    ]
    dated = {"starts_at": SOON.isoformat()}
    refusal = await shop.refused("update_price_book", book_key="other", **dated)
    assert at(refusal) == ["starts_at"]
    await shop.must("update_price_book", book_key="usd", **dated)
    refusal = await shop.refused("update_price_book", book_key="usd", is_default=True)
    assert at(refusal) == ["starts_at"]
    changed = await shop.must(
        "update_price_book", book_key="usd", is_default=True, starts_at=None, priority=7
    )
    assert (changed["is_default"], changed["starts_at"], changed["priority"]) == (True, None, 7)


async def test_a_book_that_is_never_open_is_refused(world: World) -> None:
    shop = await Catalog.open(world)
    never = {"starts_at": SOON.isoformat(), "ends_at": SOON.isoformat()}
    book = {"book_key": "x", "name": "X", "currency": "USD/2"}

    assert at(await shop.refused("create_price_book", **book | never)) == ["ends_at"]
    refusal = await shop.refused("create_price_book", **book | {"book_key": "usd"})
    assert refusal.code == "price_book_key_taken"
    assert (await shop.refused("update_price_book", book_key="x")).code == "price_book_not_found"


async def test_of_ten_who_choose_the_default_at_once_one_is_it(world: World) -> None:
    shop = await Catalog.open(world)
    for n in range(5):
        await open_book(shop, f"old{n}", currency="GBP/2")
    named = {"name": "New", "currency": "GBP/2", "is_default": True}

    outcomes = await asyncio.gather(
        *(shop.ask("create_price_book", book_key=f"new{n}", **named) for n in range(5)),
        *(shop.ask("update_price_book", book_key=f"old{n}", is_default=True) for n in range(5)),
    )

    assert [each.error for each in outcomes] == [None] * 10
    books = (await shop.must("list_price_books"))["items"]
    assert [each["is_default"] for each in books if each["currency"] == "GBP/2"].count(True) == 1
