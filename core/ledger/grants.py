"""Grants: the credits of a wallet, in the lots in which they came, each on terms of its own.

They are spent by priority, then by the earliest expiry, then by age. A grant that has reached its
expiry can be spent no more; what is left of it then is breakage. Pure values only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from core.kernel.ids import compose, derived, number_of, renamed

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands for no expiry, so that grants have one order on every database."""
PRIORITY = 100
PRIORITY_MAX = 1000

Part = tuple[str, int]
"""So much of this grant."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where credits come from, how early they are spent, and until when they can be."""

    source: str
    priority: int = PRIORITY
    """The lowest is spent first."""
    expires_at: datetime = NEVER


BY_DEFAULT = Terms("credit")


class BurnKey(NamedTuple):
    """Sorting by it is the order in which grants are spent. Ids sort by age."""

    priority: int
    expires_at: datetime
    id: str


_MILLISECOND = 1 << 80


def lot_id(transaction_id: str, n: int) -> str:
    """Name the n-th grant that a transaction makes: like the transaction, and as old as it."""
    if n == 0:
        return renamed(transaction_id, "grt")
    others = number_of(derived("grt", transaction_id, str(n)))
    age = number_of(transaction_id) // _MILLISECOND
    return compose("grt", age * _MILLISECOND + others % _MILLISECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Credits that came together. What is left of them is known to the wallet's `Purse`."""

    project_id: str
    account_id: str
    id: str
    transaction_id: str
    terms: Terms
    amount: int
    granted_at: datetime

    @property
    def key(self) -> BurnKey:
        return BurnKey(self.terms.priority, self.terms.expires_at, self.id)
