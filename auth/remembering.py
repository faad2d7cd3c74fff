"""Remember for a second who a credential belongs to, so that a busy caller costs no look-up.

A revocation in this process is honoured at once: it forgets everything. Another process's is
honoured within `SECONDS`, because nothing is believed for longer after it was asked for. Whoever
asks while a look-up is under way waits for that one, for as long as its answer would be believed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from core.kernel import standing
from core.kernel.clock import stopwatch

T = TypeVar("T")

SECONDS = 1.0
RENEWED_AFTER = 0.8
"""At this age one caller looks again, while the others go on with what is known."""
ENTRIES_MAX = 10_000


def forget_all() -> None:
    """Make every memory of this process forget: something was revoked."""
    standing.changed()


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """When somebody began to look, and how things stood then."""

    at: float
    number: int


@dataclass(slots=True)
class _Entry(Generic[T]):
    value: T
    expires_at: datetime | None
    asked: Asked
    is_renewed: bool = False


Found = tuple[T, datetime | None]
"""What a look-up found, and until when it holds by itself."""
LookUp = Callable[[], Awaitable[Found[T]]]


class Memory(Generic[T]):
    """What was looked up under a key, for `SECONDS` and never past its own expiry."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._entries: OrderedDict[bytes, _Entry[T]] = OrderedDict()
        self._under_way: dict[bytes, tuple[Asked, asyncio.Task[T]]] = {}

    async def get(self, key: bytes, now: datetime, look_up: LookUp[T]) -> T:
        """Return what is known under the key, or else what the look-up finds, and keep that."""
        value = self.recall(key, now)
        if value is not None:
            return value
        asked, task = self._under_way.get(key, (None, None))
        if asked is None or task is None or not self._is_believed(asked):
            asked = self.asking()
            task = asyncio.create_task(self._find(key, asked, look_up))
            self._under_way[key] = asked, task
            task.add_done_callback(lambda ended: self._end(key, ended))
        # Whoever goes away takes the answer from nobody else who waits for it.
        return await asyncio.shield(task)

    async def _find(self, key: bytes, asked: Asked, look_up: LookUp[T]) -> T:
        value, expires_at = await look_up()
        self.keep(key, value, expires_at=expires_at, asked=asked)
        return value

    def _end(self, key: bytes, ended: asyncio.Task[T]) -> None:
        if self._under_way.get(key, (None, None))[1] is ended:
            del self._under_way[key]
        if not ended.cancelled():
            ended.exception()  # nobody may be left to hear of it

    def _is_believed(self, asked: Asked) -> bool:
        return asked.number == standing.number() and stopwatch() - asked.at < self._seconds

    def recall(self, key: bytes, now: datetime) -> T | None:
        """Return what is known under the key, or None for whoever has to look it up."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not self._is_believed(entry.asked) or (entry.expires_at and entry.expires_at <= now):
            del self._entries[key]
            return None
        age = stopwatch() - entry.asked.at
        if age > self._seconds * RENEWED_AFTER and not entry.is_renewed:
            entry.is_renewed = True
            return None
        return entry.value

    @staticmethod
    def asking() -> Asked:
        """Ask before looking up: a second counts from here, and a revocation meanwhile counts."""
        return Asked(stopwatch(), standing.number())

    def keep(self, key: bytes, value: T, *, expires_at: datetime | None, asked: Asked) -> None:
        """Remember what was found, unless something was found since that was asked for later."""
        known = self._entries.get(key)
        if known is not None and known.asked > asked:
            return
        self._entries[key] = _Entry(value, expires_at, asked)
        self._entries.move_to_end(key)
        if len(self._entries) > ENTRIES_MAX:
            self._entries.popitem(last=False)
