"""The chart of accounts: which accounts a project has, on which side each grows, and their ids.

Every project has its own set of operator accounts, so a transaction touches one project only and
no account is hot for the whole engine. Their ids are derived from what they are, so that posting
never looks one up; a wallet's account has the wallet's own 128 bits.
"""

from enum import StrEnum
from functools import lru_cache

from core.kernel.ids import derived, renamed
from core.kernel.money import Asset
from core.ledger.model import Side


class AccountRole(StrEnum):
    WALLET = "wallet"
    """What we owe a customer in service: a liability."""
    REVENUE = "revenue"
    """What was earned by use."""
    CLEARING = "clearing"
    """Money that the payment processor owes us."""
    BREAKAGE = "breakage"
    """Earned because it expired unused."""
    PROMOTIONS = "promotions"
    """Credits given away: an expense."""
    ROUNDING = "rounding"
    """What crossing two assets left over."""
    EXCHANGE = "exchange"
    """Where one asset is sold for another: what came in for it, and what was given."""
    LOSSES = "losses"
    """Credits that were spent although what was paid for them went back: an expense."""
    FEES = "fees"
    """What the payment processor keeps: an expense."""
    DISPUTED = "disputed"
    """Money that banks took back, as long as nobody has decided whose it is."""
    BANK = "bank"
    """Money that the payment processor has handed over, or that came without it."""
    RECEIVABLE = "receivable"
    """What customers owe of what they were invoiced."""
    TAX = "tax"
    """Taxes that were invoiced: owed to whoever levies them."""
    DEFERRED = "deferred"
    """Invoiced in advance, and not earned yet: owed in service."""


DEBIT_ROLES = frozenset(
    {
        *(AccountRole.CLEARING, AccountRole.PROMOTIONS, AccountRole.LOSSES),
        *(AccountRole.FEES, AccountRole.DISPUTED, AccountRole.BANK),
        AccountRole.RECEIVABLE,
    }
)
SIDES = {role: Side.DEBIT if role in DEBIT_ROLES else Side.CREDIT for role in AccountRole}
INVOICED_ROLES = (AccountRole.RECEIVABLE, AccountRole.TAX, AccountRole.DEFERRED)
"""Accounts of what is invoiced in alone: credits are never owed by a customer."""
OPERATOR_ROLES = tuple(
    role for role in AccountRole if role not in {AccountRole.WALLET, *INVOICED_ROLES}
)


@lru_cache(maxsize=4096)
def operator_account(project_id: str, role: AccountRole, asset: Asset) -> str:
    """Return the id of the one account with this role and asset in this project."""
    return derived("acc", project_id, role, str(asset))


def wallet_account(wallet_id: str) -> str:
    """Return the id of the wallet's account: the same 128 bits under the ledger's prefix."""
    return renamed(wallet_id, "acc")
