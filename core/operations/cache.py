"""Remember for a while what is dear to find out: a port, and the memory of one process.

A cache is asked first, filled by whoever had to look, and told to forget by whoever changes the
truth. Each kind of thing has a lifetime, which bounds how long another process may be wrong.
Nothing is only here, and what is here may be gone at any moment.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson

from core.kernel.clock import Clock

ENTRIES_MAX = 10_000
BYTES_MAX = 32 * 1024 * 1024
"""Of values: ten thousand long answers would be more than a gigabyte."""


class Cache(Protocol):
    """Values are JSON; None means that there is none."""

    async def get(self, kind: str, key: str) -> Any:
        """Return what was put, unless it was forgotten or is too old."""

    async def put(self, kind: str, key: str, value: Any) -> None:
        """Keep a value for the lifetime of its kind."""

    async def forget(self, kind: str, key: str) -> None:
        """Drop what the truth no longer agrees with. Call it after the commit."""


class MemoryCache:
    """The memory of this process. Whoever asks gets a value of its own, and may change it.

    Beyond `ENTRIES_MAX` or `BYTES_MAX` what was used least recently goes.
    """

    def __init__(self, clock: Clock, lifetimes: Mapping[str, float]) -> None:
        self._clock = clock
        self._lifetimes = lifetimes
        self._entries: OrderedDict[tuple[str, str], tuple[datetime, bytes]] = OrderedDict()
        self._bytes = 0

    async def get(self, kind: str, key: str) -> Any:
        until, packed = self._entries.get((kind, key), (None, b""))
        if until is None or until <= self._clock.now():
            self._drop((kind, key))
            return None
        self._entries.move_to_end((kind, key))
        return orjson.loads(packed)

    async def put(self, kind: str, key: str, value: Any) -> None:
        until = self._clock.now() + timedelta(seconds=self._lifetimes[kind])
        packed = orjson.dumps(value)
        self._drop((kind, key))
        self._entries[kind, key] = (until, packed)
        self._bytes += len(packed)
        while len(self._entries) > ENTRIES_MAX or self._bytes > BYTES_MAX:
            self._drop(next(iter(self._entries)))

    async def forget(self, kind: str, key: str) -> None:
        self._drop((kind, key))

    def _drop(self, name: tuple[str, str]) -> None:
        _, packed = self._entries.pop(name, (None, b""))
        self._bytes -= len(packed)
