"""Who holds which plan: one of each product line, until it ends, is withdrawn or replaced."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from core import catalog, entitlements
from core.entitlements import tables
from core.entitlements.operations import list_entitlements
from core.kernel.caller import Role
from core.kernel.ids import compose
from core.operations.errors import InvalidRequest
from core.operations.given import giving
from core.operations.perform import Call
from tests.core.entitlements.house import SSO, House, calls, seats
from tests.world import AUDITOR, OPERATOR, PROJECT, START, World, agent

pytestmark = pytest.mark.anyio

OTHER = compose("prj", 2)


async def held(house: House, **sent: Any) -> list[tuple[str, int, str | None]]:
    """What the project holds and held: plan, version, and why it was closed."""
    told = await house.ask("list_plan_assignments", agent(Role.VIEWER), **sent)
    return [(each["plan_key"], each["plan_version"], each["closed_for"]) for each in told["items"]]


async def subscribe(house: House, version: catalog.PlanVersion, source: str) -> None:
    async with house.world.database.begin(OPERATOR) as work:
        await entitlements.assign(work, PROJECT, version, source=source, anchor_at=work.now)


async def test_another_plan_of_the_line_takes_the_place_of_the_one_before(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(5))
    await house.plan("max", seats(9))
    await house.plan("post", SSO, product="mail")
    for key in ("pro", "post", "max"):
        await house.staff("assign_plan", plan_key=key)

    assert sorted(await held(house)) == [("max", 1, None), ("post", 1, None)]
    assert (await held(house, include_closed=True))[0] == ("pro", 1, "replaced")
    assert (await house.check("seats"))["limit"] == "9"


async def test_of_ten_who_assign_at_once_one_plan_is_held_in_the_end(world: World) -> None:
    house = await House.open(world)
    for n in range(10):
        await house.plan(f"plan{n}", seats(n + 1))

    outcomes = await asyncio.gather(
        *(
            house.perform("assign_plan", OPERATOR, project_id=PROJECT, plan_key=f"plan{n}")
            for n in range(10)
        )
    )

    assert [each.error for each in outcomes] == [None] * 10
    assert len(await held(house)) == 1
    assert len(await held(house, include_closed=True)) == 10


async def test_of_ten_who_assign_the_same_at_once_one_does(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(5))

    told = await asyncio.gather(*(house.staff("assign_plan", plan_key="pro") for _ in range(10)))

    assert len({each["id"] for each in told}) == 1
    assert await held(house, include_closed=True) == [("pro", 1, None)]


async def test_the_database_itself_holds_one_plan_of_a_line_at_most(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", seats(5))
    await house.staff("assign_plan", plan_key="pro")

    async def write_another() -> None:
        async with world.database.begin(OPERATOR) as work:
            row = (await work.execute(select(tables.assignments))).mappings().one()
            again = dict(row) | {"id": work.ids.new("asg")}
            await work.execute(insert(tables.assignments), again)

    with pytest.raises(IntegrityError):
        await write_another()


async def test_a_plan_ends_at_its_instant(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", SSO)
    ends_at = START + timedelta(hours=1)
    await house.staff("assign_plan", plan_key="pro", ends_at=ends_at.isoformat())
    world.clock.instant = ends_at - timedelta(microseconds=1)
    before = await house.says("sso")
    world.clock.instant = ends_at

    assert before == (True, "included")
    assert await house.says("sso") == (False, "no_plan")
    assert await held(house) == []
    again = await house.staff("assign_plan", plan_key="pro")
    assert (again["active"], again["starts_at"]) == (True, "2026-11-20T10:00:00Z")


async def test_what_was_given_by_a_faster_clock_is_held(world: World) -> None:
    """A call that was on its way when another plan was committed is not told that there is none."""
    house = await House.open(world)
    await house.plan("pro", calls(1, "billing_period"), seats(5))
    await house.plan("max", calls(9, "billing_period"), seats(50))
    first = await house.staff("assign_plan", plan_key="pro")
    world.clock.advance(seconds=-1)

    assert await house.says("seats") == (True, "included")
    assert (await house.use("one")).error is None
    assert isinstance((await house.use("two")).error, entitlements.QuotaExhausted)
    [listed] = (await house.staff("list_plan_assignments"))["items"]
    assert listed["active"]
    again = await house.staff("assign_plan", plan_key="pro", version=1)
    assert again["id"] == first["id"]
    # It is taken for what was held before, with its periods.
    second = await house.staff("assign_plan", plan_key="max", version=1)
    assert second["anchor_at"] == first["anchor_at"]
    await house.staff("withdraw_plan", product_key="app")
    assert await house.says("seats") == (False, "no_plan")


async def test_another_plan_keeps_the_billing_periods_of_the_one_before(world: World) -> None:
    """Who changes plans back and forth does not begin a quota anew."""
    house = await House.open(world)
    await house.plan("pro", calls(1, "billing_period"))
    await house.plan("max", calls(1, "billing_period"))
    await house.staff("assign_plan", plan_key="pro")
    await house.use("a")
    world.clock.advance(days=1)

    await house.staff("assign_plan", plan_key="max")
    kept = await house.says("calls")
    await house.staff("assign_plan", plan_key="pro", anchor_at="2026-11-21T08:00:00Z")

    assert kept == (False, "quota_exhausted")
    assert await house.says("calls") == (True, "included")


async def test_withdrawn_it_is_held_no_more_and_cannot_be_withdrawn_again(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", SSO)
    await house.staff("assign_plan", plan_key="pro")

    told = await house.staff("withdraw_plan", product_key="app")
    again = await house.perform("withdraw_plan", OPERATOR, project_id=PROJECT, product_key="app")

    assert (told["active"], told["closed_for"]) == (False, "withdrawn")
    assert await house.says("sso") == (False, "no_plan")
    assert isinstance(again.error, entitlements.PlanNotHeld)


async def test_what_a_subscription_holds_is_changed_by_that_subscription_alone(
    world: World,
) -> None:
    house = await House.open(world)
    pro = await house.plan("pro", SSO)
    small = await house.plan("small")
    await house.staff("assign_plan", plan_key="pro")
    await subscribe(house, small, "subscription:one")

    for name, sent in (
        ("assign_plan", {"plan_key": "pro"}),
        ("withdraw_plan", {"product_key": "app"}),
    ):
        refused = await house.perform(name, OPERATOR, project_id=PROJECT, **sent)
        assert isinstance(refused.error, entitlements.PlanHeldBySubscription)
        assert refused.error.facts == {"product_key": "app", "source": "subscription:one"}
    with pytest.raises(entitlements.PlanHeldBySubscription):
        await subscribe(house, pro, "subscription:two")

    await subscribe(house, pro, "subscription:one")
    assert await held(house) == [("pro", 1, None)]
    async with world.database.begin(OPERATOR) as work:
        await entitlements.withdraw(work, PROJECT, "app", source="subscription:one")
    assert await held(house) == []


async def test_staff_see_all_holders_page_by_page_and_customers_not_who_assigned(
    world: World,
) -> None:
    house = await House.open(world)
    await house.project(OTHER)
    await house.plan("pro", SSO)
    await house.plan("max", SSO)
    await house.staff("assign_plan", plan_key="pro")
    await house.staff("assign_plan", plan_key="pro", project_id=OTHER)

    first = await house.ask("list_plan_assignments", AUDITOR, plan_key="pro", limit=1)
    rest = await house.ask(
        "list_plan_assignments", AUDITOR, plan_key="pro", cursor=first["next_cursor"]
    )
    none = await house.ask("list_plan_assignments", AUDITOR, plan_key="max")
    own = await house.ask("list_plan_assignments", agent(Role.VIEWER))

    seen = [(each["project_id"], each["assigned_by"]) for each in first["items"] + rest["items"]]
    assert seen == [(PROJECT, "key:operator"), (OTHER, "key:operator")]
    assert none["items"] == []
    assert [(each["project_id"], each["assigned_by"]) for each in own["items"]] == [(PROJECT, None)]


async def test_the_catalog_is_told_who_holds_a_version(world: World) -> None:
    house = await House.open(world)
    await house.project(OTHER)
    version = await house.plan("pro", SSO)
    for project_id in (PROJECT, OTHER):
        await house.staff("assign_plan", plan_key="pro", project_id=project_id)
    ended = await house.plan("trial", product="mail")
    await house.staff("assign_plan", plan_key="trial", ends_at="2026-11-20T09:30:00Z")
    world.clock.advance(hours=1)

    async with world.database.read(OPERATOR) as work:
        holders = entitlements.Holders()
        assert await holders.count(work, [version.id, ended.id]) == {version.id: 2}
        assert await holders.after(work, version.id, None, 1) == [PROJECT]
        assert await holders.after(work, version.id, PROJECT, 9) == [OTHER]
        assert await holders.after(work, ended.id, None, 9) == []


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"ends_at": "2026-11-20T09:00:00Z"}, "ends_at"),
        ({"ends_at": "2200-01-01T00:00:00Z"}, "ends_at"),
        ({"anchor_at": "1999-12-31T23:59:59Z"}, "anchor_at"),
    ],
)
async def test_an_instant_that_cannot_be_meant_is_refused_by_its_name(
    world: World, sent: dict[str, str], field: str
) -> None:
    house = await House.open(world)
    await house.plan("pro", SSO)

    refused = await house.perform(
        "assign_plan", OPERATOR, project_id=PROJECT, plan_key="pro", **sent
    )

    assert isinstance(refused.error, InvalidRequest)
    assert [each["field"] for each in refused.error.problems] == [field]
    assert await held(house) == []


async def test_a_process_sees_at_once_what_another_one_changed(world: World) -> None:
    """Each has a memory of its own, and neither is told of anything."""
    house = await House.open(world)
    await house.plan("pro", SSO)
    other = World.open(world.url, world.gate.find_project)
    # What it writes down of its calls must not get the identifiers of the first one's.
    other.clock.advance(seconds=1)
    call = Call(caller=agent(Role.VIEWER), arguments={}, door="test")

    async def seen() -> list[bool]:
        told = (await other.gate.perform(list_entitlements, call)).unwrap()
        return [each["allowed"] for each in told["items"]]

    history = [await seen()]
    await house.staff("assign_plan", plan_key="pro")
    history += [await seen(), await seen()]
    no = {"feature_key": "sso", "mode": "deny", "reason": "A test"}
    await house.staff("set_entitlement_override", **no)
    history.append(await seen())
    await house.staff("remove_entitlement_override", feature_key="sso")
    history.append(await seen())
    await house.staff("withdraw_plan", product_key="app")
    history.append(await seen())
    await other.close()

    assert history == [[], [True], [True], [False], [True], []]


async def test_what_was_rolled_back_is_remembered_by_nobody(world: World) -> None:
    house = await House.open(world)
    await house.plan("pro", SSO)
    await house.staff("assign_plan", plan_key="pro")
    max_plan = await house.plan("max", seats(3))

    class Stop(Exception):
        pass

    async def change_and_fail() -> None:
        with giving(world.gate.given):
            async with world.database.begin(OPERATOR) as work:
                work.found_project_id = PROJECT
                await entitlements.assign(work, PROJECT, max_plan, source="operator")
                seen = (await entitlements.held_by(work)).active(work.now)
                assert [each.version.id for each in seen] == [max_plan.id]
                raise Stop

    with pytest.raises(Stop):
        await change_and_fail()

    assert await house.says("sso") == (True, "included")
    assert await held(house) == [("pro", 1, None)]
