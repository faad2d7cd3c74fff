"""What explains a transaction: where it came from, and what it should be, computed anew.

Pure values, and the comparison of what should be booked with what is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from core import ledger
from core.explaining.booked import Booked
from core.kernel.money import Money
from core.ledger import AccountRole
from core.pricing import Rated


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedEvent:
    """A usage event that was charged, with what its meter read of it."""

    event_id: str
    meter_key: str | None
    """None where the month of the event was taken away."""
    occurred_at: datetime
    quantity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Where a transaction came from, what it was computed from, and what it should be."""

    origin: str
    origin_id: str
    summary: str
    facts: Mapping[str, str] = field(default_factory=dict)
    """What it was computed from, by name, as people write it."""
    events: tuple[UsedEvent, ...] = ()
    rated: Rated | None = None
    expected: Mapping[str, int] | None = None
    """Of each account, debits positive, as the ledger has it; None where nothing can be told."""
    differences: tuple[str, ...] = ()
    """What is wrong, or cannot be recomputed, in words."""

    def but(self, *differences: str) -> "Explained":
        """Return the same with more that is wrong with it."""
        return replace(self, differences=(*self.differences, *differences))

    def matches(self, booked: Booked) -> bool | None:
        """Tell whether what was recomputed is what is booked; None where nothing could be."""
        if self.expected is None:
            return None
        return not self.differences and not self.unequal(booked)

    def unequal(self, booked: Booked) -> list[str]:
        """Name the accounts on which something else is booked than was recomputed."""
        if self.expected is None:
            return []
        amounts = booked.amounts
        named = {each.account_id: each for each in booked.postings}
        return [
            f"{named[each].role} {each} has another amount than was recomputed"
            if each in named
            else f"{each} has no entry, and should have one"
            for each in sorted({*amounts, *self.expected})
            if amounts.get(each, 0) != self.expected.get(each, 0)
        ]


def moved(project_id: str, *entries: tuple[AccountRole | str, Money]) -> dict[str, int]:
    """Say what should be booked on a project's accounts; a wallet is given by its id.

    Amounts are debits where positive. What goes in and out of one account is one entry.
    """
    sums: dict[str, int] = {}
    for name, money in entries:
        account = (
            ledger.operator_account(project_id, name, money.asset)
            if isinstance(name, AccountRole)
            else ledger.wallet_account(name)
        )
        sums[account] = sums.get(account, 0) + money.amount
    return {account: amount for account, amount in sums.items() if amount}


def told(facts: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Leave out what is not known."""
    return {name: value for name, value in facts if value is not None}
