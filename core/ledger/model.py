"""The ledger's nouns. Nothing here reads a clock or a database."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from core.kernel.errors import EngineError
from core.kernel.money import Asset, Money
from core.ledger.grants import BY_DEFAULT, Part, Terms

AccountKey = tuple[str, str]
"""A project and an account in it. Sorting by it is the one order in which accounts are locked."""


class Side(IntEnum):
    """The side on which an account grows. Debits are positive amounts, credits negative ones."""

    DEBIT = 1
    CREDIT = -1


class Account(NamedTuple):
    """An account as it is stored. What a decision makes of it is kept in a `Book`."""

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
    is_wallet: bool = False
    """Wallets hold grants; the operator's accounts only count."""
    pinned: int = 0
    """How much of `held` was taken out of grants; the rest is promised of credit not yet given."""
    burning: str | None = None
    """The grant that is spent next, and what is left of it: so a charge reads no grant at all."""
    burning_left: int = 0
    due_at: datetime | None = None
    """Nothing of this account expires before this instant: neither a grant nor a hold."""

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


class Entry(NamedTuple):
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
    invocation_id: str | None = None
    """The call that asked for it."""
    terms: Terms = BY_DEFAULT
    """The terms of the grant that a wallet is credited with, unless credits carry their own."""
    carries_terms: bool = False
    """What one wallet gives, the other gets on the same terms: moving credits renews nothing."""
    takes_back: str | None = None
    """The transaction whose grants are taken before all others."""

    def __post_init__(self) -> None:
        # Nothing a caller sends can bring this about; it would be our own mistake.
        assert len(self.entries) >= 2, f"{self.id} has one side only"
        assert self._balances(), f"{self.id} does not balance"

    def _balances(self) -> bool:
        if len(self.entries) == 2:
            one, other = self.entries[0].money, self.entries[1].money
            return one.amount == -other.amount and one.asset == other.asset
        totals: Counter[Asset] = Counter()
        for entry in self.entries:
            totals[entry.money.asset] += entry.money.amount
        return not any(totals.values())

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


class PostedEntry(NamedTuple):
    """An entry as it was written, with the number and the balance it left behind."""

    project_id: str
    account_id: str
    sequence: int
    transaction_id: str
    amount: int
    balance: int


@dataclass(slots=True)
class Accepted:
    """It is posted: its entries, and which grants paid for it, with how much each."""

    transaction: Transaction
    entries: tuple[PostedEntry, ...]
    burned: tuple[Part, ...] = ()
    available: int = 0
    """What the wallet of the first entry that names one has left."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The reference was booked before, with the same entries; nothing is posted."""

    transaction_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    error: EngineError
