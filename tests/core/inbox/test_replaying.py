"""An event can be handled again, by hand: what was parked, what waits, what was handled."""

import asyncio

import pytest

from core.inbox import Hearing, State
from core.inbox.jobs import RETRY
from tests.core.inbox.office import PAID, Marking, Office, office, paid
from tests.effects import leave_mark, marks
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_what_was_parked_is_tried_again_with_all_its_attempts(world: World) -> None:
    marking = Marking(failures=RETRY.attempts + 1)
    here = office(world, marking)
    await here.deliver(paid("evt_1"))
    await here.hear_to_the_end()
    assert (await here.event()).state is State.PARKED

    replayed = await here.replay()

    assert (replayed.state, replayed.attempt, replayed.error) == (State.WAITING, 0, None)
    assert await here.buried() == [], "its own job was dug up"
    await here.hear()
    assert (await here.event()).attempt == 1
    await here.hear_to_the_end()
    assert (await here.event()).state is State.HANDLED
    assert await marks(world) == ["evt_1"]


async def test_what_was_handled_is_handled_again_and_again(world: World) -> None:
    here = office(world, marking := Marking())
    await here.deliver(paid("evt_1"))
    await here.hear()
    for n in (1, 2):
        replayed = await here.replay()
        assert (replayed.state, replayed.replays) == (State.WAITING, n)
        assert await here.hear() == 1
        assert (await here.event()).state is State.HANDLED

    assert marking.heard == ["evt_1"] * 3


async def test_what_waits_for_its_next_attempt_is_tried_now(world: World) -> None:
    here = office(world, Marking(failures=1))
    await here.deliver(paid("evt_1"))
    await here.hear()
    assert await here.hear() == 0, "it waits"

    await here.replay()

    assert await here.hear() == 1
    assert (await here.event()).state is State.HANDLED
    assert (await here.event()).replays == 0, "it keeps the job it has"


async def test_what_is_replayed_while_it_is_being_handled_is_handled_in_the_end(
    world: World,
) -> None:
    async def handle(hearing: Hearing) -> None:
        async with hearing.begin() as work:
            await leave_mark(work, f"replay {hearing.event.replays}")
            await hearing.handled(work)
        if not hearing.event.replays:
            # Handled, and its job not yet finished: that job must not count as the new one.
            await here.replay()

    here = Office(world, {PAID: handle})
    await here.deliver(paid("evt_1"))
    await here.hear_to_the_end()

    assert (await here.event()).state is State.HANDLED
    assert await marks(world) == ["replay 0", "replay 1"]


async def test_a_handling_that_began_before_a_replay_of_what_was_settled_does_not_count(
    world: World,
) -> None:
    async def handle(hearing: Hearing) -> None:
        if not hearing.event.replays:
            async with hearing.begin() as work:
                await hearing.ignored(work)
            await here.replay()
        async with hearing.begin() as work:
            await leave_mark(work, f"replay {hearing.event.replays}")
            await hearing.handled(work)

    here = Office(world, {PAID: handle})
    await here.deliver(paid("evt_1"))
    await here.hear_to_the_end()

    assert await marks(world) == ["replay 1"]


async def test_ten_who_replay_one_event_at_once_have_it_handled_and_leave_nothing_waiting(
    world: World,
) -> None:
    here = office(world, Marking())
    await here.deliver(paid("evt_1"))
    await here.hear()

    await asyncio.gather(*(here.replay() for _ in range(10)))
    await here.hear_to_the_end()

    event = await here.event()
    assert (event.state, event.replays) == (State.HANDLED, 1)
    assert await marks(world) == ["evt_1", "evt_1"]


async def test_what_is_replayed_a_moment_before_its_handling_commits_is_handled_again(
    world: World,
) -> None:
    about_to_commit = asyncio.Event()

    async def handle(hearing: Hearing) -> None:
        async with hearing.begin() as work:
            await leave_mark(work, f"replay {hearing.event.replays}")
            await hearing.handled(work)
            if not hearing.event.replays:
                about_to_commit.set()
                await asyncio.sleep(1.0)  # for the replay to begin, and to wait for this unit

    here = Office(world, {PAID: handle})
    await here.deliver(paid("evt_1"))
    hearing = asyncio.create_task(here.hear())
    await about_to_commit.wait()
    await here.replay()
    await hearing
    await here.hear_to_the_end()

    assert (await here.event()).state is State.HANDLED
    assert await marks(world) == ["replay 0", "replay 1"]
