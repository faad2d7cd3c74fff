"""A product line that every customer of the doors' tests holds a plan of."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from core import catalog, subscriptions
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.moving.tables import migrations
from core.stepping.tables import subscriptions as there
from tests.core.catalog.shop import book, feature, plan, product, written
from tests.world import START, World

MIGRATION = compose("plm", 1)
"""One that is over, and moved nobody."""
STRAY = {
    "provider_id": "sub_stray",
    "customer_id": "cus_nobody",
    "state": "active",
    "price_ids": ["price_unknown"],
    "problem": "unknown_customer",
    "reason": "no project is the customer cus_nobody",
    "digest": "0" * 64,
    "revision": 1,
    "seen_at": START,
    "created_at": START,
}
"""What the provider bills somebody whom nobody here knows."""
FEE = {"key": "fee", "name": "Fee", "kind": "recurring"}
FEATURES = (
    ("desk_sso", "switch", None),
    ("desk_seats", "limit", None),
    ("desk_tokens", "quota", "tokens"),
)
BASIC = (
    {"feature_key": "desk_seats", "limit": "3"},
    {"feature_key": "desk_tokens", "limit": "100000", "per": "month"},
)
PLUS = (*BASIC, {"feature_key": "desk_sso"})


async def open_plans(world: World) -> None:
    """Sell the plans desk_basic, of which there are two versions, and desk_plus."""
    async with world.database.begin(SYSTEM) as work:
        for key, kind, metered in FEATURES:
            await catalog.create_feature(work, feature(work, key, kind, metered))
        for key in ("desk", "pool", "gym"):
            await catalog.create_product(work, product(work, key))
        await catalog.create_book(work, book(work, "desk_usd", "USD/2"))
    first = await _publish(world, "desk_basic", BASIC)
    await _publish(world, "desk_plus", PLUS)
    for key, of in (("pool_pass", "pool"), ("gym_pass", "gym"), ("app_max", "app")):
        await _publish(world, key, (), product_key=of)
    async with world.database.begin(SYSTEM) as work:
        given = (await written(work, _items(), BASIC[:1])).entitlements
        await catalog.change_plan(work, "desk_basic", named={}, terms={"entitlements": given})
        second = await catalog.publish(work, "desk_basic")
        over = {
            "id": MIGRATION,
            "from_version_id": first.id,
            "to_version_id": second.id,
            "state": "finished",
            "total": 0,
            "moved": 0,
            "before_id": compose("asg", 1),
            "asked_by": "system",
            "created_at": START,
            "finished_at": START,
        }
        await work.execute(insert(migrations), over)
        await work.execute(insert(there), STRAY)


async def subscribe(world: World, key: str, project_id: str) -> dict[str, str]:
    """Have three subscriptions: one that goes on, one that is paused, and one that is over."""
    made = []
    async with world.database.begin(SYSTEM) as work:
        here = work.within(project_id)
        for plan_key in ("app_max", "pool_pass", "gym_pass"):
            one = await subscriptions.create(here, subscriptions.Wanted(plan_key=plan_key))
            made.append(one.id)
        await subscriptions.pause(here, made[1], why=f"{key} is away")
        over = subscriptions.Ending(at_once=True, why=f"{key} left")
        await subscriptions.cancel(here, made[2], over)
    names = ("subscription_id", "paused_subscription_id", "ended_subscription_id")
    return dict(zip(names, made, strict=True))


async def _publish(
    world: World,
    key: str,
    gives: Sequence[Mapping[str, Any]],
    *,
    product_key: str = "desk",
) -> catalog.PlanVersion:
    async with world.database.begin(SYSTEM) as work:
        begun = plan(work, key)
        named = {name: getattr(begun, name) for name in begun.__slots__} | {
            "product_key": product_key
        }
        terms = await written(work, _items(), gives)
        await catalog.create_plan(work, catalog.Plan(**named), terms)
        return await catalog.publish(work, key)


def _items() -> list[dict[str, Any]]:
    return [FEE | {"prices": {"desk_usd": {"model": "flat", "amount": "10"}}}]
