"""Packages as they are kept: made by operators, in versions that never change, shown to all."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import catalog
from core.kernel.caller import Role
from tests.core.catalog import shop
from tests.core.catalog.shop import Shop
from tests.core.packages.shelf import each, flat
from tests.core.wallets.bank import ask, must, open_project, refused, told
from tests.world import AUDITOR, OPERATOR, START, World, agent

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
SEATS: Json = {
    "key": "seats",
    "product_key": "app",
    "quantity": 5,
    "at_least": 1,
    "at_most": 100,
    "prices": {"usd": each("12"), "eur": each("11")},
}
SUPPORT: Json = {
    "key": "support",
    "product_key": "app",
    "required": False,
    "prices": {"usd": flat("99"), "eur": flat("90")},
}
OFFICE: Json = {
    "package_key": "office",
    "name": "Office",
    "parts": [SEATS, SUPPORT],
    "discount_percent": "10",
}
TEN: Json = {"package_key": "office", "currency": "USD/2"}


async def make(world: World, **more: Any) -> Json:
    await Shop.open(world)
    return await must(world, "create_package", OPERATOR, **OFFICE | more)


async def change(world: World, **more: Any) -> Json:
    return await must(world, "update_package", OPERATOR, package_key="office", **more)


async def test_a_package_is_kept_as_it_was_written(world: World) -> None:
    made = await make(world, description="Everything for an office")
    [listed] = (await must(world, "list_packages", AUDITOR))["items"]
    got = await must(world, "get_package", AUDITOR, package_key="office")

    assert made == listed == got == {
        "package_key": "office",
        "version": 1,
        "newest_version": 1,
        "name": "Office",
        "description": "Everything for an office",
        "parts": [
            SEATS | {"plan_key": None, "required": True},
            SUPPORT | {"plan_key": None, "quantity": 1, "at_least": 1, "at_most": 1},
        ],
        "prices": None,
        "discount_percent": "10",
        "discount_amounts": None,
        "created_at": "2026-11-20T09:00:00Z",
        "archived_at": None,
    }  # fmt: skip
    assert len(await told(world, "package.created")) == 1


async def test_each_change_is_another_version_and_what_was_sold_stays(world: World) -> None:
    await make(world)
    amounts = {"usd": "5.00", "eur": "4.50"}
    await change(world, discount_percent=None, discount_amounts=amounts, name="Bureau")
    await change(world, discount_amounts=None, prices={"usd": flat("50"), "eur": flat("45")})

    totals = [
        (await must(world, "preview_package", OPERATOR, **TEN, version=n))["total"]
        for n in (1, 2, 3)
    ]
    versions = [
        await must(world, "get_package", OPERATOR, package_key="office", version=n)
        for n in (1, 2, 3)
    ]

    assert totals == ["54.00", "55.00", "50.00"]
    assert [(each["name"], each["newest_version"]) for each in versions] == [
        ("Office", 3),
        ("Bureau", 3),
        ("Bureau", 3),
    ]
    assert versions[1]["discount_amounts"] == amounts
    assert (await must(world, "preview_package", OPERATOR, **TEN))["version"] == 3


@pytest.mark.parametrize(
    "statement",
    ["update packages_versions set name = 'Other'", "delete from packages_versions"],
)
async def test_the_database_itself_keeps_versions_as_they_are(world: World, statement: str) -> None:
    await make(world)

    with pytest.raises(DBAPIError, match="append-only"):
        async with world.owner() as connection:
            await connection.execute(text(statement))


async def test_of_changes_at_once_each_is_made_and_none_is_lost(world: World) -> None:
    await make(world)

    await asyncio.gather(
        *(change(world, name=f"Name {n}") for n in range(5)),
        *(change(world, discount_percent=str(n)) for n in range(11, 16)),
    )

    [found] = (await must(world, "list_packages", AUDITOR))["items"]
    assert found["version"] == 11
    assert found["name"].startswith("Name")
    assert found["discount_percent"] in {"11", "12", "13", "14", "15"}


async def test_a_choice_is_previewed_part_by_part(world: World) -> None:
    project = await open_project(world)
    await make(world)
    asked = TEN | {"options": ["support"], "quantities": {"seats": 10}, "count": 2}

    preview = await must(world, "preview_package", agent(Role.VIEWER, project), **asked)

    assert preview == {
        "package_key": "office",
        "version": 1,
        "book_key": "usd",
        "asset": "USD/2",
        "count": 2,
        "parts": [
            {
                "key": "seats",
                "product_key": "app",
                "plan_key": None,
                "quantity": 10,
                "alone": "240.00",
                "amount": "216.00",
                "explained": ["unit (each): 20 x 12 = 240, charged 240.00 USD"],
            },
            {
                "key": "support",
                "product_key": "app",
                "plan_key": None,
                "quantity": 1,
                "alone": "99.00",
                "amount": "89.10",
                "explained": ["amount (a flat amount): 99 = 99, charged 99.00 USD"],
            },
        ],
        "unsplit": "0.00",
        "discount": "33.90",
        "total": "305.10",
        "explained": [],
    }


async def test_a_choice_that_is_not_allowed_is_refused_by_field(world: World) -> None:
    await make(world)
    asked = TEN | {"options": ["desk"], "quantities": {"seats": 0, "chairs": 2}}

    outcome = await ask(world, "preview_package", OPERATOR, None, **asked)

    assert outcome.error is not None
    assert outcome.error.code == "package_choice_refused"
    fields = [each["field"] for each in outcome.error.facts["problems"]]
    assert fields == ["options.0", "quantities.seats", "quantities.chairs"]


async def test_a_package_is_priced_by_the_open_book_of_the_highest_priority(world: World) -> None:
    await make(world)
    async with world.database.begin(OPERATOR) as work:
        first, last = START + timedelta(days=1), START + timedelta(days=2)
        sale = shop.book(work, "sale", "USD/2", priority=5, starts_at=first, ends_at=last)
        await catalog.create_book(work, sale)
    prices = [part["prices"] | {"sale": flat("1")} for part in (SEATS, SUPPORT)]
    parts = [SEATS | {"prices": prices[0]}, SUPPORT | {"prices": prices[1]}]
    await change(world, parts=parts)

    totals = []
    for _ in range(3):
        preview = await must(world, "preview_package", OPERATOR, **TEN)
        totals.append((preview["book_key"], preview["total"]))
        world.clock.advance(days=1)
    assert totals == [("usd", "54.00"), ("sale", "0.90"), ("usd", "54.00")]

    chosen = await must(world, "preview_package", OPERATOR, **TEN, book_key="sale")
    assert chosen["total"] == "0.90"
    yen = {"package_key": "office", "currency": "JPY/0"}
    nowhere = await ask(world, "preview_package", OPERATOR, None, **yen)
    assert nowhere.error is not None
    assert (nowhere.error.code, nowhere.error.facts["sold_in"]) == (
        "package_not_priced",
        ["EUR/2", "USD/2"],
    )


async def test_a_project_chooses_neither_the_book_nor_the_version(world: World) -> None:
    project = await open_project(world)
    await make(world)
    for sent in ({"book_key": "eur"}, {"version": 1}):
        for role in Role:
            outcome = await ask(world, "preview_package", agent(role, project), None, **TEN, **sent)
            assert outcome.error is not None
            assert [each["field"] for each in outcome.error.facts["problems"]] == [*sent]


async def test_an_archived_package_is_not_sold(world: World) -> None:
    await make(world)
    first = await must(world, "archive_package", OPERATOR, package_key="office")
    world.clock.advance(hours=1)
    again = await must(world, "archive_package", OPERATOR, package_key="office")

    assert first == again
    assert first["archived_at"] == "2026-11-20T09:00:00Z"
    assert (await must(world, "list_packages", AUDITOR))["items"] == []
    everything = await must(world, "list_packages", AUDITOR, include_archived=True)
    assert [each["package_key"] for each in everything["items"]] == ["office"]
    assert await refused(world, "preview_package", OPERATOR, **TEN) == "package_archived"
    renamed = {"package_key": "office", "name": "Other"}
    assert await refused(world, "update_package", OPERATOR, **renamed) == "package_archived"
    assert await refused(world, "create_package", OPERATOR, **OFFICE) == "package_key_taken"
    assert len(await told(world, "package.archived")) == 1


async def test_only_operators_bundle(world: World) -> None:
    project = await open_project(world)
    await make(world)
    for name, sent in {
        "create_package": OFFICE | {"package_key": "own"},
        "update_package": {"package_key": "office", "discount_percent": "99"},
        "archive_package": {"package_key": "office"},
    }.items():
        for caller in (agent(Role.OWNER, project), AUDITOR):
            assert await refused(world, name, caller, **sent) == "not_allowed"


# -- What is refused ------------------------------------------------------------------------------

BARE = {name: value for name, value in SEATS.items() if name != "prices"}
DOLLARS = {"usd": flat("1")}
MATRIX = {
    "model": "matrix",
    "properties": ["region"],
    "cells": [{"when": {"region": "eu"}, "price": each("1")}],
}
WRONG: dict[str, tuple[Json, list[str]]] = {
    "no such product": ({"parts": [SEATS | {"product_key": "desk"}]}, ["parts.0.product_key"]),
    "no such plan": ({"parts": [SEATS | {"plan_key": "desk"}]}, ["parts.0.plan_key"]),
    "a key twice": ({"parts": [SEATS, SEATS]}, ["parts.1.key"]),
    "nothing required": ({"parts": [SUPPORT]}, ["parts"]),
    "fewer than the least": ({"parts": [SEATS | {"at_least": 6}]}, ["parts.0.quantity"]),
    "more than the most": ({"parts": [SEATS | {"at_most": 4}]}, ["parts.0.quantity"]),
    "least above most": (
        {"parts": [SEATS | {"at_least": 9, "at_most": 8}]}, ["parts.0.at_least"],
    ),
    "an unknown member": ({"parts": [SEATS | {"colour": "red"}]}, ["parts.0.colour"]),
    "a part without a price": ({"parts": [SEATS, BARE | {"key": "b"}]}, ["parts.1.prices"]),
    "no such price book": (
        {"parts": [SEATS | {"prices": {"yen": flat("1")}}]}, ["parts.0.prices.yen"],
    ),
    "parts in other books": (
        {"parts": [SEATS, SUPPORT | {"prices": DOLLARS}]}, ["parts.1.prices.eur"],
    ),
    "a price that is none": (
        {"parts": [SEATS | {"prices": {"usd": {"model": "dear"}}}]}, ["parts.0.prices.usd.model"],
    ),
    "a price that makes no sense": (
        {"parts": [SEATS | {"prices": {"usd": {"model": "graduated", "tiers": []}}}]},
        ["parts.0.prices.usd.tiers"],
    ),
    "a price of properties": (
        {"prices": {"usd": MATRIX}, "discount_percent": None}, ["prices.usd"],
    ),
    "more than all of it": ({"discount_percent": "100.01"}, ["discount_percent"]),
    "two discounts": (
        {"discount_amounts": {"usd": "1.00", "eur": "1.00"}}, ["discount_amounts"],
    ),
    "a discount in one book": (
        {"discount_percent": None, "discount_amounts": {"usd": "1.00"}}, ["discount_amounts.eur"],
    ),
    "a discount too fine": (
        {"discount_percent": None, "discount_amounts": {"usd": "1.001", "eur": "1.00"}},
        ["discount_amounts.usd"],
    ),
    "a discount off a price": (
        {"prices": {"usd": flat("1"), "eur": flat("1")}}, ["discount_percent"],
    ),
    "parts in other books than the whole": (
        {"prices": DOLLARS, "discount_percent": None}, ["parts.0.prices.eur", "parts.1.prices.eur"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
async def test_a_package_that_makes_no_sense_is_refused_by_field(world: World, case: str) -> None:
    await Shop.open(world)
    sent, fields = WRONG[case]
    outcome = await ask(world, "create_package", OPERATOR, None, **OFFICE | sent)

    assert outcome.error is not None
    assert [each["field"] for each in outcome.error.facts["problems"]] == fields
    assert (await must(world, "list_packages", AUDITOR))["items"] == []


async def test_what_was_archived_in_the_catalog_is_put_into_no_package(world: World) -> None:
    opened = await Shop.open(world)
    await opened.plan("pro")
    parts = [SEATS | {"plan_key": "pro"}, SUPPORT]
    made = await must(world, "create_package", OPERATOR, **OFFICE | {"parts": parts})
    async with world.database.begin(OPERATOR) as work:
        await catalog.create_product(work, shop.product(work, "desk"))
        await catalog.archive_product(work, "desk")

    other = OFFICE | {"package_key": "other", "parts": [SEATS | {"product_key": "desk"}]}
    wrong = OFFICE | {"package_key": "other", "parts": [parts[0] | {"product_key": "desk"}]}

    assert made["parts"][0]["plan_key"] == "pro"
    for sent, fields in (
        (other, ["parts.0.product_key"]),
        (wrong, ["parts.0.product_key", "parts.0.plan_key"]),
    ):
        outcome = await ask(world, "create_package", OPERATOR, None, **sent)
        assert outcome.error is not None
        assert [each["field"] for each in outcome.error.facts["problems"]] == fields
