"""A wallet and what it holds, as people say it: what the customer may still use is positive."""

from dataclasses import dataclass
from datetime import datetime

from core import ledger
from core.kernel.ids import renamed
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
    """What a wallet holds now: available = posted less held less expired."""

    posted: Money
    held: Money
    expired: Money
    """What has expired by now, and is not posted as such yet."""
    available: Money
    floor: Money

    @classmethod
    def of(cls, standing: ledger.Standing) -> "Balance":
        account = standing.account
        return cls(
            Money(account.balance, account.asset),
            Money(standing.held, account.asset),
            Money(standing.expired, account.asset),
            Money(standing.available, account.asset),
            Money(account.floor or 0, account.asset),
        )

    @classmethod
    def empty(cls, asset: Asset, floor: int) -> "Balance":
        nothing = Money(0, asset)
        return cls(nothing, nothing, nothing, nothing, Money(floor, asset))


def wallet_of(hold: ledger.Hold) -> str:
    """Return the id of the wallet whose credits are held."""
    return renamed(hold.account_id, "wal")
