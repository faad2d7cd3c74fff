"""Exceptions: they win over every plan until their instant, and say by whom and why."""

from datetime import timedelta
from typing import Any

import pytest

from core.entitlements.errors import OverrideNotFound
from core.operations.errors import InvalidRequest
from tests.core.entitlements.house import SSO, House, calls, seats
from tests.world import OPERATOR, PROJECT, START, World

pytestmark = pytest.mark.anyio

SET, REMOVE = "set_entitlement_override", "remove_entitlement_override"
WHY = {"reason": "A promise"}


async def furnished(world: World) -> House:
    house = await House.open(world)
    await house.plan("pro", seats(5), calls(1), SSO)
    await house.staff("assign_plan", plan_key="pro")
    return house


async def test_an_exception_widens_narrows_and_takes_away_until_it_is_removed(
    world: World,
) -> None:
    house = await furnished(world)

    async def under(**sent: Any) -> tuple[bool, str]:
        told = await house.staff(SET, feature_key="seats", **sent, **WHY)
        assert (told["reason"], told["set_by"]) == ("A promise", "key:operator")
        return await house.says("seats", quantity=6)

    assert await house.says("seats", quantity=6) == (False, "limit_reached")
    assert await under(mode="limit", override_limit="6") == (True, "granted_by_override")
    assert await under(mode="limit", override_limit=2) == (False, "limit_reached")
    assert await under(mode="deny") == (False, "denied_by_override")
    assert await under(mode="grant") == (True, "granted_by_override")
    shown = await house.check("seats")
    told = await house.staff(REMOVE, feature_key="seats")
    again = await house.perform(REMOVE, OPERATOR, project_id=PROJECT, feature_key="seats")

    assert (shown["unlimited"], shown["limit"]) == (True, None)
    assert (told["allowed"], told["limit"], told["source"]["type"]) == (True, "5", "plan")
    assert isinstance(again.error, OverrideNotFound)


async def test_an_exception_is_over_at_its_instant_and_not_before(world: World) -> None:
    house = await furnished(world)
    expires_at = START + timedelta(minutes=5)
    no = {"feature_key": "sso", "mode": "deny", "expires_at": expires_at.isoformat()}
    await house.staff(SET, **no, **WHY)
    world.clock.instant = expires_at - timedelta(microseconds=1)
    before = await house.check("sso")
    world.clock.instant = expires_at

    assert (before["reason"], before["source"]["expires_at"]) == (
        "denied_by_override",
        "2026-11-20T09:05:00Z",
    )
    assert await house.says("sso") == (True, "included")


async def test_no_plan_is_hinted_at_where_an_exception_says_no(world: World) -> None:
    house = await furnished(world)
    await house.plan("max", SSO, fee="50")
    await house.staff(SET, feature_key="sso", mode="deny", **WHY)

    assert (await house.check("sso"))["upgrade"] is None


async def test_a_wider_quota_counts_what_was_used_before_it_was_made(world: World) -> None:
    house = await furnished(world)
    await house.use("a")
    refused = await house.use("b")
    await house.staff(SET, feature_key="calls", mode="limit", override_limit="2", **WHY)

    used = (await house.use("b")).unwrap()

    assert refused.error
    assert (used["entitlement"]["used"], used["entitlement"]["per"]) == ("2", "month")
    await house.staff(SET, feature_key="calls", mode="limit", override_limit="2", per="day", **WHY)
    world.clock.advance(days=1)
    assert (await house.check("calls"))["remaining"] == "2"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"feature_key": "sso", "mode": "limit", "override_limit": "3"}, "mode"),
        ({"feature_key": "seats", "mode": "limit"}, "override_limit"),
        ({"feature_key": "seats", "mode": "grant", "override_limit": "3"}, "override_limit"),
        (
            {"feature_key": "seats", "mode": "limit", "override_limit": "0.0000001"},
            "override_limit",
        ),
        ({"feature_key": "seats", "mode": "limit", "override_limit": "3", "per": "day"}, "per"),
        ({"feature_key": "calls", "mode": "deny", "per": "day"}, "per"),
        ({"feature_key": "sso", "mode": "deny", "expires_at": START.isoformat()}, "expires_at"),
    ],
)
async def test_what_would_say_nothing_is_refused_by_its_name(
    world: World, sent: dict[str, Any], field: str
) -> None:
    house = await furnished(world)

    refused = await house.perform(SET, OPERATOR, project_id=PROJECT, **sent, **WHY)

    assert isinstance(refused.error, InvalidRequest)
    assert [each["field"] for each in refused.error.problems] == [field]
