"""What one round of one subject measured, and how a round ends."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sample:
    """How much was done, in which time, and what went wrong."""

    count: int = 0
    seconds: float = 0.0
    errors: int = 0
    problem: str = ""
    """The first thing that went wrong, in its own words."""
    latencies: list[float] = field(default_factory=list)
    cores: Mapping[str, float] = field(default_factory=dict)
    """How much of a core each part used meanwhile."""

    @property
    def rate(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0

    def fail(self, problem: str) -> None:
        self.errors += 1
        self.problem = self.problem or problem[:300]


Measure = Callable[[float], Awaitable[Sample]]
"""Works for about so many seconds, and says what it measured."""


async def repeat(seconds: float, once: Callable[[Sample], Awaitable[int]]) -> Sample:
    """Do it again and again, one at a time; `once` says how much it did."""
    sample, start = Sample(), time.perf_counter()
    while (began := time.perf_counter()) < start + seconds:
        sample.count += await once(sample)
        sample.latencies.append(time.perf_counter() - began)
    sample.seconds = time.perf_counter() - start
    return sample


def percentile(values: Sequence[float], part: float) -> float | None:
    """Return the value that this part of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else None
