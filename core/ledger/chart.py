"""The chart of accounts: which accounts a project has, on which side each grows, and their ids.

Every project has its own set of operator accounts, so a transaction touches one project only and
no account is hot for the whole engine. Their ids are derived from what they are, so that posting
never looks one up; a wallet's account has the wallet's own 128 bits.
"""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import select

from core.db.upsert import insert_all_if_absent
from core.db.work import Work
from core.kernel.ids import derived, renamed
from core.kernel.money import Asset
from core.ledger import tables
from core.ledger.model import Account, Side
from core.ledger.posting import account_of


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


SIDES = {
    AccountRole.WALLET: Side.CREDIT,
    AccountRole.REVENUE: Side.CREDIT,
    AccountRole.CLEARING: Side.DEBIT,
    AccountRole.BREAKAGE: Side.CREDIT,
    AccountRole.PROMOTIONS: Side.DEBIT,
    AccountRole.ROUNDING: Side.CREDIT,
}
OPERATOR_ROLES = tuple(role for role in AccountRole if role is not AccountRole.WALLET)


def operator_account(project_id: str, role: AccountRole, asset: Asset) -> str:
    """Return the id of the one account with this role and asset in this project."""
    return derived("acc", project_id, role, str(asset))


def wallet_account(wallet_id: str) -> str:
    """Return the id of the wallet's account: the same 128 bits under the ledger's prefix."""
    return renamed(wallet_id, "acc")


async def open_wallet_account(work: Work, wallet_id: str, asset: Asset, floor: int | None) -> None:
    """Open the wallet's account, and the operator's accounts that it will be moved against."""
    ids = [(wallet_account(wallet_id), AccountRole.WALLET)]
    ids += [(operator_account(work.project_id, role, asset), role) for role in OPERATOR_ROLES]
    rows = [
        {
            "project_id": work.project_id,
            "id": account_id,
            "role": str(role),
            "asset": str(asset),
            "side": int(SIDES[role]),
            "posted": 0,
            "held": 0,
            "floor": floor if role is AccountRole.WALLET else None,
            "sequence": 0,
            "opened_at": work.now,
        }
        for account_id, role in sorted(ids)
    ]
    await insert_all_if_absent(work, tables.accounts, rows)


async def read_accounts(work: Work, account_ids: Sequence[str]) -> dict[str, Account]:
    """Read accounts of the call's project as they are, without locking them."""
    a = tables.accounts.c
    query = select(tables.accounts).where(
        a.project_id == work.project_id, a.id.in_(list(account_ids))
    )
    return {row.id: account_of(row) for row in await work.execute(query)}
