"""Find wallets of the call's project. Another project's wallet is not found, whoever asks.

Looking up is a step that all calls of a shared unit take together, whatever projects they are of.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core import ledger
from core.db import paging
from core.db.sets import find_rows, first_rows
from core.db.together import Order, Step
from core.db.work import Work
from core.kernel.caller import Role, at_least
from core.kernel.ids import is_id
from core.kernel.money import Asset
from core.wallets.errors import NoWalletForAsset, WalletNotFound
from core.wallets.model import Balance, Wallet
from core.wallets.tables import wallets

WALLET = ("project_id", "id", "name", "asset", "user_id", "created_at")


async def find(work: Work, wallet_id: str) -> Wallet:
    """Find a wallet of the call's project. Raises WalletNotFound."""
    return await work.together(FIND, wallet_id)


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
    return await work.together(DEFAULT, asset)


def place(cursor: str | None, prefix: str) -> str | None:
    """Read the id a list goes on after. Raises InvalidCursor for what is no id of that noun."""
    key = paging.after(cursor, parts=1)
    if key is not None and not is_id(prefix, key[0]):
        raise paging.InvalidCursor
    return key[0] if key else None


async def list_after(work: Work, after: str | None, limit: int) -> list[Wallet]:
    """Return wallets in the order they were made."""
    w = wallets.c
    query = (
        select(*(w[name] for name in WALLET))
        .where(w.project_id == work.project_id)
        .order_by(w.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(w.id > after)
    return [_wallet(row) for row in await work.execute(query)]


async def balances(work: Work, wallet_ids: Sequence[str]) -> dict[str, Balance]:
    """Read what each wallet holds at this instant, without waiting for whoever is charging it."""
    found = await ledger.standings(work, [ledger.wallet_account(each) for each in wallet_ids])
    return {each: Balance.of(found[ledger.wallet_account(each)]) for each in wallet_ids}


async def balance(work: Work, wallet_id: str) -> Balance:
    """Read what one wallet holds at this instant. Raises WalletNotFound.

    A wallet and its account are there or not together, so the account tells which, and no wallet
    is looked up: this is asked more often than anything else.
    """
    account_id = ledger.wallet_account(wallet_id)
    standing = (await ledger.standings(work, [account_id])).get(account_id)
    if standing is None or not standing.account.is_wallet:
        raise WalletNotFound(wallet_id)
    return Balance.of(standing)


async def _find(items: Sequence[tuple[Work, str]]) -> list[Wallet | WalletNotFound]:
    wanted = [(work.project_id, wallet_id) for work, wallet_id in items]
    rows = await find_rows(items[0][0], wallets, WALLET[:2], sorted(set(wanted)), WALLET)
    found = {row[:2]: _wallet(row) for row in rows}
    return [found.get(key) or WalletNotFound(key[1]) for key in wanted]


async def _find_default(items: Sequence[tuple[Work, Asset]]) -> list[Wallet | NoWalletForAsset]:
    wanted = [(work.project_id, str(asset)) for work, asset in items]
    rows = await first_rows(
        items[0][0],
        wallets,
        ("project_id", "asset"),
        sorted(set(wanted)),
        WALLET,
        order="id",
        only="x.user_id is null",
    )
    found = {(row[0], row[3]): _wallet(row) for row in rows}
    return [found.get(key) or NoWalletForAsset(key[1]) for key in wanted]


FIND: Step[str, Wallet] = Step(Order.LOOK + 4, _find)
DEFAULT: Step[Asset, Wallet] = Step(Order.LOOK + 4, _find_default)


def _wallet(row: Sequence[Any]) -> Wallet:
    project_id, wallet_id, name, asset, user_id, created_at = row
    return Wallet(wallet_id, project_id, name, Asset.parse(asset), user_id, created_at)
