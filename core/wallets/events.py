"""What wallets tell, in the past tense. What expires is told by the ledger, which comes upon it."""

from core import ledger, messaging
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.wallets.model import wallet_of

CREDITED = "wallet.credited"
TRANSFERRED = "wallet.transferred"
REVERSED = "transaction.reversed"
HOLD_CREATED = "hold.created"
HOLD_CAPTURED = "hold.captured"
HOLD_RELEASED = "hold.released"


async def moved(
    work: Work, happened: str, transaction: ledger.Transaction, amount: Money, **wallets: str
) -> None:
    """Tell of credits that came into a wallet, from outside or from another one."""
    told = {"transaction_id": transaction.id, "amount": amount.decimal, "asset": str(amount.asset)}
    await messaging.publish(work, happened, wallets["wallet_id"], told | wallets)


async def held(
    work: Work, happened: str, hold: ledger.Hold, asset: Asset, **more: str | None
) -> None:
    """Tell what became of a hold."""
    told = {
        "wallet_id": wallet_of(hold),
        "amount": Money(hold.amount, asset).decimal,
        "asset": str(asset),
        "expires_at": hold.expires_at.isoformat(),
    }
    await messaging.publish(work, happened, hold.id, told | more)
