"""An advance is one at a time, goes on after a crash, and refuses what cannot be."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clocks, jobs, surface
from core.clocks import InTestMode, advancing, keeping
from core.db.work import Work
from core.jobs import job
from core.kernel.caller import SYSTEM
from core.messaging import Event, Subscription
from tests.core.clocks.lab import Lab
from tests.core.subscriptions.counter import day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio
HERE = day("2026-11-20T09:00")
LATER = HERE + timedelta(days=100)


async def test_what_an_advance_tells_and_asks_for_is_done_before_the_next_step(
    world: World,
) -> None:
    seen: list[tuple[str, datetime]] = []

    @job("test_note")
    async def note(work: Work, *, what: str) -> None:
        seen.append((f"did {what}", work.now))

    async def hear(work: Work, event: Event) -> None:
        seen.append((event.type, work.now))
        await jobs.enqueue(work, note, key=event.id, what=event.type)

    lab = await Lab.open(world, at=HERE)
    lab.consumers = [Subscription("test", ("subscription.renewed",), hear)]
    lab.more_jobs = [note]
    await lab.counter.plan("small", "31")
    await lab.counter.subscribe("small")

    await lab.advance(by={"months": 2})

    first, second = day("2026-12-20T09:00"), day("2027-01-20T09:00")
    assert seen == [
        ("subscription.renewed", first),
        ("did subscription.renewed", first),
        ("subscription.renewed", second),
        ("did subscription.renewed", second),
    ]


async def test_while_a_clock_is_advanced_nobody_else_changes_the_project(world: World) -> None:
    lab = await Lab.open(world, at=HERE)
    begun = await lab.must("advance_test_clock", project_id=PROJECT, to=LATER.isoformat())
    assert datetime.fromisoformat(begun["advancing_to"]) == LATER
    use = {"event_id": "use-1", "meter_key": "steps"}
    meter = {"key": "steps", "name": "Steps", "aggregation": "count", "unit": "step"}
    await lab.must("create_meter", **meter, price="0", asset="CREDIT/6")

    refused = [
        await lab.ask("advance_test_clock", project_id=PROJECT, by={"days": 1}),
        await lab.ask("delete_test_clock", project_id=PROJECT),
        await lab.ask("charge_usage", project_id=PROJECT, **use),
        await lab.ask("update_project", project_id=PROJECT, name="Renamed"),
    ]

    assert {each.error.code for each in refused if each.error} == {"test_clock_advancing"}
    assert len([each for each in refused if each.error]) == 4
    wallet = {"project_id": PROJECT, "wallet_id": lab.counter.wallet_id}
    assert datetime.fromisoformat((await lab.must("check_balance", **wallet))["as_of"]) == HERE
    await lab.work()
    assert datetime.fromisoformat((await lab.clock())["shows_at"]) == LATER
    await lab.must("charge_usage", project_id=PROJECT, **use)


async def test_an_advance_that_dies_half_way_goes_on_from_where_it_came_to(world: World) -> None:
    lab = await Lab.open(world, at=HERE)
    await lab.counter.plan("small", "31")
    one = await lab.counter.subscribe("small")
    dies = [True]

    async def never(work: Work) -> datetime | None:
        if work.now > HERE + timedelta(days=50) and dies:
            dies.pop()
            raise ConnectionError
        return None

    async def nothing(work: Work) -> None:
        """There is nothing to do."""

    lab.falling_due = (*surface.FALLING_DUE, clocks.FallsDue("dying", never, nothing))
    stopped = await lab.advance(to=LATER.isoformat())
    assert HERE < datetime.fromisoformat(stopped["shows_at"]) < LATER
    assert datetime.fromisoformat(stopped["advancing_to"]) == LATER

    world.clock.advance(seconds=10)
    await lab.work()

    assert datetime.fromisoformat((await lab.clock())["shows_at"]) == LATER
    assert [start for _, start, _ in await lab.counter.told(one)] == [
        *("2026-11-20", "2026-12-20", "2027-01-20", "2027-02-20"),
    ]


async def test_what_fails_every_time_stops_the_clock_and_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advancing, "SAME_MAX", 30)
    lab = await Lab.open(world, at=HERE)
    at = HERE + timedelta(days=3)

    async def always(work: Work) -> datetime | None:
        return at

    async def nothing(work: Work) -> None:
        """It is due all the same."""

    lab.falling_due = [clocks.FallsDue("endless", always, nothing)]
    await lab.must("advance_test_clock", project_id=PROJECT, to=LATER.isoformat())
    for _ in range(4):
        await lab.work()
        world.clock.advance(seconds=20)

    shown = await lab.clock()
    assert (shown["advancing_to"], datetime.fromisoformat(shown["shows_at"])) == (None, at)
    assert shown["stopped_because"].startswith("test_clock_stuck: ")
    lab.falling_due = surface.FALLING_DUE
    assert (await lab.advance(to=LATER.isoformat()))["stopped_because"] is None


async def test_what_was_begun_before_is_committed_before_the_clock_moves(world: World) -> None:
    lab = await Lab.open(world, at=HERE)

    async def move() -> None:
        async with world.database.begin(SYSTEM) as beside:
            here = beside.within(PROJECT)
            await keeping.find(here, lock=True)
            await keeping.change(here, shows_at=LATER)

    async with world.database.begin(SYSTEM) as work:
        work.found_project_id = PROJECT
        await work.keep_time()
        moving = asyncio.create_task(move())
        moved, _ = await asyncio.wait({moving}, timeout=1)
        assert work.now == HERE
    await moving

    assert moved == set()
    assert datetime.fromisoformat((await lab.clock())["shows_at"]) == LATER


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("advance_test_clock", {"to": HERE.isoformat()}, "test_clock_goes_forward"),
        ("advance_test_clock", {"by": {"days": 0}}, "test_clock_goes_forward"),
        ("advance_test_clock", {"to": "2040-01-01T00:00:00Z"}, "test_clock_too_far"),
        ("advance_test_clock", {}, "invalid_request"),
        ("create_test_clock", {}, "test_clock_exists"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_moves(
    world: World, name: str, said: dict[str, Any], code: str
) -> None:
    lab = await Lab.open(world, at=HERE)
    before = await lab.clock()

    refused = await lab.ask(name, project_id=PROJECT, **said)

    assert refused.error
    assert refused.error.code == code
    assert await lab.clock() == before


async def test_a_clock_is_deleted_only_while_it_is_not_ahead_of_real_time(world: World) -> None:
    lab = await Lab.open(world, at=HERE)
    await lab.advance(by={"days": 2})
    refused = await lab.ask("delete_test_clock", project_id=PROJECT)
    world.clock.advance(days=3)

    await lab.must("delete_test_clock", project_id=PROJECT)

    assert refused.error
    assert refused.error.code == "test_clock_ahead"
    gone = await lab.ask("get_test_clock", project_id=PROJECT)
    assert gone.error
    assert gone.error.code == "test_clock_not_found"
    async with world.database.read(SYSTEM) as work:
        assert work.within(PROJECT).now == world.clock.now()


async def test_where_real_money_may_be_taken_there_are_no_test_clocks(world: World) -> None:
    lab = await Lab.open(world, at=HERE)
    given = {kind: value for kind, value in world.gate.given.items() if kind is not InTestMode}
    world.gate = replace(world.gate, given=given)

    refused = [
        await lab.ask("create_test_clock", project_id=PROJECT),
        await lab.ask("advance_test_clock", project_id=PROJECT, by={"days": 1}),
    ]

    assert [each.error.code for each in refused if each.error] == ["not_in_test_mode"] * 2
