"""The ledger's nouns. Nothing here reads a clock or a database."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from core.kernel.errors import EngineError
from core.kernel.ids import renamed
from core.kernel.money import LARGEST, Asset, Money
from core.ledger.errors import AssetMismatch, BalanceTooLarge, InsufficientFunds

AccountKey = tuple[str, str]
"""A project and an account in it. Sorting by it is the one order in which accounts are locked."""


class Side(IntEnum):
    """The side on which an account grows. Debits are positive amounts, credits negative ones."""

    DEBIT = 1
    CREDIT = -1


@dataclass(frozen=True, slots=True)
class Account:
    project_id: str
    id: str
    asset: Asset
    side: Side
    posted: int = 0
    """Sum of every entry so far: positive when the account is in debit."""
    held: int = 0
    """Part of the balance promised to open holds, never negative."""
    floor: int | None = 0
    """Least amount that must stay available; None when the account may run below zero."""
    sequence: int = 0
    """How many entries the account has; the next one takes the next number."""

    @property
    def key(self) -> AccountKey:
        return self.project_id, self.id

    @property
    def balance(self) -> int:
        """What was posted, positive on the account's own side."""
        return self.posted * self.side

    @property
    def available(self) -> int:
        return self.balance - self.held

    def apply(self, entry: "Entry") -> "Account":
        if entry.money.asset != self.asset:
            raise AssetMismatch(self.id, str(self.asset), str(entry.money.asset))
        posted = self.posted + entry.money.amount
        if abs(posted) > LARGEST:
            raise BalanceTooLarge(self.id)
        return replace(self, posted=posted, sequence=self.sequence + 1)

    def check_floor(self, before: "Account") -> None:
        """Refuse a move below the floor. One that only repairs an old shortfall is let through."""
        if self.floor is not None and self.available < min(self.floor, before.available):
            raise InsufficientFunds(
                renamed(self.id, "wal"),
                Money(before.available, self.asset),
                Money(self.floor - self.available, self.asset),
            )


@dataclass(frozen=True, slots=True)
class Entry:
    account_id: str
    money: Money


def debit(account_id: str, money: Money) -> Entry:
    return Entry(account_id, money)


def credit(account_id: str, money: Money) -> Entry:
    return Entry(account_id, -money)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Entries that are posted together and sum to zero in every asset.

    `reference` is the business fact that this transaction books, unique in its project for ever:
    proposing the same one again is answered with the first, and books nothing.
    """

    project_id: str
    id: str
    kind: str
    reference: str
    entries: tuple[Entry, ...]
    memo: str = ""
    reverses: str | None = None

    def __post_init__(self) -> None:
        totals: Counter[Asset] = Counter()
        for entry in self.entries:
            totals[entry.money.asset] += entry.money.amount
        # Nothing a caller sends can bring this about; it would be our own mistake.
        assert len(self.entries) >= 2, f"{self.id} has one side only"
        assert not any(totals.values()), f"{self.id} does not balance"

    @property
    def content(self) -> tuple[tuple[str, int], ...]:
        """What is booked: equal contents under one reference are the same transaction."""
        return tuple(sorted((each.account_id, each.money.amount) for each in self.entries))


@dataclass(frozen=True, slots=True)
class Known:
    """A transaction that was posted before under a reference that is proposed again."""

    id: str
    content: tuple[tuple[str, int], ...]
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """An entry as it was written, with the number and the balance it left behind."""

    project_id: str
    account_id: str
    sequence: int
    transaction_id: str
    amount: int
    balance: int


@dataclass(frozen=True, slots=True)
class Accepted:
    transaction: Transaction
    entries: tuple[PostedEntry, ...]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The reference was booked before, with the same entries; nothing is posted."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    error: EngineError


Outcome = Accepted | Duplicate | Refused


def accounts_of(transactions: Iterable[Transaction]) -> list[AccountKey]:
    """Every account the transactions touch, in the one order in which accounts are ever locked."""
    return sorted(
        {
            (transaction.project_id, entry.account_id)
            for transaction in transactions
            for entry in transaction.entries
        }
    )
