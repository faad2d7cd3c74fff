"""What a change of prices would do to real customers."""

from dataclasses import replace
from typing import Any

import pytest

from core.kernel.caller import Role
from core.kernel.ids import compose
from core.metering import meters
from core.quoting import plan_operations
from tests.core.catalog.shop import meter
from tests.core.quoting.stage import CALLS, FEE, OCTOBER, SETUP, Stage, priced
from tests.counting import statements
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio

SIMULATE = plan_operations.simulate_price_change
P1, P2, P3, P4 = (compose("prj", n) for n in (1, 2, 3, 4))


@pytest.fixture
async def stage(world: World) -> Stage:
    """Three projects that used 1, 10 and 40 calls, one that used nothing, and a dearer draft."""
    stage = await Stage.open(world)
    for number, calls in ((1, 1), (2, 10), (3, 40), (4, 0)):
        await stage.project(number, calls=calls)
    await stage.plan(
        priced(FEE, model="flat", amount="10"), priced(CALLS, model="per_unit", unit="1")
    )
    await stage.draft(
        priced(FEE, model="flat", amount="5"),
        priced(CALLS, model="per_unit", unit="1.50"),
        priced(SETUP, model="flat", amount="500"),
    )
    return stage


def changes(told: dict[str, Any]) -> list[tuple[str, int, str, str, str]]:
    return [
        (each["project_id"], each["from_version"], each["before"], each["after"], each["change"])
        for each in told["largest"]
    ]


async def test_a_draft_is_held_against_what_everybody_used(stage: Stage) -> None:
    told = await stage.simulate()

    assert changes(told) == [
        (P3, 1, "50.00", "65.00", "15.00"),
        (P1, 1, "11.00", "6.50", "-4.50"),
    ]
    assert {name: told[name] for name in told.keys() - {"largest"}} == {
        "plan_key": "pro",
        "to_version": 2,
        "to_draft": True,
        "currency": "USD/2",
        **OCTOBER,
        "compared": "users",
        "projects": 3,
        "winners": 1,
        "losers": 1,
        "unchanged": 1,
        "before_total": "81.00",
        "after_total": "91.50",
        "change_total": "10.50",
        "not_rated": [],
        "not_rated_count": 0,
        "next_cursor": None,
    }


async def test_each_project_is_told_as_previews_tell_it(stage: Stage) -> None:
    told = await stage.simulate()

    for project_id, _, before, after, _ in changes(told):
        now = await stage.cost(project_id=project_id)
        then = await stage.cost(project_id=project_id, draft=True)
        assert (now["total"], then["recurring"], then["usage"]) == (
            before,
            "5.00",
            f"{float(after) - 5:.2f}",
        )


async def test_who_holds_the_plan_changes_from_the_version_they_hold(stage: Stage) -> None:
    first = await stage.catalog.on_sale()
    second = await stage.catalog.publish()
    await stage.draft(priced(FEE, model="flat", amount="7"))
    stage.held.by_version = {first.id: [P4, P2], second.id: [P1]}

    told = await stage.simulate()

    assert (told["compared"], told["projects"], told["to_version"]) == ("holders", 3, 3)
    assert changes(told) == [
        (P2, 1, "20.00", "7.00", "-13.00"),
        (P4, 1, "10.00", "7.00", "-3.00"),
        (P1, 2, "6.50", "7.00", "0.50"),
    ]


async def test_one_version_is_held_against_another(stage: Stage) -> None:
    await stage.catalog.publish()

    told = await stage.simulate(from_version=2, to_version=1, limit=1)

    assert changes(told) == [(P3, 2, "65.00", "50.00", "-15.00")]
    assert (told["to_draft"], told["winners"], told["losers"]) == (False, 1, 1)


async def test_portions_of_projects_add_up_to_all_of_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await stage.simulate()
    monkeypatch.setattr(plan_operations, "AT_ONCE", 1)
    first = await stage.catalog.on_sale()
    for held in ({}, {first.id: [P1, P2, P3]}):
        stage.held.by_version = held
        told, portions = await stage.simulate(), []
        while told["next_cursor"]:
            portions.append(told)
            told = await stage.simulate(cursor=told["next_cursor"])
        portions.append(told)

        assert len(portions) > 3
        for name in ("projects", "winners", "losers", "unchanged"):
            assert sum(each[name] for each in portions) == whole[name]
        change = sum(float(each["change_total"]) for each in portions)
        assert change == float(whole["change_total"])


