"""Coupons and codes that operators give out, and projects that redeem them."""

from typing import Any

from sqlalchemy import select

from core.audit import tables as trail
from core.kernel.caller import SYSTEM
from tests.core.wallets.bank import admin, ask, must
from tests.world import OPERATOR, World

PERCENT: dict[str, Any] = {"kind": "percent", "percent": "20"}
CREDITS: dict[str, Any] = {"kind": "credits", "amount": "50", "asset": "CREDIT/6"}


async def offer(world: World, key: str = "launch", **terms: Any) -> dict[str, Any]:
    """Make a coupon: 20 % off unless terms say otherwise."""
    sent = {"coupon_key": key, "name": "Offer", **(terms if "kind" in terms else PERCENT | terms)}
    return await must(world, "create_coupon", OPERATOR, **sent)


async def give_out(world: World, key: str = "launch", **sent: Any) -> str:
    """Give out a code of the coupon, and return what is to be typed."""
    made = await must(world, "create_promotion_code", OPERATOR, coupon_key=key, **sent)
    return str(made["code"])


async def offered(world: World, key: str = "launch", **terms: Any) -> str:
    """Make a coupon with one code, and return the code."""
    await offer(world, key, **terms)
    return await give_out(world, key)


async def redeem(world: World, project: str, code: str, **sent: Any) -> dict[str, Any]:
    return await must(world, "redeem_promotion_code", admin(project), code=code, **sent)


async def why_not(world: World, project: str, code: str) -> str:
    """Return the reason for which the project cannot redeem the code, as asked and as tried."""
    told = await must(world, "check_promotion_code", admin(project), code=code)
    outcome = await ask(world, "redeem_promotion_code", admin(project), code=code)
    assert outcome.error is not None, outcome.body
    tried = outcome.error.facts.get("reason", "unknown")
    assert told["redeemable"] is False
    assert told["reason"] == tried
    return str(tried)


async def discounts(world: World, project: str, **sent: Any) -> list[dict[str, Any]]:
    """Return what the project has, the oldest first."""
    page = await must(world, "list_discounts", admin(project), **sent)
    return [*reversed(page["items"])]


async def coupon(world: World, key: str = "launch") -> dict[str, Any]:
    return await must(world, "get_coupon", OPERATOR, coupon_key=key)


async def last_refusals(world: World, operation: str) -> list[tuple[str, str | None]]:
    """Return who was refused an operation, and with which code, as the trail has it."""
    c = trail.invocations.c
    query = select(c.subject, c.error_code).where(c.operation == operation, c.decision == "refused")
    async with world.database.read(SYSTEM) as work:
        return [(row.subject, row.error_code) for row in await work.execute(query.order_by(c.id))]
