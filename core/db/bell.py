"""A bell that a commit rings: work that waits in a table is begun at once, not at the next look.

It only saves time. A ring is heard in this process alone and may be lost with it, so whoever waits
for it also looks by himself every so often.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from core.db.work import Database, Work

_heard_by: WeakKeyDictionary[Engine, set[asyncio.Event]] = WeakKeyDictionary()


def ring_after_commit(work: Work) -> None:
    """Wake everyone in this process who listens to this unit's database, once it is committed."""
    engine = work.connection.engine.sync_engine

    def ring() -> None:
        for ear in _heard_by.get(engine, ()):
            ear.set()

    work.after_commit(ring)


@contextmanager
def listening(database: Database) -> Iterator[asyncio.Event]:
    """Hear every ring while this lasts: an event that the listener clears."""
    ears = _heard_by.setdefault(database.engines.writer.sync_engine, set())
    ear = asyncio.Event()
    ears.add(ear)
    try:
        yield ear
    finally:
        ears.discard(ear)


async def wait_for(*events: asyncio.Event, seconds: float) -> None:
    """Wait until any of the events is set, or for so many seconds."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
