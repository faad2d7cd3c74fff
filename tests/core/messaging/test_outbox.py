"""What was committed is told, at least once, and has its effects exactly once."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from core import messaging
from core.db.bell import Bell, listening
from core.db.work import Work
from core.kernel.caller import SYSTEM
from core.messaging import Event, NotTaken, Relay, Subscription
from core.messaging.relay import BATCH, LEASE_SECONDS, claim, mark
from mcp_server.adapters.local_broker import LocalBroker
from tests.effects import leave_mark, marks
from tests.world import OPERATOR, PROJECT, World, agent

pytestmark = pytest.mark.anyio


@dataclass
class Told:
    """A broker that remembers, and fails as it is told to."""

    events: list[Event] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False
    deaf_to: str = ""

    def wants(self, type: str) -> bool:
        return type != self.deaf_to

    async def publish(self, events: Sequence[Event]) -> Mapping[str, str]:
        if self.away:
            raise NotTaken("nobody is there")
        self.events += [each for each in events if each.type not in self.refuses]
        self.heard.set()
        return {each.id: "not now" for each in events if each.type in self.refuses}

    @property
    def types(self) -> list[str]:
        return [each.type for each in self.events]


class Killed(BaseException):
    """The process is gone: nothing that would have run afterwards runs."""


async def publish(world: World, *types: str) -> list[str]:
    ids = []
    for type_ in types:
        async with world.database.begin(agent()) as work:
            ids.append(await messaging.publish(work, type_, "wal_1", {"amount": "1.00"}))
    return ids


async def publish_and_fail(world: World) -> None:
    async with world.database.begin(OPERATOR) as work:
        await messaging.publish(work, "wallet.credited", "wal_1", {})
        raise LookupError


async def backlog(world: World) -> messaging.Backlog:
    async with world.database.read(SYSTEM) as work:
        return await messaging.backlog(work)


async def test_an_event_is_told_whole_and_once(world: World) -> None:
    [event_id] = await publish(world, "wallet.credited")
    told = Told()

    counts = [await Relay(world.database, told).relay_batch() for _ in range(3)]

    assert counts == [1, 0, 0]
    assert told.events == [
        Event(
            id=event_id,
            project_id=PROJECT,
            type="wallet.credited",
            object_id="wal_1",
            occurred_at=world.clock.now(),
            data={"amount": "1.00"},
        )
    ]


async def test_of_a_unit_that_failed_nothing_is_told(world: World) -> None:
    with pytest.raises(LookupError):
        await publish_and_fail(world)

    told = Told()
    assert await Relay(world.database, told).relay_batch() == 0
    assert told.events == []


async def test_what_was_published_is_an_effect_of_the_unit(world: World) -> None:
    async with world.database.begin(OPERATOR) as work:
        await messaging.publish(work, "wallet.credited", "wal_1", {})

    assert [(each.verb, each.object_id) for each in work.effects] == [("published", "wal_1")]


async def test_a_project_s_events_are_told_in_the_order_they_happened(world: World) -> None:
    await publish(world, *(f"step.{n}" for n in range(BATCH + 5)))
    told = Told()
    relay = Relay(world.database, told)

    assert [await relay.relay_batch(), await relay.relay_batch()] == [BATCH, 5]

    assert told.types == [f"step.{n}" for n in range(BATCH + 5)]


async def test_one_that_is_refused_comes_later_and_holds_up_no_other(world: World) -> None:
    await publish(world, "a.refused", "b.taken")
    told = Told(refuses={"a.refused"})
    relay = Relay(world.database, told)
    await relay.relay_batch()
    assert told.types == ["b.taken"]
    assert (await backlog(world)).failing == 1

    told.refuses.clear()
    assert await relay.relay_batch() == 0
    world.clock.advance(seconds=2)
    await relay.relay_batch()

    assert told.types == ["b.taken", "a.refused"]
    assert (await backlog(world)).waiting == 0


async def test_while_the_broker_is_away_events_wait_ever_longer(world: World) -> None:
    await publish(world, "wallet.credited")
    told = Told(away=True)
    relay, pauses = Relay(world.database, told), []
    for _ in range(4):
        assert await relay.relay_batch() == 1
        seconds = 0.0
        while await relay_is_idle(world):
            world.clock.advance(seconds=0.25)
            seconds += 0.25
        pauses.append(seconds)

    told.away = False
    await relay.relay_batch()

    assert told.types == ["wallet.credited"]
    assert all(2**n / 2 <= pause <= 2**n for n, pause in enumerate(pauses)), pauses


async def relay_is_idle(world: World) -> bool:
    async with world.database.begin(SYSTEM) as work:
        found = await claim(work)
        await work.connection.rollback()
    return not found


async def test_of_ten_relays_each_event_is_claimed_by_one(world: World) -> None:
    await publish(world, *("wallet.credited" for _ in range(30)))

    async def claim_slowly() -> list[str]:
        async with world.database.begin(SYSTEM) as work:
            claimed = await claim(work)
            await asyncio.sleep(0.05)  # long enough for the others to look as well
        return [each.event.id for each in claimed]

    ids = [
        each for some in await asyncio.gather(*(claim_slowly() for _ in range(10))) for each in some
    ]

    assert Counter(Counter(ids).values()) == {1: 30}


async def test_a_stalled_relay_s_failure_does_not_undo_the_next_one_s_claim(world: World) -> None:
    [event_id] = await publish(world, "wallet.credited")
    async with world.database.begin(SYSTEM) as work:
        stalled = await claim(work)
    world.clock.advance(seconds=LEASE_SECONDS)
    async with world.database.begin(SYSTEM) as work:
        [current] = await claim(work)

    async with world.database.begin(SYSTEM) as work:
        await mark(work, stalled, {event_id: "too late"})

    assert (current.attempt, current.token) == (2, 2)
    assert (await backlog(world)).failing == 0
    async with world.database.begin(SYSTEM) as work:
        assert await claim(work) == []


@dataclass
class Counting:
    """A consumer whose effect is a row of its own; its unit is the one that says it consumed."""

    name: str = "counter"
    seen: Counter[str] = field(default_factory=Counter)
    dies_after: set[str] = field(default_factory=set)

    async def handle(self, work: Work, event: Event) -> None:
        await leave_mark(work, f"{self.name} {event.id}:{self.seen.total()}")
        self.seen[event.id] += 1
        if event.type in self.dies_after:
            raise ConnectionError

    @property
    def subscription(self) -> Subscription:
        return Subscription(self.name, ("wallet.*",), self.handle)


async def effects(world: World) -> int:
    return len(await marks(world))


async def test_killed_between_commit_and_dispatch_it_is_told_by_the_next(world: World) -> None:
    await publish(world, "wallet.credited")
    async with world.database.begin(SYSTEM) as work:
        assert len(await claim(work)) == 1  # and here the process dies
    consumer = Counting()
    relay = Relay(world.database, LocalBroker(world.database, [consumer.subscription]))
    assert await relay.relay_batch() == 0

    world.clock.advance(seconds=LEASE_SECONDS)
    assert await relay.relay_batch() == 1

    assert await effects(world) == 1
    assert (await backlog(world)).waiting == 0


async def test_what_nobody_wants_is_done_with_at_once_and_holds_nothing_up(world: World) -> None:
    await publish(world, "usage.charged", "wallet.credited", "usage.charged")
    told = Told(deaf_to="usage.charged")

    assert await Relay(world.database, told).relay_batch() == 3

    assert told.types == ["wallet.credited"]
    assert (await backlog(world)).waiting == 0


async def test_killed_between_dispatch_and_mark_it_has_its_effect_once(world: World) -> None:
    await publish(world, "wallet.credited")
    consumer = Counting()
    broker = LocalBroker(world.database, [consumer.subscription])

    @dataclass
    class DyingAfterwards:
        def wants(self, type: str) -> bool:
            return broker.wants(type)

        async def publish(self, events: Sequence[Event]) -> Mapping[str, str]:
            await broker.publish(events)
            raise Killed

    with pytest.raises(Killed):
        await Relay(world.database, DyingAfterwards()).relay_batch()
    assert (await backlog(world)).waiting == 1
    world.clock.advance(seconds=LEASE_SECONDS)
    assert await Relay(world.database, broker).relay_batch() == 1

    assert await effects(world) == 1
    assert (await backlog(world)).waiting == 0


async def test_a_consumer_that_fails_leaves_nothing_and_the_others_see_it_once(
    world: World,
) -> None:
    await publish(world, "wallet.credited")
    failing, well = Counting("failing", dies_after={"wallet.credited"}), Counting("well")
    broker = LocalBroker(world.database, [failing.subscription, well.subscription])
    relay = Relay(world.database, broker)
    await relay.relay_batch()
    assert (await effects(world), failing.seen.total(), well.seen.total()) == (1, 1, 1)

    failing.dies_after.clear()
    world.clock.advance(seconds=2)
    await relay.relay_batch()

    assert (await effects(world), failing.seen.total(), well.seen.total()) == (2, 2, 1)


async def test_of_ten_deliveries_of_one_event_at_once_one_is_consumed(world: World) -> None:
    await publish(world, "wallet.credited")
    async with world.database.begin(SYSTEM) as work:
        [claimed] = await claim(work)
    consumer = Counting()

    consumed = await asyncio.gather(
        *(
            messaging.consume(world.database, consumer.subscription, claimed.event)
            for _ in range(10)
        )
    )

    assert Counter(consumed) == {True: 1, False: 9}
    assert await effects(world) == 1


async def test_a_consumer_works_for_the_event_s_project(world: World) -> None:
    await publish(world, "wallet.credited")
    async with world.database.begin(OPERATOR) as work:
        await messaging.publish(work, "wallet.credited", "wal_2", {})
    projects = []

    async def note(work: Work, event: Event) -> None:
        projects.append(work.found_project_id)

    broker = LocalBroker(world.database, [Subscription("noting", ("wallet.credited",), note)])
    await Relay(world.database, broker).relay_batch()

    assert projects == [PROJECT, None]


async def test_a_commit_wakes_the_listeners_of_its_own_database_and_a_rollback_none(
    world: World,
) -> None:
    with listening(world.database, Bell.EVENT) as ear:
        with pytest.raises(LookupError):
            await publish_and_fail(world)
        assert not ear.is_set()

        await publish(world, "wallet.credited")

        assert ear.is_set()


async def test_a_running_relay_tells_at_once_and_stops_when_told(world: World) -> None:
    told, stop = Told(), asyncio.Event()
    running = asyncio.create_task(Relay(world.database, told).run(stop))
    await asyncio.sleep(0.05)

    await publish(world, "wallet.credited")
    async with asyncio.timeout(0.8):  # sooner than it would look by itself
        await told.heard.wait()
    stop.set()

    async with asyncio.timeout(0.8):
        await running


async def test_long_after_it_was_told_an_event_is_forgotten_and_one_that_waits_is_not(
    world: World,
) -> None:
    await publish(world, "wallet.credited")
    consumer = Counting()
    await Relay(world.database, LocalBroker(world.database, [consumer.subscription])).relay_batch()
    await publish(world, "wallet.waits")

    world.clock.advance(days=35)
    async with world.database.begin(SYSTEM) as work:
        assert await messaging.forget_old(work) == 0
    world.clock.advance(seconds=1)
    async with world.database.begin(SYSTEM) as work:
        assert await messaging.forget_old(work) == 2  # the event, and that it was consumed

    assert (await backlog(world)).waiting == 1


CHILD = """
import asyncio, os, signal, sys
from core.messaging import Relay, Subscription
from mcp_server.adapters.local_broker import LocalBroker
from tests.effects import leave_mark
from tests.world import World

async def handle(work, event):
    await leave_mark(work, event.id)

class Dying(LocalBroker):
    async def publish(self, events):
        if sys.argv[2] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await super().publish(events)
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    world = World.open(sys.argv[1], None)
    broker = Dying(world.database, [Subscription("counter", ("wallet.*",), handle)])
    await Relay(world.database, broker).relay_batch()

asyncio.run(main())
"""


@pytest.mark.parametrize(("when", "consumed"), [("before", 0), ("after", 1)])
async def test_killed_with_signal_nine_around_the_dispatch_it_has_its_effect_once(
    world: World, when: str, consumed: int
) -> None:
    [event_id] = await publish(world, "wallet.credited")
    command = [sys.executable, "-c", CHILD, world.url, when]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    child = await asyncio.to_thread(subprocess.run, command, env=environment, check=False)

    assert child.returncode == -signal.SIGKILL
    assert await effects(world) == consumed
    consumer = Counting()
    broker = LocalBroker(world.database, [consumer.subscription])
    world.clock.advance(seconds=LEASE_SECONDS)
    assert await Relay(world.database, broker).relay_batch() == 1
    assert consumer.seen == ({event_id: 1} if when == "before" else {})
    assert await effects(world) == 1
