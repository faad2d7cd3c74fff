"""Plan versions: drafted, published, and never changed again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from core import catalog, pricing
from core.catalog import tables
from tests.core.catalog.shop import CALLS, EACH, FEE, FLAT, PRO, SEATS, Shop
from tests.world import OPERATOR, START, World

pytestmark = pytest.mark.anyio


async def test_a_published_version_is_what_was_drafted(world: World) -> None:
    shop = await Shop.open(world)
    calls = {"feature_key": "calls", "limit": "1000.5", "per": "billing_period"}
    draft = await shop.plan(entitlements=[SEATS, {"feature_key": "sso"}, calls], trial_days=14)

    published = await shop.publish()

    assert published == replace(draft, revision=0, published_at=START, effective_at=START)
    found = await shop.on_sale()
    assert found == published
    assert found.items[1].prices == {"usd": pricing.read_price(EACH)}
    assert found.state_at(START) is catalog.VersionState.PUBLISHED
    assert catalog.write_terms(found) == {
        "interval": "month",
        "interval_count": 1,
        "trial_days": 14,
        "items": PRO,
        "entitlements": [
            {"feature_key": "seats", "kind": "limit", "limit": "5"},
            {"feature_key": "sso", "kind": "switch", "enabled": True},
            calls | {"kind": "quota"},
        ],
        "included_credits": None,
        "notes": None,
    }


async def test_a_draft_is_found_by_its_id_before_and_after_it_is_published(world: World) -> None:
    shop = await Shop.open(world)
    draft = await shop.plan()

    async with world.database.read(OPERATOR) as work:
        assert await catalog.version_by_id(work, draft.id) == draft
        assert await catalog.draft_of(work, "pro") == draft
    published = await shop.publish()
    async with world.database.read(OPERATOR) as work:
        assert await catalog.version_by_id(work, draft.id) == published
        with pytest.raises(catalog.PlanVersionNotFound):
            await catalog.draft_of(work, "pro")
        with pytest.raises(catalog.PlanVersionNotFound):
            await catalog.version_by_id(work, work.ids.new("plv"))


async def test_a_later_version_is_sold_instead_from_when_it_takes_effect(world: World) -> None:
    shop = await Shop.open(world)
    await shop.plan()
    first = await shop.publish()
    second = await shop.change(items=[FEE | {"prices": {"usd": FLAT | {"amount": "25"}}}])
    soon = START + timedelta(days=10)

    await shop.publish(effective_at=soon)

    assert (second.number, first.number) == (2, 1)
    before = await shop.on_sale()
    assert (before.id, before.superseded_at) == (first.id, soon)
    assert before.state_at(START) is catalog.VersionState.PUBLISHED
    assert before.state_at(soon) is catalog.VersionState.SUPERSEDED
    world.clock.advance(days=10)
    assert (await shop.on_sale()).id == second.id
    assert replace(await shop.on_sale(number=1), superseded_at=None) == first


async def test_the_database_itself_refuses_to_change_what_was_published(world: World) -> None:
    shop = await Shop.open(world)
    await shop.plan()
    await shop.publish()

    for change in (update(tables.versions).values(trial_days=1), delete(tables.versions)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with world.owner() as connection:
                await connection.execute(change)

    assert (await shop.on_sale()).trial_days == 0


async def test_what_is_unpriced_is_named_by_its_path(world: World) -> None:
    shop = await Shop.open(world)
    peak = CALLS | {"key": "peak", "meter_key": "peak"}
    await shop.plan(items=[FEE | {"prices": {"usd": FLAT, "eur": FLAT}}, PRO[1], peak])

    with pytest.raises(catalog.PlanNotPublishable) as refused:
        await shop.publish()

    assert [each["field"] for each in refused.value.problems] == [
        "items.1.prices.eur",
        "items.2.prices.eur",
        "items.2.prices.usd",
    ]
    with pytest.raises(catalog.PlanVersionNotFound):
        await shop.on_sale()
