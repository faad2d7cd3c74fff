"""Remember for a while what is dear to find out: a port, and the memory of one process.

A cache is asked first, filled by whoever had to look, and told to forget by whoever changes the
truth. Each kind of thing has a lifetime, which bounds how long another process may be wrong.
Nothing is only here, and what is here may be gone at any moment.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from core.kernel.clock import Clock

ENTRIES_MAX = 10_000


class Cache(Protocol):
    """Values are JSON; None means that there is none."""

    async def get(self, kind: str, key: str) -> Any:
        """Return what was put, unless it was forgotten or is too old."""

    async def put(self, kind: str, key: str, value: Any) -> None:
        """Keep a value for the lifetime of its kind."""

    async def forget(self, kind: str, key: str) -> None:
        """Drop what the truth no longer agrees with. Call it after the commit."""


class MemoryCache:
    """The memory of this process. The least recently used entry goes beyond `ENTRIES_MAX`."""

    def __init__(self, clock: Clock, lifetimes: Mapping[str, float]) -> None:
        self._clock = clock
        self._lifetimes = lifetimes
        self._entries: OrderedDict[tuple[str, str], tuple[datetime, Any]] = OrderedDict()

    async def get(self, kind: str, key: str) -> Any:
        until, value = self._entries.get((kind, key), (None, None))
        if until is None or until <= self._clock.now():
            self._entries.pop((kind, key), None)
            return None
        self._entries.move_to_end((kind, key))
        return value

    async def put(self, kind: str, key: str, value: Any) -> None:
        until = self._clock.now() + timedelta(seconds=self._lifetimes[kind])
        self._entries[kind, key] = (until, value)
        self._entries.move_to_end((kind, key))
        if len(self._entries) > ENTRIES_MAX:
            self._entries.popitem(last=False)

    async def forget(self, kind: str, key: str) -> None:
        self._entries.pop((kind, key), None)
