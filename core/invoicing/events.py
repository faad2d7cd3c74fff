"""What invoicing tells: each change once for whoever listens, and once for the trail."""

from typing import Any

from core import audit, messaging
from core.bills import Invoice
from core.db.work import Work
from core.kernel.money import Money

CREATED = "invoice.created"
UPDATED = "invoice.updated"
FINALIZED = "invoice.finalized"
PAID = "invoice.paid"
PAYMENT_RECORDED = "invoice.payment_recorded"
PAYMENT_RETURNED = "invoice.payment_returned"
VOIDED = "invoice.voided"
GIVEN_UP = "invoice.marked_uncollectible"
NOTE_ISSUED = "credit_note.issued"


def facts_of(invoice: Invoice) -> dict[str, Any]:
    figures = invoice.figures

    def told(amount: int) -> str:
        return Money(amount, invoice.asset).decimal

    return {
        "reference": invoice.reference,
        "number": invoice.number,
        "state": str(invoice.state),
        "asset": str(invoice.asset),
        "total": told(figures.total),
        "amount_due": told(figures.due) if invoice.number else None,
        "credited": told(figures.credited),
        "due_at": invoice.due_at.isoformat() if invoice.due_at else None,
    }


async def tell(work: Work, happened: str, invoice: Invoice, **more: Any) -> None:
    """Publish what happened to the invoice, and note it in the trail."""
    told = facts_of(invoice) | more
    await messaging.publish(work, happened, invoice.id, told)
    await audit.record(work, happened, invoice.id, **told)
