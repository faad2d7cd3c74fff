"""Open a wallet: its row, its account, and the operator's accounts that it is moved against."""

from sqlalchemy import insert

from core import audit, ledger, messaging
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.wallets.model import Wallet
from core.wallets.tables import wallets


async def open_wallet(
    work: Work, name: str, asset: Asset, *, floor: int | None = 0, user_id: str | None = None
) -> Wallet:
    """Open an empty wallet of the unit's project. `floor` is in smallest units."""
    wallet = Wallet(work.ids.new("wal"), work.project_id, name, asset, user_id, work.now)
    row = {each: getattr(wallet, each) for each in wallet.__slots__} | {"asset": str(asset)}
    await work.execute(insert(wallets), row)
    await ledger.open_wallet_account(work, wallet.id, asset, floor)
    work.record("created", wallet.id)
    told = None if not floor else Money(floor, asset).decimal
    await audit.record(work, "wallet.created", wallet.id, asset=str(asset), floor=told)
    await messaging.publish(work, "wallet.created", wallet.id, {"asset": str(asset)})
    return wallet
