"""Remember for a second who a credential belongs to, so that a busy caller costs no look-up.

A revocation in this process is honoured at once: it forgets everything. Another process's is
honoured within `SECONDS`, because nothing is remembered for longer.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

from core.kernel.clock import stopwatch

T = TypeVar("T")

SECONDS = 1.0
ENTRIES_MAX = 10_000

_generations = count(1)
_generation = 0


def forget_all() -> None:
    """Make every memory of this process forget: something was revoked."""
    global _generation  # noqa: PLW0603 - one number for the process, which only ever grows
    _generation = next(_generations)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    value: T
    expires_at: datetime | None
    read_at: float
    generation: int


class Memory(Generic[T]):
    """What was looked up under a key, for `SECONDS` and never past its own expiry."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._entries: OrderedDict[bytes, _Entry[T]] = OrderedDict()

    def recall(self, key: bytes, now: datetime) -> T | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if (
            entry.generation != _generation
            or stopwatch() - entry.read_at > self._seconds
            or (entry.expires_at and entry.expires_at <= now)
        ):
            del self._entries[key]
            return None
        return entry.value

    @staticmethod
    def generation() -> int:
        """Ask before looking up; a revocation between then and `keep` is then not missed."""
        return _generation

    def keep(self, key: bytes, value: T, *, expires_at: datetime | None, generation: int) -> None:
        self._entries[key] = _Entry(value, expires_at, stopwatch(), generation)
        self._entries.move_to_end(key)
        if len(self._entries) > ENTRIES_MAX:
            self._entries.popitem(last=False)
