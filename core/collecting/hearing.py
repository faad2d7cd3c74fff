"""Hear what invoices, payments and pages have come to, and do what follows. Each is told once."""

from core import checkouts, invoicing, payments
from core.collecting import concluding, finding
from core.collecting.beginning import collect
from core.collecting.model import OWED, State
from core.collecting.paying import CHANGED
from core.collecting.weighing import weigh_payment
from core.db.work import Work
from core.messaging import Event, Subscription


async def invoice_issued(work: Work, event: Event) -> None:
    """Begin by ourselves where something is due."""
    if await _is_owed(work, event.object_id):
        await collect(work, event.object_id)


async def invoice_changed(work: Work, event: Event) -> None:
    """Stop asking for what is paid, void, or another amount now, and ask for what is left."""
    invoice_id = event.data.get("invoice_id") or event.object_id
    invoice = await invoicing.find(work, invoice_id, lock=True)
    attempt = await finding.open_of(work, invoice_id)
    if attempt is None:
        return
    due = invoice.figures.due if invoice.state in OWED else 0
    # What the provider is being asked for is left to its answer: the money is weighed then.
    waits = attempt.state is State.NEEDS_ACTION or attempt.asked_at is None
    if due == attempt.amount.amount or not waits:
        return
    await concluding.leave(work, attempt, *CHANGED)
    if await _is_owed(work, invoice_id):
        await collect(work, invoice_id)


async def _is_owed(work: Work, invoice_id: str) -> bool:
    invoice = await invoicing.find(work, invoice_id)
    return invoice.state is invoicing.State.OPEN and invoice.figures.due > 0


async def payment_told(work: Work, event: Event) -> None:
    """Bring the attempt of a payment, and its invoice, up to what became of the payment."""
    if event.data.get("purpose") != payments.Purpose.INVOICE:
        return
    if payments.is_providers(event.data["source_id"]):
        # An invoice that the provider drew up, and has collected.
        return
    attempt = await finding.of_source(work, event.data["source_id"])
    if attempt is not None:
        await concluding.converge(work, attempt.id)
    elif (await payments.find(work, event.object_id)).is_paid:
        await weigh_payment(work, event.object_id, is_news=True)


async def page_told(work: Work, event: Event) -> None:
    """Tell people of a page that is there now; close it if nobody needs it any more."""
    attempt = await finding.of_source(work, event.object_id)
    if attempt is None:
        return
    await concluding.converge(work, attempt.id)
    if attempt.closed_at:
        await checkouts.close(work, event.object_id)


async def money_went(work: Work, event: Event) -> None:
    """Weigh a payment anew of which something went back, or came back."""
    record = await payments.find(work, event.data["payment_id"])
    ours = not payments.is_providers(record.sale.source_id)
    if ours and record.sale.invoice_id and record.is_paid:
        await weigh_payment(work, record.id, is_news=False)


_HEARD = {
    "invoice.finalized": invoice_issued,
    "invoice.paid": invoice_changed,
    "invoice.payment_recorded": invoice_changed,
    "invoice.voided": invoice_changed,
    "credit_note.issued": invoice_changed,
    "payment.succeeded": payment_told,
    "payment.underpaid": payment_told,
    "payment.pending": payment_told,
    "payment.failed": payment_told,
    "payment.canceled": payment_told,
    "checkout.opened": page_told,
    "refund.pending": money_went,
    "refund.succeeded": money_went,
    "refund.failed": money_went,
    "refund.canceled": money_went,
    "refund.refused": money_went,
    "dispute.closed": money_went,
}


async def hear(work: Work, event: Event) -> None:
    await _HEARD[event.type](work, event)


SUBSCRIPTION = Subscription("collecting", tuple(_HEARD), hear)
