"""A bell that a commit rings: work that waits in a table is begun at once, not at the next look.

Each kind of work has a bell of its own, because looking for what is not there costs a unit. A bell
only saves time: a ring is heard in this process alone and may be lost with it, so whoever waits
for it also looks by himself every so often.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from core.db.work import Database, Work


class Bell(Enum):
    """What was committed, and waits."""

    EVENT = "event"
    JOB = "job"
    MAIL = "mail"


_heard_by: WeakKeyDictionary[Engine, set[tuple[Bell, asyncio.Event]]] = WeakKeyDictionary()


def ring_after_commit(work: Work, bell: Bell) -> None:
    """Wake everyone in this process who hears this bell of the unit's database, once committed."""
    engine = work.connection.engine.sync_engine

    def ring() -> None:
        for heard, ear in _heard_by.get(engine, ()):
            if heard is bell:
                ear.set()

    work.after_commit(ring)


@contextmanager
def listening(database: Database, bell: Bell) -> Iterator[asyncio.Event]:
    """Hear every ring of the bell while this lasts: an event that the listener clears."""
    ears = _heard_by.setdefault(database.engines.writer.sync_engine, set())
    ear = asyncio.Event()
    ears.add((bell, ear))
    try:
        yield ear
    finally:
        ears.discard((bell, ear))


async def wait_for(*events: asyncio.Event, seconds: float) -> None:
    """Wait until any of the events is set, or for so many seconds."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
