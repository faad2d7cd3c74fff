"""What processes use: processor time and memory, as Linux tells it. Elsewhere nothing is told."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
# Of the fields after a process's name: its parent, and four counts of ticks, of which the last
# two are those of its children that have ended.
PARENT, TICKS = 1, slice(11, 15)


@dataclass(slots=True)
class Watch:
    """The processes of a run, by part; PostgreSQL is its first process with all its children."""

    pids: Mapping[str, Sequence[int]]
    _before: dict[str, float] = field(default_factory=dict)
    _began: float = 0.0

    def start(self) -> None:
        self._before, self._began = self._used(), time.perf_counter()

    def cores(self) -> dict[str, float]:
        """Return how much of a core each part used since `start`."""
        seconds = time.perf_counter() - self._began
        used = self._used()
        return {
            part: round((used[part] - self._before[part]) / seconds, 2)
            for part in used
            if part in self._before and seconds
        }

    def _used(self) -> dict[str, float]:
        found = _processes()
        if not found:
            return {}
        used = {part: _ticks(found, pids) for part, pids in self.pids.items()}
        return {"client": sum(os.times()[:4]), **used}


def _ticks(found: Mapping[int, Sequence[str]], pids: Sequence[int]) -> float:
    ours = (each for pid, each in found.items() if pid in pids or int(each[PARENT]) in pids)
    return sum(sum(map(int, each[TICKS])) for each in ours) / os.sysconf("SC_CLK_TCK")


def _processes() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for each in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in parentheses, may hold anything.
            found[int(each.parent.name)] = each.read_text("utf-8").rpartition(")")[2].split()
    return found


def memory_of(pid: int) -> int:
    """Return the resident bytes of a process, or 0 where the system does not tell."""
    file = PROC / str(pid) / "statm"
    if not file.exists():
        return 0
    return int(file.read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")
