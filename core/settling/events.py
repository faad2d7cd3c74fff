"""What refunds and disputes tell, each once, in the unit of the change itself."""

from core import audit, messaging
from core.db.work import Work
from core.settling.model import Dispute, Refund


async def tell_refund(work: Work, refund: Refund) -> None:
    """Tell what became of a refund: `refund.succeeded`, `.pending`, `.failed`, and so on."""
    happened = f"refund.{refund.state}"
    told = {
        "payment_id": refund.payment_id,
        "amount": refund.amount.decimal,
        "currency": str(refund.amount.asset),
        "transaction_id": refund.transaction_id,
        "failure_reason": refund.failure_reason,
    }
    await messaging.publish(work, happened, refund.id, told)
    await audit.record(work, happened, refund.id, **told)


async def tell_given_up(work: Work, refund: Refund, error: str) -> None:
    """Tell that the provider has not answered for so long that nobody asks it any more."""
    told = {
        "payment_id": refund.payment_id,
        "amount": refund.amount.decimal,
        "currency": str(refund.amount.asset),
        "error": error[:500],
    }
    await messaging.publish(work, "refund.given_up", refund.id, told)
    await audit.record(work, "refund.given_up", refund.id, **told)


async def tell_dispute(work: Work, happened: str, dispute: Dispute) -> None:
    """Tell that a dispute was opened, changed, or closed, and by when somebody must answer."""
    due = dispute.evidence_due_at
    told = {
        "payment_id": dispute.payment_id,
        "amount": dispute.amount.decimal,
        "currency": str(dispute.amount.asset),
        "status": dispute.state,
        "reason": dispute.reason,
        "evidence_due_at": due.isoformat() if due else None,
    }
    await messaging.publish(work, happened, dispute.id, told)
    await audit.record(work, happened, dispute.id, **told)
