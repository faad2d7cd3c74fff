"""What a proof finds: one sentence for each thing that is not as it must be."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that differs from what the books say it must be."""

    what: str
    """The table, account or row, by its id."""
    problem: str

    def __str__(self) -> str:
        return f"{self.what}: {self.problem}"


KEPT = 1000


@dataclass(slots=True)
class Proof:
    """Everything that was looked at, and every difference found; the first `KEPT` are told."""

    looked_at: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    found: int = 0

    @property
    def clean(self) -> bool:
        return self.found == 0

    def saw(self, kind: str, count: int = 1) -> None:
        self.looked_at[kind] += count

    def differs(self, what: str, problem: str) -> None:
        self.found += 1
        if len(self.differences) < KEPT:
            self.differences.append(Difference(what, problem))
