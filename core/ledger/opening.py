"""Open a wallet's account, and those of the operator that it is moved against."""

from collections.abc import Sequence
from typing import Any

from core.db.sets import find_rows
from core.db.together import Order, Step
from core.db.upsert import insert_all_if_absent
from core.db.work import Work
from core.kernel.money import Asset
from core.ledger import tables
from core.ledger.chart import (
    INVOICED_ROLES,
    OPERATOR_ROLES,
    SIDES,
    AccountRole,
    operator_account,
    wallet_account,
)


async def open_wallet_account(work: Work, wallet_id: str, asset: Asset, floor: int | None) -> None:
    """Open the wallet's account, and the operator's accounts that it will be moved against."""
    wallet = _row(work, wallet_account(wallet_id), AccountRole.WALLET, asset)
    await open_operator_accounts(work, asset, wallet | {"floor": floor})


async def open_operator_accounts(work: Work, asset: Asset, *more: dict[str, Any]) -> None:
    """Open those of the project's operator accounts of an asset that are not open yet."""
    await _open(work, [*more, *_operator(work, asset, OPERATOR_ROLES)])


async def open_invoiced_accounts(work: Work, asset: Asset) -> None:
    """Open those too that only a currency has in which is invoiced."""
    await work.together(OPEN, asset)


async def _open_invoiced(items: Sequence[tuple[Work, Asset]]) -> list[None]:
    """Open them where the first of them is not: they are opened together or not at all."""
    first = [
        (own.project_id, operator_account(own.project_id, INVOICED_ROLES[0], asset))
        for own, asset in items
    ]
    work, names = items[0][0], ("project_id", "id")
    found = await find_rows(work, tables.accounts, names, sorted(set(first)), names)
    known, missing = set(found), {}
    for key, (own, asset) in zip(first, items, strict=True):
        if key not in known:
            missing[key] = _operator(own, asset, (*OPERATOR_ROLES, *INVOICED_ROLES))
    await _open(work, [row for rows in missing.values() for row in rows])
    return [None] * len(items)


OPEN: Step[Asset, None] = Step(Order.LOOK + 16, _open_invoiced)


def _operator(work: Work, asset: Asset, roles: Sequence[AccountRole]) -> list[dict[str, Any]]:
    ids = {operator_account(work.project_id, role, asset): role for role in roles}
    return [_row(work, account_id, role, asset) for account_id, role in ids.items()]


async def _open(work: Work, rows: list[dict[str, Any]]) -> None:
    await insert_all_if_absent(
        work, tables.accounts, sorted(rows, key=lambda row: (row["project_id"], row["id"]))
    )


def _row(work: Work, account_id: str, role: AccountRole, asset: Asset) -> dict[str, Any]:
    empty = dict.fromkeys(("posted", "held", "sequence", "pinned", "burning_left"), 0)
    named = {"project_id": work.project_id, "id": account_id, "role": str(role)}
    kind = {"asset": str(asset), "side": int(SIDES[role]), "floor": None}
    return named | kind | empty | {"opened_at": work.now}
