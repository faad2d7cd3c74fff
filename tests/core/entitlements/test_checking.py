"""Checking: a no is an answer with its reason, and with the plan that would help."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from core import catalog
from core.kernel.caller import Role
from core.kernel.ids import compose
from core.operations.errors import NotAllowed, ScopeRequired
from core.projects import ProjectNotFound
from tests.core.entitlements.house import SSO, House, calls, keys, seats, upgrade_of
from tests.counting import statements
from tests.world import AUDITOR, OPERATOR, PROJECT, START, World, agent

pytestmark = pytest.mark.anyio

OTHER = compose("prj", 2)


async def test_what_is_in_no_plan_is_refused_and_what_is_no_feature_is_not_found(
    world: World,
) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(5))
    before = await house.says("sso")
    await house.staff("assign_plan", plan_key="pro")

    assert before == (False, "no_plan")
    assert await house.says("sso") == (False, "not_in_plan")
    with pytest.raises(catalog.FeatureNotFound):
        await house.check("teleport")


async def test_a_limit_is_told_with_what_is_left_beside_what_the_caller_has(world: World) -> None:
    house = await House.open(world)
    version = await house.plan("pro", seats(5), SSO)
    await house.staff("assign_plan", plan_key="pro")

    told = await house.check("seats", quantity=3)

    assert told == {
        "feature_key": "seats",
        "name": "Seats",
        "kind": "limit",
        "allowed": True,
        "reason": "included",
        "unit": "seat",
        "used": "3",
        "limit": "5",
        "unlimited": False,
        "remaining": "2",
        "per": None,
        "window_start_at": None,
        "resets_at": None,
        "source": {
            "type": "plan",
            "product_key": "app",
            "plan_key": "pro",
            "plan_version": version.number,
            "expires_at": None,
            "override_reason": None,
        },
        "upgrade": None,
    }
    assert await house.says("seats", quantity="6") == (False, "limit_reached")
    assert await house.says("sso") == (True, "included")


async def test_a_quota_is_current_after_each_event_and_late_ones_count_where_they_occurred(
    world: World,
) -> None:
    house = await House.open(world)
    await house.plan("pro", calls(3))
    await house.staff("assign_plan", plan_key="pro")
    await house.record("now")
    await house.record("late", occurred_at="2026-11-02T00:00:00Z")

    told = await house.check("calls")
    await house.record("last month", occurred_at="2026-10-31T23:59:59Z")

    assert (told["used"], told["remaining"], told["unit"]) == ("2", "1", "call")
    assert (told["window_start_at"], told["resets_at"]) == (
        "2026-11-01T00:00:00Z",
        "2026-12-01T00:00:00Z",
    )
    assert (await house.check("calls"))["used"] == "2"
    await house.record("another")
    assert await house.says("calls") == (False, "quota_exhausted")


async def test_a_quota_begins_anew_at_the_month_end_of_the_project(world: World) -> None:
    house = await House.open(world, time_zone="America/New_York")
    await house.plan("pro", calls(1))
    await house.staff("assign_plan", plan_key="pro")
    await house.record("only")
    resets_at = START.replace(day=1, month=12, hour=5)
    told = await house.check("calls")

    world.clock.advance(resets_at - START - timedelta(microseconds=1))
    before = await house.says("calls")
    world.clock.advance(microseconds=1)

    assert told["resets_at"] == "2026-12-01T05:00:00Z"
    assert before == (False, "quota_exhausted")
    assert await house.says("calls") == (True, "included")


async def test_on_the_night_clocks_change_a_daily_quota_lasts_an_hour_longer(world: World) -> None:
    house = await House.open(world, time_zone="Europe/Berlin")
    await house.plan("pro", calls(1, "day"))
    await house.staff("assign_plan", plan_key="pro")
    world.clock.instant = START.replace(year=2027, month=10, day=30, hour=22, minute=0)
    await house.record("only")

    told = await house.check("calls")

    assert (told["window_start_at"], told["resets_at"]) == (
        "2027-10-30T22:00:00Z",
        "2027-10-31T23:00:00Z",
    )
    assert told["allowed"] is False


async def test_a_billing_period_is_counted_from_the_anchor_to_the_instant(world: World) -> None:
    """The events of the quarter hour that the anchor cuts are told apart."""
    house = await House.open(world)
    await house.plan("pro", calls(10, "billing_period"))
    anchor = "2026-10-31T08:50:30Z"
    await house.staff("assign_plan", plan_key="pro", anchor_at=anchor)
    await house.record("before", occurred_at="2026-10-31T08:50:29Z")
    await house.record("at", occurred_at=anchor)

    told = await house.check("calls")
    world.clock.advance(days=20)
    later = await house.check("calls")

    assert (told["used"], told["resets_at"]) == ("1", "2026-11-30T08:50:30Z")
    assert (later["window_start_at"], later["resets_at"], later["used"]) == (
        "2026-11-30T08:50:30Z",
        "2026-12-31T08:50:30Z",
        "0",
    )


async def test_of_two_product_lines_the_more_generous_counts_alone(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(5), calls(1, "day"))
    await house.plan("post", seats(3), calls(2), product="mail")
    for key in ("pro", "post"):
        await house.staff("assign_plan", plan_key=key)
    await house.record("first")

    told = await house.check("seats", quantity=6)
    quota = await house.check("calls")

    assert (told["allowed"], told["limit"], told["source"]["plan_key"]) == (False, "5", "pro")
    assert (quota["allowed"], quota["remaining"], quota["source"]["plan_key"]) == (
        True,
        "1",
        "post",
    )


async def test_a_refusal_names_the_cheapest_plan_of_the_line_that_would_allow_it(
    world: World,
) -> None:
    house = await House.open(world)
    await house.plan("free", seats(1), fee="0")
    await house.plan("small", seats(2), fee="5")
    await house.plan("max", seats(50), SSO, fee="99")
    await house.plan("team", seats(10), fee="20")
    await house.plan("mailer", seats(10), SSO, fee="1", product="mail")
    unheld = upgrade_of(await house.check("sso"))
    await house.staff("assign_plan", plan_key="free")

    told = await house.check("seats", quantity=3)

    assert told["upgrade"] == {
        "plan_key": "team",
        "plan_name": "Team",
        "plan_version": 1,
        "product_key": "app",
        "gives": {"enabled": True, "limit": "10", "per": None},
    }
    assert upgrade_of(await house.check("sso")) == "max"
    assert upgrade_of(await house.check("seats", quantity=51)) is None
    assert unheld == "mailer", "who holds no plan may take any"


async def test_a_plan_that_is_archived_keeps_its_holders_and_is_no_hint(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(5))
    await house.plan("max", SSO)
    await house.staff("assign_plan", plan_key="pro")
    hinted = upgrade_of(await house.check("sso"))
    async with world.database.begin(OPERATOR) as work:
        for key in ("pro", "max"):
            await catalog.archive_plan(work, key)

    assert hinted == "max"
    assert upgrade_of(await house.check("sso")) is None
    assert await house.says("seats") == (True, "included")
    refused = await house.perform("assign_plan", OPERATOR, project_id=PROJECT, plan_key="max")
    assert isinstance(refused.error, catalog.PlanArchived)


async def test_a_list_tells_of_every_feature_that_anybody_mentions_page_by_page(
    world: World,
) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(5), calls(3))
    await house.staff("assign_plan", plan_key="pro")
    await house.staff(
        "set_entitlement_override", feature_key="sso", mode="deny", reason="Not for them"
    )

    first = await house.ask("list_entitlements", agent(Role.VIEWER), limit=2)
    rest = await house.ask("list_entitlements", agent(Role.VIEWER), cursor=first["next_cursor"])

    assert (keys(first["items"]), keys(rest["items"])) == (["calls", "seats"], ["sso"])
    assert [each["allowed"] for each in (*first["items"], *rest["items"])] == [True, True, False]
    assert rest["next_cursor"] is None


async def test_another_customers_project_is_not_found_and_a_scope_is_asked_for(
    world: World,
) -> None:
    house = await House.open(world)
    await house.project(OTHER)
    await house.plan("pro", seats(5))
    sent = {"feature_key": "seats"}

    stranger = await house.perform("check_entitlement", agent(), project_id=OTHER, **sent)
    listed = await house.perform("list_plan_assignments", agent(), project_id=OTHER)
    unscoped = replace(agent(Role.VIEWER), scopes=frozenset({"metering:write"}))
    without = await house.perform("check_entitlement", unscoped, **sent)
    viewer = await house.perform("use_entitlement", agent(Role.VIEWER), event_id="a", **sent)
    member = await house.perform("assign_plan", agent(Role.OWNER), plan_key="pro")

    assert isinstance(stranger.error, ProjectNotFound)
    assert isinstance(listed.error, ProjectNotFound)
    assert isinstance(without.error, ScopeRequired)
    assert isinstance(viewer.error, NotAllowed)
    assert isinstance(member.error, NotAllowed)


async def test_why_an_exception_was_made_is_told_to_staff_alone(world: World) -> None:
    house = await House.open(world)
    await house.staff(
        "set_entitlement_override", feature_key="sso", mode="grant", reason="They threatened us"
    )
    sent = {"feature_key": "sso", "project_id": PROJECT}

    staff = await house.ask("check_entitlement", AUDITOR, **sent)
    customer = await house.check("sso")

    assert staff["source"]["override_reason"] == "They threatened us"
    assert customer["source"] == staff["source"] | {"override_reason": None}
    assert customer["reason"] == "granted_by_override"


async def test_a_feature_that_is_archived_stays_with_who_holds_it(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", SSO)
    await house.staff("assign_plan", plan_key="pro")
    async with world.database.begin(OPERATOR) as work:
        await catalog.archive_feature(work, "sso")

    assert await house.says("sso") == (True, "included")


async def test_a_check_that_is_repeated_reads_a_stamp_a_time_zone_and_sums_alone(
    world: World,
) -> None:
    house = await House.open(world)
    await house.plan("pro", calls(3))
    await house.staff("assign_plan", plan_key="pro")
    await house.check("calls")
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.extend(re.findall(r"\b(?:from|join) (\w+)", statement.lower()))

    await house.record("now")
    event.listen(world.engines.reader.sync_engine, "before_cursor_execute", note)
    told = await house.check("calls")

    ours = {each for each in asked if each.startswith(("entitlements_", "catalog_", "metering_"))}
    assert told["used"] == "1"
    assert ours == {"entitlements_standings", "metering_rollups"}
    assert asked.count("entitlements_standings") == 1


async def test_a_no_costs_as_few_statements_with_ten_plans_on_sale_as_with_one(
    world: World,
) -> None:
    house = await House.open(world)
    await house.plan("pro", calls(1))
    await house.plan("max", calls(9), fee="90")
    await house.staff("assign_plan", plan_key="pro")
    await house.use("one")

    async def asked() -> tuple[str | None, int]:
        await house.check("calls")
        async with statements(world.engines) as sent:
            told = await house.check("calls")
        return upgrade_of(told), len(sent)

    among_one = await asked()
    for n in range(1, 10):
        await house.plan(f"max{n}", calls(n), fee=f"{90 - n}")
        await house.next_version(f"max{n}", calls(9 * n), fee=f"{90 - n}")

    assert among_one[0] == "max"
    assert await asked() == ("max9", among_one[1])
