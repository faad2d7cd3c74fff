"""Find wallets of the call's project. Another project's wallet is not found, whoever asks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, tuple_

from core import ledger
from core.db.work import Work
from core.kernel.caller import Role, at_least
from core.kernel.money import Asset
from core.wallets.errors import NoWalletForAsset, WalletNotFound
from core.wallets.model import Balance, Wallet
from core.wallets.tables import wallets


async def find(work: Work, wallet_id: str) -> Wallet:
    row = (await work.execute(_select(work).where(wallets.c.id == wallet_id))).first()
    if row is None:
        raise WalletNotFound(wallet_id)
    return _wallet(row)


async def find_spendable(work: Work, wallet_id: str) -> Wallet:
    """Find a wallet that this caller may charge: a member's own is that member's to spend.

    Admins, the operator, and keys, which act for the whole project, may charge any.
    """
    wallet, caller = await find(work, wallet_id), work.caller
    is_anothers = wallet.user_id is not None and wallet.user_id != caller.user_id
    may_spend_any = caller.is_platform or not caller.user_id or at_least(caller.role, Role.ADMIN)
    if is_anothers and not may_spend_any:
        raise WalletNotFound(wallet_id)
    return wallet


async def default_wallet(work: Work, asset: Asset) -> Wallet:
    """Return the project's own oldest wallet that holds the asset, never a member's."""
    query = _select(work).where(wallets.c.asset == str(asset), wallets.c.user_id.is_(None))
    row = (await work.execute(query.order_by(wallets.c.id).limit(1))).first()
    if row is None:
        raise NoWalletForAsset(str(asset))
    return _wallet(row)


async def list_after(work: Work, after: Sequence[str] | None, limit: int) -> list[Wallet]:
    """Return wallets in the order they were made."""
    query = _select(work).order_by(wallets.c.id).limit(limit)
    if after:
        query = query.where(tuple_(wallets.c.id) > tuple_(after[0]))
    return [_wallet(row) for row in await work.execute(query)]


async def balances(work: Work, wallet_ids: Sequence[str]) -> dict[str, Balance]:
    """Read what each wallet holds, without waiting for whoever is charging it."""
    accounts = await ledger.read_accounts(
        work, [ledger.wallet_account(each) for each in wallet_ids]
    )
    return {each: Balance.of(accounts[ledger.wallet_account(each)]) for each in wallet_ids}


def _select(work: Work) -> Select[Any]:
    return select(wallets).where(wallets.c.project_id == work.project_id)


def _wallet(row: Any) -> Wallet:
    return Wallet(
        row.id, row.project_id, row.name, Asset.parse(row.asset), row.user_id, row.created_at
    )
