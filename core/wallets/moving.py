"""Put value into wallets, move it between them, and take a booking back. The ledger does the work.

The business reference is the call's own: without an idempotency key every call is a new movement,
and with one the gate answers the second call before it gets here.
"""

from core import ledger, messaging
from core.db.work import Work
from core.kernel.money import Money
from core.wallets import events
from core.wallets.errors import AssetsDiffer
from core.wallets.model import Wallet


async def grant(
    work: Work, wallet: Wallet, amount: Money, terms: ledger.Terms, *, memo: str
) -> ledger.Accepted:
    """Give credits away on these terms: the project's promotions account bears them."""
    transaction = ledger.flows.GRANT.draw(
        work,
        amount,
        reference=f"grant:{_own_reference(work)}",
        target=wallet.id,
        memo=memo,
        terms=terms,
    )
    posted = await _post(work, transaction)
    await events.moved(work, events.CREDITED, transaction, amount, wallet_id=wallet.id)
    return posted


async def deposit(
    work: Work, transaction: ledger.Transaction, wallet_id: str, amount: Money
) -> str:
    """Post what credits a wallet for a business fact, once for ever; return what is booked.

    For slices above, whose reference may have been booked before: then nothing happens and the id
    of the first transaction is returned.
    """
    [posted] = await ledger.post(work, transaction)
    if isinstance(posted, ledger.Duplicate):
        return posted.transaction_id
    await events.moved(work, events.CREDITED, transaction, amount, wallet_id=wallet_id)
    return transaction.id


async def transfer(
    work: Work, source: Wallet, target: Wallet, amount: Money, *, memo: str
) -> ledger.Accepted:
    """Move credits between two wallets of one project that hold the same asset.

    They keep their terms: what expires in the one expires in the other, at the same instant.
    """
    if source.asset != target.asset:
        raise AssetsDiffer(str(source.asset), str(target.asset))
    transaction = ledger.flows.TRANSFER.draw(
        work,
        amount,
        reference=f"transfer:{_own_reference(work)}",
        source=source.id,
        target=target.id,
        memo=memo,
    )
    posted = await _post(work, transaction)
    wallets = {"wallet_id": target.id, "from_wallet_id": source.id}
    await events.moved(work, events.TRANSFERRED, transaction, amount, **wallets)
    return posted


async def reverse(work: Work, transaction_id: str, memo: str) -> ledger.Transaction:
    """Post the opposite of a transaction of this project, once."""
    reversal = await ledger.reverse(work, transaction_id, memo)
    told = {"transaction_id": reversal.id, "reverses": transaction_id}
    await messaging.publish(work, events.REVERSED, transaction_id, told)
    return reversal


def _own_reference(work: Work) -> str:
    return work.invocation_id or work.ids.new("inv")


async def _post(work: Work, transaction: ledger.Transaction) -> ledger.Accepted:
    [posted] = await ledger.post(work, transaction)
    assert isinstance(posted, ledger.Accepted), "a call's own reference is booked by no other"
    return posted
