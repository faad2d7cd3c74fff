"""An office in which events are heard: a world, handlers of the test's own, and a worker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core import inbox, jobs
from core.inbox import Endpoint, Event, Hearing
from core.inbox.jobs import HANDLERS, RETRY
from core.jobs import Runtime
from core.kernel.caller import SYSTEM
from tests.effects import leave_mark
from tests.stripe_events import paid
from tests.world import World

PAID = "payment_intent.succeeded"


@dataclass
class Office:
    world: World
    handlers: dict[str, inbox.Handler] = field(default_factory=dict)
    ports: dict[str, Any] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        ports = {**self.ports, HANDLERS: self.handlers}
        return Runtime(self.world.database, {inbox.handle_event.name: inbox.handle_event}, ports)

    async def deliver(self, *payloads: dict[str, Any]) -> set[str]:
        """Store what these tell, and return which of them are new."""
        read = [inbox.read_event(each, Endpoint.FETCHED) for each in payloads]
        async with self.world.database.begin(SYSTEM) as work:
            return await inbox.store(work, read)

    async def hear(self) -> int:
        """Do what is due; return how many attempts that took."""
        return await jobs.run_due(self.runtime)

    async def hear_to_the_end(self) -> int:
        """Make every attempt that there is, however long the pauses."""
        heard = await self.hear()
        for _ in range(RETRY.attempts):
            self.world.clock.advance(seconds=RETRY.seconds_max)
            heard += await self.hear()
        return heard

    async def event(self, event_id: str = "evt_1") -> Event:
        async with self.world.database.read(SYSTEM) as work:
            found = await inbox.find_event(work, inbox.STRIPE, event_id)
        assert found is not None
        return found

    async def replay(self, event_id: str = "evt_1") -> Event:
        async with self.world.database.begin(SYSTEM) as work:
            found = await inbox.replay(work, inbox.STRIPE, event_id)
        assert found is not None
        return found

    async def buried(self) -> Sequence[jobs.Buried]:
        async with self.world.database.read(SYSTEM) as work:
            return await jobs.buried(work)


@dataclass
class Marking:
    """A handler that leaves a mark and says it is done, and fails as often as it is told.

    `dies` says where: before its effect, after it, or after it has said that it was done.
    """

    failures: int = 0
    dies: str = "after"
    heard: list[str] = field(default_factory=list)

    async def __call__(self, hearing: Hearing) -> None:
        self.heard.append(hearing.event.external_id)
        fails, self.failures = self.failures > 0, max(0, self.failures - 1)
        async with hearing.begin() as work:
            if fails and self.dies == "before":
                raise ConnectionError
            await leave_mark(work, hearing.event.external_id)
            if fails and self.dies == "after":
                raise ConnectionError
            await hearing.handled(work)
            if fails:
                raise ConnectionError


def office(world: World, handler: inbox.Handler | None = None) -> Office:
    """Open an office whose one handler, if any, is for payments."""
    return Office(world, {PAID: handler} if handler else {})


__all__ = ["PAID", "Marking", "Office", "office", "paid"]
