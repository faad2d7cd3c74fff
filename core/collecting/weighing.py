"""Weigh the money of a payment against its invoice: settle, take back, or find it a surplus.

Whatever happened to either, the same is done: look at all of it under the locks of both, decide in
a pure function, and book the difference. So it may be done twice, by anybody, and changes nothing.
"""

from core import invoicing, payments, settling
from core.collecting import events
from core.collecting.model import OWED, Moves, Stands, weigh
from core.db.work import Work
from core.kernel.money import Money
from core.ledger import AccountRole

DUPLICATE = "duplicate"


async def weigh_payment(work: Work, payment_id: str, *, is_news: bool) -> None:
    """Bring an invoice up to what is here of a payment for it.

    What nothing is due for goes back to where it came from, if the payment `is_news`: once, so
    that a refund which the bank refuses is left to a person.
    """
    invoice_id = (await payments.find(work, payment_id)).sale.invoice_id
    assert invoice_id, "who asks has looked what it is for"
    # The invoice first and the payment after it, as everybody does who locks both.
    invoice = await invoicing.find(work, invoice_id, lock=True)
    standing = await settling.lock_payment(work, payment_id)
    parts = [
        each
        for each in await invoicing.settlements(work, invoice.id)
        if each.payment_id == payment_id
    ]
    applied = invoicing.stands_for(parts)
    due = invoice.figures.due if invoice.state in OWED else 0
    moves = weigh(_stands(standing, applied), due)
    await _book(work, invoice, payment_id, moves, turn=len(parts))
    if moves.apply or moves.take_back:
        now = Money(applied + moves.apply - moves.take_back, invoice.asset)
        await payments.note_applied(work, payment_id, now)
    if moves.spare and is_news:
        await _give_back(work, invoice, standing, Money(moves.spare, invoice.asset))


def _stands(standing: settling.Standing, applied: int) -> Stands:
    record = standing.record
    lost = sum(each.amount.amount for each in standing.disputes if each.is_lost)
    live = sum(each.amount.amount for each in standing.refunds if each.state.is_live)
    return Stands(
        received=record.received.amount,
        gone=standing.refunded + lost,
        leaving=max(live, standing.refunded) + lost,
        applied=applied,
    )


async def _book(
    work: Work, invoice: invoicing.Invoice, payment_id: str, moves: Moves, *, turn: int
) -> None:
    reference = f"payment:{payment_id}"
    if moves.apply:
        # The money is booked already, by whoever heard of the payment; it is taken from there.
        received = invoicing.Received(
            amount=Money(moves.apply, invoice.asset),
            reference=f"{reference}:{turn}" if turn else reference,
            on=AccountRole.EXCHANGE,
        )
        await invoicing.settle(work, invoice.id, received)
    if moves.take_back:
        back = Money(moves.take_back, invoice.asset)
        await invoicing.take_back(work, invoice.id, back, reference=f"{reference}:{turn}")


async def _give_back(
    work: Work, invoice: invoicing.Invoice, standing: settling.Standing, spare: Money
) -> None:
    """Refund what came for an invoice of which that much was not due."""
    record = standing.record
    refund_id = None
    if standing.blocked_by is None and record.external_id is not None:
        refund = await settling.begin_refund(work, record.id, spare, DUPLICATE)
        refund_id = refund.id
    told = {
        "invoice_id": invoice.id,
        "invoice_state": str(invoice.state),
        "amount": spare.decimal,
        "currency": str(spare.asset),
        "refund_id": refund_id,
    }
    await events.tell_surplus(work, record.id, **told)
