"""Using a quota up: of whoever races for the last unit one gets it, and the rest are told when."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from core import catalog, entitlements, metering
from core.entitlements import using
from core.entitlements.errors import FeatureNotMetered
from core.entitlements.operations import use_entitlement
from core.metering import meters
from core.metering import operations as usage
from mcp_server import problems
from tests.core.catalog.shop import feature, meter
from tests.core.entitlements.house import SSO, House, calls, seats
from tests.world import OPERATOR, PROJECT, START, World

pytestmark = pytest.mark.anyio


async def with_quota(world: World, limit: int, per: str = "month", **opened: Any) -> House:
    house = await House.open(world, **opened)
    await house.plan("pro", calls(limit, per), seats(5))
    await house.staff("assign_plan", plan_key="pro")
    return house


async def test_of_ten_racing_for_the_last_unit_exactly_one_gets_it(world: World) -> None:
    house = await with_quota(world, 3)
    await house.record("one", "two")

    outcomes = await asyncio.gather(*(house.use(f"race {n}") for n in range(10)))

    told = Counter(type(each.error) for each in outcomes)
    assert told == {type(None): 1, entitlements.QuotaExhausted: 9}
    assert (await house.check("calls"))["used"] == "3"


async def test_who_comes_as_a_quarter_hour_strikes_waits_for_who_is_not_done(
    world: World,
) -> None:
    """They add to different sums, and so would not wait for each other by those."""
    house = await with_quota(world, 2)
    await house.record("so that the month is there, which only one can make")

    done, used = asyncio.Event(), {each: asyncio.Event() for each in ("before", "after")}

    async def use(event_id: str) -> None:
        event = metering.Event(
            event_id=event_id, meter_key="calls", occurred_at=None, quantity="1", properties={}
        )
        async with world.database.begin(OPERATOR) as work:
            work.found_project_id = PROJECT
            await using.use(work, "calls", event)
            used[event_id].set()
            await done.wait()

    first = asyncio.create_task(use("before"))
    await used["before"].wait()
    world.clock.advance(minutes=15)
    second = asyncio.create_task(use("after"))
    # Long enough to be done, if nothing made it wait.
    await asyncio.wait({asyncio.create_task(used["after"].wait())}, timeout=2)
    done.set()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    used["after"].set()

    assert [type(each) for each in outcomes] == [type(None), entitlements.QuotaExhausted]
    assert (await house.check("calls"))["used"] == "2"


async def test_two_features_that_one_meter_counts_are_raced_for_as_one(world: World) -> None:
    house = await House.open(world)
    async with world.database.begin(OPERATOR) as work:
        twin = await catalog.find_feature(work, "calls")
        named = {name: getattr(twin, name) for name in twin.__slots__}
        named |= {"id": work.ids.new("ftr"), "key": "lookups"}
        await catalog.create_feature(work, catalog.Feature(**named))
    await house.plan("pro", calls(1), calls(1) | {"feature_key": "lookups"})
    await house.staff("assign_plan", plan_key="pro")

    outcomes = await asyncio.gather(
        *(
            house.use(f"{feature} {n}", feature_key=feature)
            for feature in ("calls", "lookups")
            for n in range(5)
        )
    )

    assert sum(each.error is None for each in outcomes) == 1
    assert (await house.check("lookups"))["used"] == "1"


async def test_a_use_is_answered_with_what_is_left_after_it(world: World) -> None:
    house = await with_quota(world, 2)

    first = (await house.use("a")).unwrap()
    second = (await house.use("b")).unwrap()

    assert (first["duplicate"], first["entitlement"]["remaining"]) == (False, "1")
    assert first["entitlement"]["allowed"]
    assert (second["entitlement"]["allowed"], second["entitlement"]["used"]) == (False, "2")


async def test_the_same_event_is_used_once_also_when_nothing_is_left(world: World) -> None:
    house = await with_quota(world, 1)
    await house.use("a")
    await house.record("beside")

    again = (await house.use("a")).unwrap()
    other = await house.use("b")

    assert (again["duplicate"], again["entitlement"]["used"]) == (True, "2")
    assert isinstance(other.error, entitlements.QuotaExhausted)


async def test_an_exhausted_quota_says_when_to_come_again_and_what_would_help(
    world: World,
) -> None:
    house = await with_quota(world, 1)
    await house.plan("max", calls(100), fee="50")
    await house.use("a")

    refused = await house.use("b")

    assert refused.error
    body = problems.problem(refused.error)
    assert body == {
        "type": "/docs/errors/quota_exhausted",
        "title": "Quota exhausted",
        "status": 429,
        "code": "quota_exhausted",
        "detail": "1 of 1 of calls are used. It begins anew at 2026-12-01T00:00:00+00:00. "
        "The plan max would allow it.",
        "feature_key": "calls",
        "used": "1",
        "limit": "1",
        "retry_at": "2026-12-01T00:00:00+00:00",
        "retry_after": 918_000,
        "upgrade": {
            "plan_key": "max",
            "plan_name": "Max",
            "plan_version": 1,
            "product_key": "app",
            "gives": {"enabled": True, "limit": "100", "per": "month"},
        },
    }
    assert problems.headers(refused.error) == {"Retry-After": "918000"}
    world.clock.advance(seconds=918_000)
    assert (await house.use("b")).error is None


async def test_what_is_refused_is_not_recorded(world: World) -> None:
    house = await with_quota(world, 1)
    await house.use("a")
    await house.use("b")

    assert await house.record("b") == ["accepted"], "nobody knows of it yet"


async def test_where_waiting_does_not_help_it_is_forbidden(world: World) -> None:
    house = await with_quota(world, 1, "ever")
    await house.use("a")

    for_ever = await house.use("b")
    missing = await house.use("c", feature_key="tokens")
    world.clock.advance(days=30)

    assert isinstance(for_ever.error, entitlements.LimitReached)
    assert for_ever.error.facts == {
        "feature_key": "calls",
        "limit": "1",
        "used": "1",
        "upgrade": None,
    }
    assert isinstance(missing.error, catalog.FeatureNotFound)
    assert isinstance((await house.use("b")).error, entitlements.LimitReached)


async def test_what_is_not_in_the_plan_is_missing_and_a_limit_is_not_used_up(
    world: World,
) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(5))
    await house.plan("max", calls(5), fee="50")
    await house.staff("assign_plan", plan_key="pro")

    missing = await house.use("a")
    limit = await house.use("a", feature_key="seats")

    assert isinstance(missing.error, entitlements.FeatureMissing)
    assert str(missing.error) == (
        "This project may not use calls: not in plan. The plan max would allow it."
    )
    assert problems.status(missing.error) == 403
    assert isinstance(limit.error, FeatureNotMetered)
    assert (await house.record("a")) == ["accepted"]


async def test_what_the_meter_would_not_read_is_refused_as_it_is_there(world: World) -> None:
    house = await with_quota(world, 5)

    refused = await house.use("a", quantity="2")
    other = await house.use("b", properties={"model": "large"})
    conflict = await house.use("b")

    assert isinstance(refused.error, metering.QuantityNotRead)
    assert other.error is None
    assert isinstance(conflict.error, metering.EventConflict)


async def test_who_pays_gives_nothing_back_and_that_is_declared(world: World) -> None:
    house = await House.open(world)
    async with world.database.begin(OPERATOR) as work:
        by_property = replace(meter(work, "minutes", "sum"), property="minutes")
        await meters.create(work, by_property)
        await catalog.create_feature(work, feature(work, "minutes", "quota", "minutes"))
    await house.plan("pro", {"feature_key": "minutes", "limit": "5", "per": "day"})
    await house.staff("assign_plan", plan_key="pro")

    refused = await house.use("a", feature_key="minutes", properties={"minutes": -5})

    assert isinstance(refused.error, metering.QuantityBelowZero)
    assert type(refused.error) in use_entitlement.raises
    assert (await house.check("minutes"))["used"] == "0"


async def test_more_at_once_than_there_ever_is_needs_another_plan(world: World) -> None:
    house = await House.open(world)
    async with world.database.begin(OPERATOR) as work:
        of = await catalog.find_feature(work, "calls")
        named = {name: getattr(of, name) for name in of.__slots__}
        named |= {"id": work.ids.new("ftr"), "key": "tokens", "meter_key": "tokens"}
        await catalog.create_feature(work, catalog.Feature(**named))
    tokens = {"feature_key": "tokens", "limit": "10.5", "per": "day"}
    await house.plan("pro", tokens)
    await house.staff("assign_plan", plan_key="pro")

    half = (await house.use("a", feature_key="tokens", quantity="0.25")).unwrap()
    short = await house.use("b", feature_key="tokens", quantity="10.5")
    never = await house.use("c", feature_key="tokens", quantity="10.500001")
    fits = await house.use("d", feature_key="tokens", quantity="10.25")

    assert half["entitlement"]["remaining"] == "10.25"
    assert isinstance(short.error, entitlements.QuotaExhausted)
    assert isinstance(never.error, entitlements.LimitReached)
    assert fits.unwrap()["entitlement"]["remaining"] == "0"


async def test_whoever_insists_is_refused_by_the_same_errors(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(2), SSO, calls(1))
    await house.staff("assign_plan", plan_key="pro")
    await house.record("a")

    async with world.database.read(OPERATOR) as work:
        allowed = await entitlements.require(work, PROJECT, "sso")
        await entitlements.require(work, PROJECT, "seats", 2)
        with pytest.raises(entitlements.LimitReached) as limit:
            await entitlements.require(work, PROJECT, "seats", 3)
        with pytest.raises(entitlements.QuotaExhausted) as quota:
            await entitlements.require(work, PROJECT, "calls", 1)

    assert allowed.reason is entitlements.Reason.INCLUDED
    assert limit.value.facts | {"upgrade": None} == {
        "feature_key": "seats",
        "limit": "2",
        "used": "3",
        "upgrade": None,
    }
    assert quota.value.retry_at == START.replace(day=1, month=12, hour=0)


async def test_usage_beside_the_quota_is_counted_and_refuses_what_follows(world: World) -> None:
    house = await with_quota(world, 2)
    await house.record("a", "b", "c")

    refused = await house.use("d")

    assert isinstance(refused.error, entitlements.QuotaExhausted)
    assert refused.error.facts["used"] == "3"


def test_using_is_not_shared_so_that_a_refusal_takes_its_event_back() -> None:
    assert usage.record_usage.batched
    assert not use_entitlement.batched
