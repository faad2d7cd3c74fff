"""Money that went back of what was paid for an invoice: it is owed again, if not credited."""

from dataclasses import replace

from core import ledger
from core.bills import Invoice, State, Step, stepped
from core.db.work import Work
from core.invoicing import booking, events, finding, settling
from core.invoicing.changing import keep
from core.kernel.money import Money
from core.ledger import AccountRole


async def take_back(work: Work, invoice_id: str, back: Money, *, reference: str) -> Invoice:
    """Book that so much of what was paid went back, once: the same reference changes nothing.

    It is due again, and what was paid is open. Nobody is asked for it by that alone.
    """
    before = await finding.find(work, invoice_id, lock=True)
    if await settling.is_known(work, before, reference):
        return before
    await book(work, before, back, reference=reference)
    figures = replace(before.figures, returned=before.figures.returned + back.amount)
    after = replace(before, figures=figures)
    if before.state is State.PAID:
        state = stepped(before.id, before.state, Step.REOPEN)
        after = replace(after, state=state, paid_at=None)
    told = {"amount": back.decimal, "payment_reference": reference}
    return await keep(work, before, after, events.PAYMENT_RETURNED, **told)


async def book(work: Work, invoice: Invoice, back: Money, *, reference: str) -> None:
    """Take it from the invoice to where money waits that is on its way back."""
    transaction = booking.drawn(
        work,
        booking.RETURNED,
        f"invoice:{invoice.id}:returned:{reference}",
        invoice.asset,
        moves=[
            (booking.operator(work, AccountRole.RECEIVABLE, invoice.asset), back.amount),
            (booking.operator(work, AccountRole.EXCHANGE, invoice.asset), -back.amount),
        ],
        memo=f"Went back of {invoice.number}",
    )
    assert transaction, "something went back"
    await ledger.post(work, transaction)
    made = settling.Settled(
        reference=reference,
        kind=settling.RETURNED,
        amount=back.amount,
        transaction_id=transaction.id,
    )
    await settling.write(work, invoice, made)
