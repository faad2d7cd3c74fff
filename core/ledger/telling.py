"""Tell of what expired, whoever came upon it: a job that looked for it, or a charge in its way."""

from dataclasses import replace

from core import messaging
from core.db.work import Work
from core.kernel.ids import renamed
from core.kernel.money import Money
from core.ledger.batching import Decision
from core.ledger.holds import HoldState

GRANT_EXPIRED = "grant.expired"
HOLD_EXPIRED = "hold.expired"


async def tell_expired(work: Work, decision: Decision) -> None:
    """Publish every grant and hold that expired in this decision, each once."""
    for each in decision.expired:
        transaction, [(grant_id, left)] = each.transaction, each.burned
        wallet = transaction.entries[0]
        told = _amount(wallet.account_id, Money(left, wallet.money.asset))
        told["transaction_id"] = transaction.id
        await _publish(work, transaction.project_id, GRANT_EXPIRED, grant_id, told)
    for hold in decision.holds.values():
        if hold.state is HoldState.EXPIRED:
            asset = decision.books[hold.key].account.asset
            told = _amount(hold.account_id, Money(hold.amount, asset))
            await _publish(work, hold.project_id, HOLD_EXPIRED, hold.id, told)


def _amount(account_id: str, amount: Money) -> dict[str, str]:
    wallet_id = renamed(account_id, "wal")
    return {"wallet_id": wallet_id, "amount": amount.decimal, "asset": str(amount.asset)}


async def _publish(
    work: Work, project_id: str, happened: str, object_id: str, told: dict[str, str]
) -> None:
    # The calls of this unit may be about other projects, and none of them asked for it.
    unasked = replace(
        work, found_project_id=project_id, invocation_id=None, is_shared=False, effects=[]
    )
    await messaging.publish(unasked, happened, object_id, told)
