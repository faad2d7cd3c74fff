"""Hand committed events to the broker, at least once each, until each was taken.

Events that nobody wants are only marked. Others are claimed by a lease, handed over while no unit
of work is open, and then marked. Whoever
dies in between leaves rows whose lease runs out, and the same events go out again under the same
ids. Within a project they go out in the order they happened, except that one which failed comes
later: it does not hold up the others.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, tuple_, update

from core.db.bell import Bell, listening, wait_for
from core.db.sets import update_rows
from core.db.work import Database, Work
from core.kernel.caller import SYSTEM
from core.messaging import tables
from core.messaging.broker import Broker, Event
from core.messaging.errors import NotTaken

BATCH = 500
LEASE_SECONDS = 60
LOOK_SECONDS = 1.0
"""How often to look without having heard the bell: another process may have published."""
GATHER_SECONDS = 0.2
"""How long events gather while there are many: each look costs the same for one as for a batch."""
PAUSE_SECONDS = 1.0
PAUSE_SECONDS_MAX = 3600.0

logger = logging.getLogger(__name__)
_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that this relay may hand over until its lease runs out."""

    event: Event
    attempt: int
    token: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be told: how much, since when, and how much of it failed before."""

    waiting: int
    oldest_at: datetime | None
    failing: int


@dataclass(frozen=True, slots=True)
class Relay:
    """Any number may run over one database, in as many processes."""

    database: Database
    broker: Broker

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until told to stop; what was begun is finished."""
        with listening(self.database, Bell.EVENT) as ear:
            while not stop.is_set():
                ear.clear()
                try:
                    claimed = await self.relay_batch()
                except Exception:
                    logger.exception("the relay failed; what it claimed will be tried again")
                    claimed = 0
                if not claimed:
                    await wait_for(ear, stop, seconds=LOOK_SECONDS)
                elif claimed < BATCH:
                    await wait_for(stop, seconds=GATHER_SECONDS)

    async def relay_batch(self) -> int:
        """Hand over what is due, up to a batch; return how many events that were."""
        async with self.database.read(SYSTEM) as work:
            # Looking takes no write lock, which on SQLite an idle relay must not do each second.
            if (await work.execute(_due(work, tables.outbox.c.id).limit(1))).first() is None:
                return 0
        async with self.database.begin(SYSTEM) as work:
            unwanted, claimed = await _claim(work, self.broker.wants)
        if claimed:
            failed = await self._hand_over(claimed)
            async with self.database.begin(SYSTEM) as work:
                await mark(work, claimed, failed)
        return unwanted + len(claimed)

    async def _hand_over(self, claimed: Sequence[Claimed]) -> Mapping[str, str]:
        try:
            return await self.broker.publish([each.event for each in claimed])
        except NotTaken as error:
            return dict.fromkeys((each.event.id for each in claimed), str(error)[:500])


async def claim(work: Work) -> list[Claimed]:
    """Lease the oldest due events to whoever calls, skipping those that another is claiming."""
    _, claimed = await _claim(work, lambda _: True)
    return claimed


async def _claim(work: Work, wants: Callable[[str], bool]) -> tuple[int, list[Claimed]]:
    """Mark those due events that nobody wants, and lease the others."""
    c = tables.outbox.c
    due = _due(work, c.project_id, c.id, c.type).limit(BATCH).with_for_update(skip_locked=True)
    found = (await work.execute(due)).all()
    unwanted = [row for row in found if not wants(row.type)]
    await _set_dispatched(work, unwanted)
    rows = await _whole(work, [row for row in found if wants(row.type)])
    until = work.real_now + timedelta(seconds=LEASE_SECONDS)
    leases = ((*_key(row), until, row.lease_token + 1, row.attempt + 1) for row in rows)
    names = ("lease_until", "lease_token", "attempt")
    await update_rows(work, tables.outbox, KEY, names, sorted(leases))
    claimed = [Claimed(_event(row), row.attempt + 1, row.lease_token + 1) for row in rows]
    return len(unwanted), claimed


async def _whole(work: Work, found: Sequence[Any]) -> Sequence[Any]:
    """Read all of what somebody wants, in its order: most events nobody does."""
    if not found:
        return []
    outbox = tables.outbox.c
    here = tuple_(outbox.project_id, outbox.id).in_([_key(each) for each in found])
    query = select(tables.outbox).where(here).order_by(outbox.due_at, outbox.id)
    return (await work.execute(query)).all()


async def mark(work: Work, claimed: Sequence[Claimed], failed: Mapping[str, str]) -> None:
    """Write down what was taken, and when to try again what was not."""
    # Even of a lease that was lost meanwhile: it is true whoever did it.
    await _set_dispatched(work, [each.event for each in claimed if each.event.id not in failed])
    again = [
        {"this_project": each.event.project_id, "this_id": each.event.id}
        | {"token": each.token, "new_error": failed[each.event.id]}
        | {"new_due_at": work.real_now + _pause(each.attempt)}
        for each in claimed
        if each.event.id in failed
    ]
    if again:
        outbox = tables.outbox.c
        change = (
            update(tables.outbox)
            .where(
                outbox.project_id == bindparam("this_project"),
                outbox.id == bindparam("this_id"),
                outbox.lease_token == bindparam("token"),
                outbox.dispatched_at.is_(None),
            )
            .values(due_at=bindparam("new_due_at"), error=bindparam("new_error"), lease_until=None)
        )
        await work.execute(change, again)


async def _set_dispatched(work: Work, events: Sequence[Any]) -> None:
    rows = sorted((*_key(each), work.real_now, None) for each in events)
    await update_rows(work, tables.outbox, KEY, ("dispatched_at", "error"), rows)


KEY = ("project_id", "id")


def _key(event: Any) -> tuple[str, str]:
    return event.project_id, event.id


async def backlog(work: Work) -> Backlog:
    """Say how far behind the telling is."""
    outbox = tables.outbox.c
    query = select(
        func.count().label("waiting"),
        func.min(outbox.occurred_at).label("oldest_at"),
        func.count(outbox.error).label("failing"),
    ).where(outbox.dispatched_at.is_(None))
    found = (await work.execute(query)).one()
    return Backlog(found.waiting, found.oldest_at, found.failing)


async def waiting(work: Work) -> list[Event]:
    """Return what was told of the unit's project and is not dispatched, in its order."""
    outbox = tables.outbox.c
    here = outbox.project_id == work.project_id, outbox.dispatched_at.is_(None)
    query = select(tables.outbox).where(*here).order_by(outbox.id)
    return [_event(row) for row in await work.execute(query)]


def _due(work: Work, *columns: ColumnElement[Any]) -> Any:
    outbox = tables.outbox.c
    free = or_(outbox.lease_until.is_(None), outbox.lease_until <= work.real_now)
    return (
        select(*columns)
        .where(outbox.dispatched_at.is_(None), outbox.due_at <= work.real_now, free)
        .order_by(outbox.due_at, outbox.id)
    )


def _event(row: Any) -> Event:
    return Event(
        id=row.id,
        project_id=row.project_id,
        type=row.type,
        object_id=row.object_id,
        occurred_at=row.occurred_at,
        data=row.data,
        invocation_id=row.invocation_id,
    )


def _pause(attempt: int) -> timedelta:
    """Twice as long each time, and up to half of it less, so that failures do not march in step."""
    full = min(PAUSE_SECONDS * 2 ** min(attempt - 1, 20), PAUSE_SECONDS_MAX)
    return timedelta(seconds=full * _random.uniform(0.5, 1))
