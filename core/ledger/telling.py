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
    events: list[messaging.Told] = []
    for each in decision.expired:
        transaction, [(grant_id, left)] = each.transaction, each.burned
        wallet = transaction.entries[0]
        told = _amount(wallet.account_id, Money(left, wallet.money.asset))
        told["transaction_id"] = transaction.id
        unasked = _unasked(work, transaction.project_id)
        events.append((unasked, GRANT_EXPIRED, grant_id, told))
    for hold in decision.holds.values():
        if hold.state is HoldState.EXPIRED:
            asset = decision.books[hold.key].account.asset
            told = _amount(hold.account_id, Money(hold.amount, asset))
            events.append((_unasked(work, hold.project_id), HOLD_EXPIRED, hold.id, told))
    await messaging.publish_many(events)


def _amount(account_id: str, amount: Money) -> dict[str, str]:
    wallet_id = renamed(account_id, "wal")
    return {"wallet_id": wallet_id, "amount": amount.decimal, "asset": str(amount.asset)}


def _unasked(work: Work, project_id: str) -> Work:
    # The calls of this unit may be about other projects, and none of them asked for it.
    return replace(
        work, found_project_id=project_id, invocation_id=None, is_shared=False, effects=[]
    )
