"""Put value into wallets, move it between them, and take a booking back. The ledger does the work.

The business reference is the call's own: without an idempotency key every call is a new movement,
and with one the gate answers the second call before it gets here.
"""

from core import ledger, messaging
from core.db.work import Work
from core.kernel.money import Money
from core.wallets.errors import AssetsDiffer
from core.wallets.model import Wallet


async def grant(work: Work, wallet: Wallet, amount: Money, memo: str) -> ledger.Transaction:
    """Give credits away: the project's promotions account bears them."""
    reference = f"grant:{work.invocation_id or work.ids.new('inv')}"
    transaction = ledger.flows.GRANT.draw(
        work, amount, reference=reference, target=wallet.id, memo=memo
    )
    await ledger.post(work, transaction)
    told = _told(transaction, amount) | {"wallet_id": wallet.id}
    await messaging.publish(work, "wallet.credited", wallet.id, told)
    return transaction


async def transfer(
    work: Work, source: Wallet, target: Wallet, amount: Money, *, memo: str
) -> ledger.Transaction:
    """Move credits between two wallets of one project that hold the same asset."""
    if source.asset != target.asset:
        raise AssetsDiffer(str(source.asset), str(target.asset))
    reference = f"transfer:{work.invocation_id or work.ids.new('inv')}"
    transaction = ledger.flows.TRANSFER.draw(
        work, amount, reference=reference, source=source.id, target=target.id, memo=memo
    )
    await ledger.post(work, transaction)
    told = _told(transaction, amount) | {"wallet_id": target.id, "from_wallet_id": source.id}
    await messaging.publish(work, "wallet.transferred", target.id, told)
    return transaction


def _told(transaction: ledger.Transaction, amount: Money) -> dict[str, str]:
    return {
        "transaction_id": transaction.id,
        "amount": amount.decimal,
        "asset": str(amount.asset),
    }


async def reverse(work: Work, transaction_id: str, memo: str) -> ledger.Transaction:
    """Post the opposite of a transaction of this project, once."""
    reversal = await ledger.reverse(work, transaction_id, memo)
    told = {"transaction_id": reversal.id, "reverses": transaction_id}
    await messaging.publish(work, "transaction.reversed", transaction_id, told)
    return reversal
