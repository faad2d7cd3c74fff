"""The proof finds what was changed in a published version, and one that is gone."""

from typing import Any

import pytest
from sqlalchemy import delete, text, update

from core import surface
from core.catalog import tables
from tests.core.catalog.asking import Catalog
from tests.world import World

pytestmark = pytest.mark.anyio


async def differences(world: World) -> list[str]:
    return [each.problem for each in (await surface.prove(world.database)).differences]


async def behind_our_back(world: World, change: Any) -> None:
    """Change what the triggers guard, as whoever owns the tables can."""
    async with world.owner() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("alter table catalog_versions disable trigger user"))
            await connection.execute(change)
            await connection.execute(text("alter table catalog_versions enable trigger user"))
            return
        names = "select name, sql from sqlite_master where tbl_name = 'catalog_versions'"
        rows = (await connection.execute(text(f"{names} and type = 'trigger'"))).all()
        for row in rows:
            await connection.execute(text(f"drop trigger {row.name}"))
        await connection.execute(change)
        for row in rows:
            await connection.execute(text(row.sql))


async def test_one_changed_price_is_found(world: World) -> None:
    shop = await Catalog.open(world)
    sold = await shop.sell()
    assert await differences(world) == []
    items = [each | {"name": "Free"} for each in sold["version"]["items"]]

    await behind_our_back(world, update(tables.versions).values(items=items))

    [found] = await differences(world)
    assert found == "it is not what was written"


async def test_a_version_that_is_gone_is_found(world: World) -> None:
    shop = await Catalog.open(world)
    await shop.sell()
    await shop.must("update_plan", plan_key="pro", trial_days=3)
    await shop.must("publish_plan", plan_key="pro")
    gone = delete(tables.versions).where(tables.versions.c.number == 1)

    await behind_our_back(world, gone)

    [found] = await differences(world)
    assert found == "one of its published versions is gone"


async def test_a_missing_guard_is_found(world: World) -> None:
    await Catalog.open(world)
    async with world.owner() as connection:
        postgres = connection.dialect.name == "postgresql"
        name = "catalog_versions_append_only" if postgres else "catalog_versions_no_update"
        on = " on catalog_versions" if postgres else ""
        await connection.execute(text(f"drop trigger {name}{on}"))

    [found] = await differences(world)
    assert "is missing or disabled" in found
