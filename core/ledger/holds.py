"""Holds: credits that are promised, so that nobody else can spend them, and not yet taken.

A hold pins the grants that it reserved: what expires in the meantime can still be captured. What
it does not use goes back to where it came from. Pure values only.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.ledger.grants import Part
from core.ledger.model import AccountKey, Transaction


class HoldState(StrEnum):
    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """So much of a wallet, promised until it is captured, released, or expired."""

    project_id: str
    account_id: str
    id: str
    amount: int
    capture_max: int
    """The most that may be captured; what is beyond the amount obeys the wallet's floor."""
    expires_at: datetime
    memo: str
    invocation_id: str | None
    held_at: datetime
    state: HoldState = HoldState.OPEN
    parts: tuple[Part, ...] = ()
    """What was taken out of which grants. Less than the amount where credit is given."""
    captured: int = 0
    transaction_id: str | None = None
    """What captured it."""
    closed_at: datetime | None = None
    absorbed: tuple[Part, ...] = ()
    """Of the parts that were not captured, those that went into a debt instead of coming back."""

    @property
    def key(self) -> AccountKey:
        return self.project_id, self.account_id

    @property
    def pinned(self) -> int:
        return sum(amount for _, amount in self.parts)


@dataclass(frozen=True, slots=True)
class Reserve:
    """A proposal: open this hold."""

    hold: Hold

    @property
    def key(self) -> AccountKey:
        return self.hold.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """A proposal: close the hold, by capturing it with a transaction or by releasing it."""

    project_id: str
    account_id: str
    hold_id: str
    capture: Transaction | None = None

    @property
    def key(self) -> AccountKey:
        return self.project_id, self.account_id


@dataclass(frozen=True, slots=True)
class Expire:
    """A proposal: take out of a wallet what has expired, and nothing else."""

    project_id: str
    account_id: str

    @property
    def key(self) -> AccountKey:
        return self.project_id, self.account_id


@dataclass(frozen=True, slots=True)
class Looked:
    """What had expired is taken out."""


@dataclass(frozen=True, slots=True)
class Held:
    """The hold is open, or, after a release, closed; and what its wallet has left."""

    hold: Hold
    available: int
