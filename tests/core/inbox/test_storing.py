"""What is told is kept once, by its own name, however often and by however many it is told."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from core import inbox
from core.inbox import Endpoint, Intake, tables
from core.jobs import tables as job_tables
from core.kernel.caller import SYSTEM
from core.kernel.errors import Busy
from tests.core.inbox.office import Marking, office, paid
from tests.counting import statements
from tests.effects import marks
from tests.world import World

pytestmark = pytest.mark.anyio


def told(event_id: str, **fields: Any) -> inbox.Delivery:
    return inbox.read_event(paid(event_id, **fields), Endpoint.SNAPSHOT)


async def counted(world: World) -> tuple[int, int]:
    """Return how many events there are, and how many jobs."""
    async with world.database.read(SYSTEM) as work:
        events = (await work.execute(select(func.count()).select_from(tables.events))).scalar_one()
        of_jobs = select(func.count()).select_from(job_tables.jobs)
        return events, (await work.execute(of_jobs)).scalar_one()


async def test_an_event_is_kept_with_what_is_known_of_it_and_waits(world: World) -> None:
    here = office(world)
    assert await here.deliver(paid("evt_1", about="pi_7", seconds=-60)) == {"evt_1"}

    event = await here.event()
    assert event.state is inbox.State.WAITING
    assert (event.type, event.object_id) == ("payment_intent.succeeded", "pi_7")
    assert (event.api_version, event.livemode) == ("2026-10-28.endive", False)
    assert event.received_at == world.clock.now()
    assert (event.received_at - event.occurred_at).total_seconds() == 60
    assert event.snapshot["amount"] == 500
    assert (event.attempt, event.replays, event.error) == (0, 0, None)


async def test_what_is_told_again_is_not_kept_again_nor_changes_what_was_kept(
    world: World,
) -> None:
    here = office(world)
    await here.deliver(paid("evt_1"))
    again = await here.deliver(paid("evt_1", amount=1), paid("evt_2"), paid("evt_2"))

    assert again == {"evt_2"}
    assert (await here.event()).snapshot["amount"] == 500
    assert await counted(world) == (2, 2)


async def test_of_ten_who_tell_one_event_at_once_one_tells_something_new(world: World) -> None:
    # Ten processes, each with an intake of its own.
    intakes = [Intake(world.database) for _ in range(10)]
    delivery = told("evt_1")

    new = await asyncio.gather(*(each.receive(delivery, 100) for each in intakes))

    assert Counter(new) == {True: 1, False: 9}
    assert await counted(world) == (1, 1)


async def test_of_ten_told_to_one_process_at_once_one_is_new(world: World) -> None:
    intake, delivery = Intake(world.database), told("evt_1")

    new = await asyncio.gather(*(intake.receive(delivery, 100) for _ in range(10)))

    assert Counter(new) == {True: 1, False: 9}
    assert await counted(world) == (1, 1)


async def test_what_comes_at_once_is_committed_at_once(world: World) -> None:
    intake = Intake(world.database)
    async with statements(world.engines) as sent:
        new = await asyncio.gather(*(intake.receive(told(f"evt_{n}"), 100) for n in range(100)))

    assert all(new)
    events = [each for each in sent if "into inbox_events" in each]
    of_jobs = [each for each in sent if "into jobs_jobs" in each]
    assert (len(events), len(of_jobs)) == (1, 1)
    assert await counted(world) == (100, 100)


async def test_one_that_no_database_can_hold_does_not_take_the_others_with_it(
    world: World,
) -> None:
    intake = Intake(world.database)
    broken: Mapping[str, Any] = {"text": "a\x00b", "half": "\ud800"}
    deliveries = [told("evt_1"), replace(told("evt_2"), payload=broken), told("evt_3")]

    new = await asyncio.gather(
        *(intake.receive(each, 100) for each in deliveries), return_exceptions=True
    )

    assert new[0] is True
    assert new[2] is True
    assert isinstance(new[1], Exception)
    assert not isinstance(new[1], Busy)
    assert await counted(world) == (2, 2)


async def test_more_than_may_wait_is_told_to_come_again(world: World) -> None:
    intake = Intake(world.database)
    half = inbox.storing.WAITING_BYTES_MAX // 2

    new = await asyncio.gather(
        *(intake.receive(told(f"evt_{n}"), half) for n in range(3)), return_exceptions=True
    )

    assert new[:2] == [True, True]
    assert isinstance(new[2], Busy)
    assert await intake.receive(told("evt_2"), half) is True, "what was stored waits no more"


async def test_what_was_kept_in_a_unit_that_failed_is_new_to_the_next(world: World) -> None:
    here = office(world, Marking())

    async def store_and_fail() -> None:
        async with world.database.begin(SYSTEM) as work:
            await inbox.store(work, [told("evt_1")])
            raise LookupError

    with pytest.raises(LookupError):
        await store_and_fail()
    assert await counted(world) == (0, 0)

    assert await here.deliver(paid("evt_1")) == {"evt_1"}
    await here.hear()
    assert await marks(world) == ["evt_1"]
