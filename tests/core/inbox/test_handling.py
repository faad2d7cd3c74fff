"""An event is handled in the unit of its effects; what fails is tried again, then parked."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from core import inbox, jobs
from core.inbox import Hearing, State
from core.inbox.jobs import RETRY
from core.jobs import queue
from core.jobs.worker import run_claimed
from core.kernel.caller import SYSTEM
from tests.core.inbox.office import PAID, Marking, Office, office, paid
from tests.effects import leave_mark, marks
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_an_event_is_handled_once_and_says_when(world: World) -> None:
    here = office(world, marking := Marking())
    await here.deliver(paid("evt_1"))
    world.clock.advance(seconds=5)
    assert await here.hear() == 1
    assert await here.hear_to_the_end() == 0

    event = await here.event()
    assert (event.state, event.attempt, event.error) == (State.HANDLED, 0, None)
    assert event.handled_at == event.received_at + timedelta(seconds=5)
    assert (marking.heard, await marks(world)) == (["evt_1"], ["evt_1"])


@pytest.mark.parametrize("dies", ["before", "after", "last"])
async def test_wherever_a_handler_fails_its_effect_happens_once(world: World, dies: str) -> None:
    here = office(world, marking := Marking(failures=3, dies=dies))
    await here.deliver(paid("evt_1"))
    await here.hear()
    assert await marks(world) == []
    failed = await here.event()
    assert (failed.state, failed.attempt, failed.error) == (State.WAITING, 1, "ConnectionError")

    await here.hear_to_the_end()

    assert await marks(world) == ["evt_1"]
    assert len(marking.heard) == 4
    event = await here.event()
    assert (event.state, event.attempt, event.error) == (State.HANDLED, 3, None)


async def test_a_worker_killed_after_the_commit_does_not_have_it_handled_again(
    world: World,
) -> None:
    here = office(world, marking := Marking())
    await here.deliver(paid("evt_1"))
    async with world.database.begin(SYSTEM) as work:
        [claimed] = await queue.claim(work, here.runtime.jobs, 1)
    context = jobs.JobContext(world.database, claimed.id, 1, here.runtime.ports, claimed)
    await inbox.handle_event.handler(context, **claimed.arguments)  # and here the process dies
    assert (await here.event()).state is State.HANDLED

    world.clock.advance(seconds=inbox.handle_event.lease_seconds)
    assert await here.hear() == 1

    assert marking.heard == ["evt_1"]
    assert await marks(world) == ["evt_1"]


async def test_a_worker_that_was_overtaken_leaves_nothing(world: World) -> None:
    other = Marking()

    async def slow(hearing: Hearing) -> None:
        """Be stalled until the lease has run out and somebody else has handled it."""
        here.handlers[PAID] = other
        world.clock.advance(seconds=inbox.handle_event.lease_seconds)
        await here.hear()
        async with hearing.begin() as work:
            await leave_mark(work, "too late")
            await hearing.handled(work)

    here = office(world, slow)
    await here.deliver(paid("evt_1"))
    async with world.database.begin(SYSTEM) as work:
        [claimed] = await queue.claim(work, here.runtime.jobs, 1)
    await run_claimed(here.runtime, claimed)

    assert await marks(world) == ["evt_1"]
    assert (await here.event()).state is State.HANDLED


async def test_what_fails_every_time_is_parked_with_its_error_and_stays(world: World) -> None:
    async def lost(hearing: Hearing) -> None:
        raise inbox.ParentMissing(hearing.event.object_id or "")

    here = office(world, lost)
    await here.deliver(paid("evt_1", about="pi_1"))
    assert await here.hear_to_the_end() == RETRY.attempts

    event = await here.event()
    assert (event.state, event.attempt) == (State.PARKED, RETRY.attempts)
    assert event.error is not None
    assert event.error.startswith("parent_missing: pi_1 is not known here yet")
    assert [each.error for each in await here.buried()] == [event.error]
    async with world.database.read(SYSTEM) as work:
        assert await inbox.backlog(work) == inbox.Backlog(waiting=0, parked=1)


async def test_an_event_that_kills_its_workers_is_parked_too(world: World) -> None:
    here = office(world, Marking())
    await here.deliver(paid("evt_1"))
    for _ in range(RETRY.attempts):
        async with world.database.begin(SYSTEM) as work:
            assert len(await queue.claim(work, here.runtime.jobs, 1)) == 1
        world.clock.advance(seconds=inbox.handle_event.lease_seconds)
    await here.hear()

    event = await here.event()
    assert (event.state, event.error) == (State.PARKED, "WorkersDied")
    assert await marks(world) == []


async def test_what_must_come_first_may_come_later(world: World) -> None:
    known: set[str] = set()

    async def refund(hearing: Hearing) -> None:
        if "pi_1" not in known:
            raise inbox.ParentMissing("pi_1")
        async with hearing.begin() as work:
            await leave_mark(work, "refunded")
            await hearing.handled(work)

    here = office(world, refund)
    await here.deliver(paid("evt_1"))
    await here.hear()
    assert await marks(world) == []

    known.add("pi_1")
    await here.hear_to_the_end()

    assert await marks(world) == ["refunded"]
    assert (await here.event()).state is State.HANDLED


async def test_a_type_that_nobody_handles_is_kept_and_ignored_until_somebody_does(
    world: World,
) -> None:
    here = Office(world)
    await here.deliver(paid("evt_1"))
    assert await here.hear() == 1
    ignored = await here.event()
    assert (ignored.state, ignored.ignored_at) == (State.IGNORED, world.clock.now())
    assert ignored.snapshot["amount"] == 500

    here.handlers[PAID] = Marking()
    await here.replay()
    await here.hear()

    assert (await here.event()).state is State.HANDLED
    assert await marks(world) == ["evt_1"]


async def test_a_handler_may_say_that_an_event_is_none_of_ours(world: World) -> None:
    async def foreign(hearing: Hearing) -> None:
        async with hearing.begin() as work:
            await hearing.ignored(work)

    here = office(world, foreign)
    await here.deliver(paid("evt_1"))
    await here.hear()

    assert (await here.event()).state is State.IGNORED


async def test_a_handler_that_says_nothing_has_not_handled_it(world: World) -> None:
    async def silent(hearing: Hearing) -> None:
        async with hearing.begin() as work:
            await leave_mark(work, "unsaid")

    async def swallowing(hearing: Hearing) -> None:
        with suppress(ConnectionError):
            async with hearing.begin() as work:
                await hearing.handled(work)
                raise ConnectionError  # and the unit is rolled back

    for name, handler in (("evt_1", silent), ("evt_2", swallowing)):
        here = office(world, handler)
        await here.deliver(paid(name))
        await here.hear()

        event = await here.event(name)
        assert (event.state, event.error) == (State.WAITING, "NotSettled"), name


async def test_of_ten_units_that_handle_one_event_at_once_one_has_its_effect(
    world: World,
) -> None:
    here = office(world, Marking())
    await here.deliver(paid("evt_1"))
    async with world.database.begin(SYSTEM) as work:
        [claimed] = await queue.claim(work, here.runtime.jobs, 1)
    event = await here.event()
    context = jobs.JobContext(world.database, claimed.id, 1, here.runtime.ports, claimed)

    async def handle() -> None:
        hearing = Hearing(event, context)
        async with hearing.begin() as work:
            await leave_mark(work, "done")
            await hearing.handled(work)

    ended = await asyncio.gather(*(handle() for _ in range(10)), return_exceptions=True)

    assert [type(each) for each in ended if each] == [inbox.HandledElsewhere] * 9
    assert await marks(world) == ["done"]


async def test_nothing_is_open_while_a_handler_reads_outside(world: World) -> None:
    async def reading(hearing: Hearing) -> None:
        # With a unit open here, on a database with one writer, this one would wait for ever.
        async with asyncio.timeout(5), world.database.begin(SYSTEM) as work:
            await leave_mark(work, hearing.port("outside"))
        async with hearing.begin() as work:
            await hearing.handled(work)

    here = Office(world, {PAID: reading}, {"outside": "read"})
    await here.deliver(paid("evt_1"))
    await here.hear()

    assert await marks(world) == ["read"]
