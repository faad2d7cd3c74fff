"""Remember for a second who a credential belongs to, so that a busy caller costs no look-up.

A revocation in this process is honoured at once: it forgets everything. Another process's is
honoured within `SECONDS`, because nothing is believed for longer after it was asked for.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from core.kernel import standing
from core.kernel.clock import stopwatch

T = TypeVar("T")

SECONDS = 1.0
RENEWED_AFTER = 0.8
"""From this age on one caller at a time looks again, so that a busy credential is never looked up
by all its callers at once."""
ENTRIES_MAX = 10_000


def forget_all() -> None:
    """Make every memory of this process forget: something was revoked."""
    standing.changed()


@dataclass(frozen=True, slots=True)
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


class Memory(Generic[T]):
    """What was looked up under a key, for `SECONDS` and never past its own expiry."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._entries: OrderedDict[bytes, _Entry[T]] = OrderedDict()

    def recall(self, key: bytes, now: datetime) -> T | None:
        """Return what is known under the key, or None for whoever has to look it up."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        age = stopwatch() - entry.asked.at
        if (
            entry.asked.number != standing.number()
            or age >= self._seconds
            or (entry.expires_at and entry.expires_at <= now)
        ):
            del self._entries[key]
            return None
        if age > self._seconds * RENEWED_AFTER and not entry.is_renewed:
            entry.is_renewed = True
            return None
        return entry.value

    @staticmethod
    def asking() -> Asked:
        """Ask before looking up: a second counts from here, and a revocation meanwhile counts."""
        return Asked(stopwatch(), standing.number())

    def keep(self, key: bytes, value: T, *, expires_at: datetime | None, asked: Asked) -> None:
        self._entries[key] = _Entry(value, expires_at, asked)
        self._entries.move_to_end(key)
        if len(self._entries) > ENTRIES_MAX:
            self._entries.popitem(last=False)