async def test_the_next_portion_is_told_though_all_holders_of_the_last_version_have_gone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_operations, "AT_ONCE", 1)
    first = await stage.catalog.on_sale()
    second = await stage.catalog.publish()
    stage.held.by_version = {second.id: [P3], first.id: [P1]}
    await stage.catalog.change("pro", items=[priced(FEE, model="flat", amount="1")])
    portion = await stage.simulate()

    stage.held.by_version = {first.id: [P1]}
    rest = await stage.simulate(cursor=portion["next_cursor"])

    assert [changes(each)[0][:2] for each in (portion, rest)] == [(P3, 2), (P1, 1)]


async def test_sums_are_read_for_all_projects_in_one_statement(stage: Stage) -> None:
    async with statements(stage.world.engines) as few:
        await stage.simulate()
    for number in range(5, 25):
        await stage.project(number, calls=1)
    async with statements(stage.world.engines) as many:
        told = await stage.simulate()

    assert told["projects"] == 23
    assert len(many) == len(few)


async def test_a_price_that_needs_more_than_sums_is_read_project_by_project(stage: Stage) -> None:
    await stage.draft(
        priced(CALLS, model="percentage", percent="100", free_events=2),
    )

    told = await stage.simulate()

    assert sorted(changes(told)) == [
        (P1, 1, "11.00", "0.00", "-11.00"),
        (P2, 1, "20.00", "8.00", "-12.00"),
        (P3, 1, "50.00", "38.00", "-12.00"),
    ]


async def test_a_level_that_lasts_from_before_is_used_in_the_period(stage: Stage) -> None:
    async with stage.world.database.begin(OPERATOR) as work:
        await meters.create(work, meter(work, "disks", "weighted_sum"))
    # Reached on the day before, and raised by nobody since.
    await stage.use(P4, "disks", {"quantity": "2"})
    stage.world.clock.advance(days=2)
    disks = {"key": "disks", "name": "Disks", "kind": "usage", "meter_key": "disks"}
    await stage.plan(priced(disks, model="per_unit", unit="1"), key="disks")
    await stage.draft(priced(disks, model="per_unit", unit="2"), key="disks")
    day = {"start_at": "2026-11-20T00:00:00Z", "end_at": "2026-11-21T00:00:00Z"}

    told = await stage.simulate("disks", **day)

    assert changes(told) == [(P4, 1, "2.00", "4.00", "2.00")]


async def test_a_project_that_cannot_be_rated_is_named_and_in_no_total(stage: Stage) -> None:
    await stage.draft(
        priced(CALLS, model="capacity", tiers=[{"up_to": "20", "price": "9"}]),
    )

    told = await stage.simulate()

    assert told["not_rated"] == [
        {
            "project_id": P3,
            "code": "quantity_too_large",
            "reason": "items.calls.quantity must not be more than 20: "
            "the price says nothing of more.",
        }
    ]
    assert (told["projects"], told["not_rated_count"], told["before_total"]) == (3, 1, "31.00")


async def test_only_staff_simulate_and_those_of_one_project_see_that_project_alone(
    stage: Stage,
) -> None:
    first = await stage.catalog.on_sale()
    bound = replace(OPERATOR, project_id=P2)
    for held in ({}, {first.id: [P1, P2, P3]}, {first.id: [P1, P3]}):
        stage.held.by_version = held
        told = await stage.simulate(caller=bound)
        assert {each["project_id"] for each in told["largest"]} <= {P2}
        assert told["projects"] == (0 if held.get(first.id) == [P1, P3] else 1)
        assert told["next_cursor"] is None

    assert (await stage.simulate(caller=AUDITOR))["projects"] == 2
    refused = await stage.refusal(SIMULATE, caller=agent(Role.OWNER), plan_key="pro")
    assert refused == "not_allowed"


async def test_what_cannot_be_simulated_is_refused_by_its_path(stage: Stage) -> None:
    await stage.plan(priced(FEE, model="flat", amount="1"), key="calm")
    for told, sent in {
        "plan_version_not_found": {"plan_key": "calm"},
        "plan_not_found": {"plan_key": "none"},
        "no_price_in_currency": {"currency": "EUR/2"},
        "invalid_request start_at": {"start_at": "2026-10-20T00:01:00Z"},
        "invalid_cursor cursor": {"cursor": "bm90IG91cnM"},
    }.items():
        assert await stage.refusal(SIMULATE, **{"plan_key": "pro", **OCTOBER, **sent}) == told
