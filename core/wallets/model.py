"""A wallet and what it holds, as people say it: what the customer may still use is positive."""

from dataclasses import dataclass
from datetime import datetime

from core import ledger
from core.kernel.money import Asset, Money


@dataclass(frozen=True, slots=True)
class Wallet:
    id: str
    project_id: str
    name: str
    asset: Asset
    user_id: str | None
    """The member whose own wallet this is; None for one of the whole project."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """Posted, held and available, in the wallet's asset. Available = posted less held."""

    posted: Money
    held: Money
    available: Money
    floor: Money

    @classmethod
    def of(cls, account: ledger.Account) -> "Balance":
        return cls(
            Money(account.balance, account.asset),
            Money(account.held, account.asset),
            Money(account.available, account.asset),
            Money(account.floor or 0, account.asset),
        )
