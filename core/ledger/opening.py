"""Open a wallet's account, and those of the operator that it is moved against."""

from core.db.upsert import insert_all_if_absent
from core.db.work import Work
from core.kernel.money import Asset
from core.ledger import tables
from core.ledger.chart import (
    OPERATOR_ROLES,
    SIDES,
    AccountRole,
    operator_account,
    wallet_account,
)


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
            "pinned": 0,
            "burning_left": 0,
        }
        for account_id, role in sorted(ids)
    ]
    await insert_all_if_absent(work, tables.accounts, rows)
