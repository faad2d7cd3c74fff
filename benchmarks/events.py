"""The usage events of a run, the same for us and for the baselines.

Of each batch exactly one in twenty was sent before: about half of those in the same batch, the
others in the batch before it on the same connection, which by then has been answered.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson

from core.kernel.clock import SystemClock

METER = "bench_tokens"
DUPLICATES_PERCENT = 5
SPREAD_MS = 3_000_000
MODELS = ("small", "medium", "large")


class Events:
    """Batches of events for one connection; `lane` keeps their ids apart from all others'."""

    def __init__(self, lane: str, size: int) -> None:
        self.size = size
        self.duplicates = size * DUPLICATES_PERCENT // 100
        self._lane = lane
        self._start = SystemClock().now().astimezone(UTC) - timedelta(hours=1)
        self._numbers = count()
        self._before: list[int] = []

    @property
    def accepted(self) -> int:
        return self.size - self.duplicates

    def numbers(self) -> list[int]:
        """Return the numbers of the next batch's events."""
        fresh = [next(self._numbers) for _ in range(self.accepted)]
        stride = self.accepted // self.duplicates
        own = self.duplicates if not self._before else self.duplicates // 2
        again = fresh[::stride][:own] + self._before[1::stride][: self.duplicates - own]
        self._before = fresh
        return fresh + again

    def rows(self) -> list[tuple[str, datetime, int, str]]:
        """Return the next batch as a table would have it: id, instant, quantity, properties."""
        return [self.row(number) for number in self.numbers()]

    def row(self, number: int) -> tuple[str, datetime, int, str]:
        properties = self._properties(number)
        return self._id(number), self._at(number), properties["tokens"], _text(properties)

    def sent(self) -> list[dict[str, Any]]:
        """Return the next batch as `record_usage` takes it."""
        return [
            {
                "event_id": self._id(number),
                "meter_key": METER,
                "occurred_at": self._at(number).isoformat(timespec="milliseconds"),
                "properties": self._properties(number),
            }
            for number in self.numbers()
        ]

    def fresh_rows(self) -> Iterator[tuple[str, datetime, int, str]]:
        """Return as many rows as a batch has, none of them sent before."""
        return (self.row(next(self._numbers)) for _ in range(self.size))

    def _id(self, number: int) -> str:
        return f"bench-{self._lane}-{number:012}"

    def _at(self, number: int) -> datetime:
        return self._start + timedelta(milliseconds=number % SPREAD_MS)

    def _properties(self, number: int) -> dict[str, Any]:
        model = MODELS[number % len(MODELS)]
        return {"model": model, "region": "eu-1", "tokens": number % 5000 + 1}


def _text(properties: dict[str, Any]) -> str:
    return orjson.dumps(properties).decode()
