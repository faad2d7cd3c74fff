"""A circuit breaker: after some failures in a row, spare a dependency that is down.

While it is open every call fails at once. When the pause is over one call probes, and the others
still fail at once; if the probe succeeds the circuit closes, if not the pause is twice as long.
Pure: the caller says what time it is. One circuit for each dependency, in each process.
"""

import math
from dataclasses import dataclass, field

FAILURES_MAX = 5
PAUSE_SECONDS = 2.0
PAUSE_SECONDS_MAX = 60.0


class CircuitOpen(Exception):
    """The dependency is being spared for so many more seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = max(1, math.ceil(seconds))


@dataclass(slots=True)
class Circuit:
    failures_max: int = FAILURES_MAX
    pause_seconds: float = PAUSE_SECONDS
    pause_seconds_max: float = PAUSE_SECONDS_MAX
    _failures: int = field(default=0, init=False)
    _pause: float = field(default=0, init=False)
    _open_until: float | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)

    @property
    def is_closed(self) -> bool:
        return self._open_until is None

    def admit(self, now: float) -> bool:
        """Let a call through, or raise CircuitOpen. True if this call is the probe.

        Every admitted call is answered for by one of the methods below, with what this returned.
        """
        if self._open_until is None:
            return False
        if self._probing:
            raise CircuitOpen(self._pause)
        if now < self._open_until:
            raise CircuitOpen(self._open_until - now)
        self._probing = True
        return True

    def succeeded(self, *, probe: bool) -> None:
        """Note an answer, of whatever kind: who says no is there.

        An open circuit is closed by its probe alone: an answer to a call from before the failures
        says nothing about now.
        """
        if self._open_until is None or probe:
            self._failures, self._pause, self._open_until, self._probing = 0, 0, None, False

    def failed(self, now: float, *, probe: bool, jitter: float) -> None:
        """Note that there was no answer. `jitter` in 0..1 adds up to half of the pause to it.

        Without it, every process would probe a dependency that comes back at the same moment.
        """
        self._failures += 1
        if not probe and (self._open_until is not None or self._failures < self.failures_max):
            return
        self._pause = min(max(self._pause * 2, self.pause_seconds), self.pause_seconds_max)
        self._open_until, self._probing = now + self._pause * (1 + jitter / 2), False

    def abandoned(self, *, probe: bool) -> None:
        """Note that nobody waited for the answer: the next call may probe."""
        if probe:
            self._probing = False
