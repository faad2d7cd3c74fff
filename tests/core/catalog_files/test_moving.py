"""A catalog that is taken out of one installation and applied to an empty one is the same there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core import catalog
from core.metering import meters
from core.projects import find_project
from tests import servers
from tests.core.catalog.shop import Shop, meter
from tests.core.catalog_files.office import (
    BOOKS,
    CALLS,
    FEATURES,
    GIVES,
    Office,
    document,
    fee,
    open_office,
    plan,
)
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

EVERYTHING = document(
    {
        "free": {
            "product": "app",
            "name": "Free",
            "published": {"entitlements": [{"feature_key": "seats", "unlimited": True}]},
        },
        "pro": plan(
            description="For most: no 'surprises', 100 %",
            published={
                "interval": "year",
                "interval_count": 2,
                "trial_days": 14,
                "items": [fee("20.50"), CALLS],
                "entitlements": GIVES,
                "included_credits": {"amount": 100, "asset": "CREDIT/6", "rollover_max": "50.5"},
                "notes": "yes",
            },
            scheduled={"effective_at": "2026-12-01T00:00:00Z", "items": [fee(25)]},
            draft={"items": [fee(30), CALLS | {"prices": {}}]},
        ),
        "idea": {"product": "new", "name": "Idea", "draft": {"items": []}},
    },
    products={"app": {"name": "App", "description": "null"}, "new": {"name": "1.10"}},
    price_books=BOOKS | {"us": {"name": "US", "currency": "USD/2", "priority": -3}},
    features=FEATURES | {"on": {"name": "On", "kind": "switch"}},
)


@asynccontextmanager
async def empty(like: World, folder: Path) -> AsyncIterator[Office]:
    """Open an installation of the same kind that has nothing but a meter."""
    if like.url.startswith("postgresql"):
        async with servers.postgres_url() as url, _opened(url) as office:
            yield office
    else:
        async with _opened(servers.sqlite_url(folder / "other")) as office:
            yield office


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Office]:
    world = World.open(url, find_project)
    async with world.database.begin(OPERATOR) as work:
        await meters.create(work, meter(work, "calls", "count"))
    yield Office(world, Shop(world))
    await world.close()


async def test_it_is_the_same_elsewhere(world: World, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    office = await open_office(world)
    await office.apply(EVERYTHING)
    exported = await office.export()

    async with empty(world, tmp_path) as other:
        await other.apply(exported)

        assert await other.export() == exported
        assert await other.plan(exported) == []
        assert await other.plan(EVERYTHING) == []
        for number in (1, 2):
            here = await office.shop.on_sale("pro", number)
            there = await other.shop.on_sale("pro", number)
            assert catalog.replace_terms(here, {}) == catalog.replace_terms(there, {})
            assert here.effective_at == there.effective_at


async def test_the_same_catalog_is_always_the_same_text(world: World) -> None:
    office = await open_office(world)
    await office.apply(EVERYTHING)

    first, again = await office.export(), await office.export()

    assert first == again
    assert first.startswith("# The catalog. See what would change with: bursar catalog plan FILE\n")
    assert "unit: '0.5'" in first, "what was written as a number is the text it was, in quotes"


async def test_a_plan_that_has_begun_elsewhere_is_published_there_at_once(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    office = await open_office(world)
    await office.apply(EVERYTHING)
    exported = await office.export()

    async with empty(world, tmp_path) as other:
        other.world.clock.advance(days=60)
        await other.apply(exported)

        assert [each.key for each in (await other.shop.on_sale("pro")).items] == ["fee"]
        assert "scheduled" not in (await other.exported())["plans"]["pro"]
