"""How often a caller may call: the port, its words, and the bucket that lives in memory.

The rule is GCRA (ITU-T I.371): one instant per key says when the bucket will be full again, and a
call is allowed while that lies no further ahead than the burst. A refused call costs nothing.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from core.kernel.clock import Clock

KEYS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in so many seconds, all of which may come at once."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    limit: int
    remaining: int
    reset_after: float
    """Seconds until the whole burst is there again."""
    retry_after: float
    """Seconds until one call would be allowed; 0 when this one was."""


class RateLimiter(Protocol):
    async def hit(self, key: str, rate: Rate) -> Verdict:
        """Take one call from the key's bucket, or say when to come again."""


class MemoryLimiter:
    """Buckets of this process only. The least recently used key is forgotten beyond `KEYS_MAX`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """When each key last called, and how many seconds its bucket then was from being full."""

    async def hit(self, key: str, rate: Rate) -> Verdict:
        now = self._clock.now().timestamp()
        last, owed = self._buckets.pop(key, (now, 0.0))
        # A clock that was set back has let no time pass; it has not made the bucket fuller.
        verdict, owed = decide(max(owed - max(now - last, 0.0), 0.0), rate)
        self._buckets[key] = (now, owed)
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)
        return verdict


def decide(owed: float, rate: Rate) -> tuple[Verdict, float]:
    """Decide about one call by how many seconds the bucket is from being full, and return the new.

    Kept as a distance and not as an instant, which as a number is so large that the fractions of a
    fast rate would be lost in it, and with them calls.
    """
    cost = rate.seconds / rate.calls
    asked = owed + cost
    early = asked - rate.seconds
    # A thousandth of a call forgives the binary fractions; it never grants a call.
    if early > cost / 1000:
        refused = Verdict(
            allowed=False,
            limit=rate.calls,
            remaining=0,
            reset_after=owed,
            retry_after=early,
        )
        return refused, owed
    allowed = Verdict(
        allowed=True,
        limit=rate.calls,
        remaining=int((rate.seconds - asked) / cost + 0.001),
        reset_after=asked,
        retry_after=0.0,
    )
    return allowed, asked
