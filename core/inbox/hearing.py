"""A hearing: what a handler is given instead of a unit of work, and the order of what it hears.

A handler reads the object anew outside any unit, then opens one unit, in which it applies what it
found and says that the event is handled. If that unit does not commit, nothing happened.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.inbox import tables
from core.inbox.errors import Overtaken
from core.inbox.model import Event
from core.inbox.settling import settle
from core.jobs import JobContext
from core.kernel.caller import SYSTEM


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an object has been followed: what it is compared with before anything is applied."""

    version: int
    last_event_at: datetime | None


@dataclass(slots=True)
class Hearing:
    """One event, the ports, and the units in which its effects are written."""

    event: Event
    _context: JobContext
    is_settled: bool = field(default=False, init=False)
    """A unit that marked the event has been committed."""

    @property
    def key(self) -> str:
        """The root of idempotency keys for calls outside: the same for every attempt."""
        return self._context.job_id

    def port(self, name: str) -> Any:
        """Return the port that the wiring chose for this name."""
        return self._context.port(name)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        """Open a unit that commits only while the event is ours. Call nothing outside in it."""
        async with self._context.begin() as work:
            yield work

    async def handled(self, work: Work) -> None:
        """Mark the event as handled, in the unit of its effects and before that commits."""
        await settle(work, self.event, "handled_at")
        work.after_commit(self._settled)

    async def ignored(self, work: Work) -> None:
        """Mark the event as none of ours: it is kept, and nothing was done."""
        await settle(work, self.event, "ignored_at")
        work.after_commit(self._settled)

    async def standing(self) -> Standing:
        """Say how far the event's object has been followed, before it is read anew."""
        async with self._context.database.read(SYSTEM) as work:
            return await _standing(work, self.event)

    async def follow(self, work: Work, seen: Standing) -> None:
        """Apply what was read after `seen`: from here on the object is ours until the unit ends.

        Raises Overtaken when another event of the object was applied meanwhile, because what was
        read may be older than what that one wrote. The event is then heard again from the start.
        """
        if (await _locked(work, self.event)).version != seen.version:
            raise Overtaken(self.event.object_id or self.event.external_id)
        await _advance(work, self.event)

    async def is_news(self, work: Work) -> bool:
        """Tell whether the event's own snapshot may be applied, for want of a better reading.

        Only when it is later than all that was applied. Instants of events are whole seconds, so
        of two in one second the one that comes second is not news; only reading the object tells.
        """
        standing = await _locked(work, self.event)
        if standing.last_event_at is not None and (
            self.event.occurred_at <= standing.last_event_at
        ):
            return False
        await _advance(work, self.event)
        return True

    def _settled(self) -> None:
        self.is_settled = True


Handler = Callable[[Hearing], Awaitable[None]]
Handlers = Mapping[str, Handler]
"""By the type of event, as the provider spells it."""


async def _standing(work: Work, event: Event, *, lock: bool = False) -> Standing:
    o = tables.objects.c
    query = select(o.version, o.last_event_at).where(*_this(event))
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    return Standing(row.version, row.last_event_at) if row and row.version else Standing(0, None)


async def _locked(work: Work, event: Event) -> Standing:
    """Hold the object's row, so that its events are applied one after the other."""
    row = {
        "source": event.source,
        "object_id": _object_id(event),
        "version": 0,
        "last_event_at": event.occurred_at,
        "changed_at": work.real_now,
    }
    await insert_if_absent(work, tables.objects, row)
    return await _standing(work, event, lock=True)


async def _advance(work: Work, event: Event) -> None:
    o = tables.objects.c
    standing = await _standing(work, event)
    last = max(standing.last_event_at or event.occurred_at, event.occurred_at)
    change = update(tables.objects).where(*_this(event))
    await work.execute(
        change.values(version=o.version + 1, last_event_at=last, changed_at=work.real_now)
    )


def _this(event: Event) -> tuple[Any, ...]:
    o = tables.objects.c
    return o.source == event.source, o.object_id == _object_id(event)


def _object_id(event: Event) -> str:
    # What has no id of its own stands alone.
    return event.object_id or event.external_id
