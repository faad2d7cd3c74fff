"""Take an invoice back as a mistake, or give it up. What was issued stays, with its number."""

from dataclasses import replace

from core import ledger, wallets
from core.bills import Invoice, InvoicePaidInPart, State, Step, stepped
from core.db.work import Work
from core.invoicing import booking, events, finding, settling
from core.invoicing.changing import keep
from core.kernel.money import Money


async def void(
    work: Work, invoice_id: str, *, version: int | None = None, reason: str | None = None
) -> Invoice:
    """Say that an invoice was a mistake: it is owed no more, and wallets get back what they paid.

    A draft is only put away. One that money came for stays: that is what credit notes are for.
    Raises InvoiceNotInState, InvoicePaidInPart.
    """
    before = await finding.find(work, invoice_id, lock=True, version=version)
    state = stepped(before.id, before.state, Step.VOID)
    figures = before.figures
    if came := figures.paid - figures.returned:
        paid = Money(came, before.asset)
        raise InvoicePaidInPart(before.id, paid.decimal, str(before.asset))
    if before.state is not State.DRAFT:
        await _unbook(work, before)
        applied = await _give_back(work, before)
        figures = replace(figures, given=figures.given + applied)
    after = replace(before, state=state, figures=figures, voided_at=work.now)
    return await keep(work, before, after, events.VOIDED, reason=reason)


async def give_up(work: Work, invoice_id: str, *, version: int | None = None) -> Invoice:
    """Say that nobody expects an invoice to be paid any more. It is owed still, and may be paid."""
    before = await finding.find(work, invoice_id, lock=True, version=version)
    state = stepped(before.id, before.state, Step.GIVE_UP)
    after = replace(before, state=state, given_up_at=work.now)
    return await keep(work, before, after, events.GIVEN_UP)


async def _unbook(work: Work, invoice: Invoice) -> None:
    """Book that nothing of what is left of it is owed, and nothing of it was earned."""
    issued = await finding.issued(work, invoice)
    less = [(each.line_id, each.left) for each in issued]
    moved = await booking.change_earning(work, invoice, less)
    tax = sum(each.tax_left for each in issued)
    transaction = booking.drawn(
        work,
        booking.VOID,
        f"invoice:{invoice.id}:void",
        invoice.asset,
        moves=booking.owed(work, invoice.asset, moved, -tax),
        memo=f"{invoice.number} is void",
    )
    if transaction:
        await ledger.post(work, transaction)


async def _give_back(work: Work, invoice: Invoice) -> int:
    """Return to wallets what they paid, less what credit notes gave them already."""
    left = invoice.figures.applied - invoice.figures.given
    given = 0
    for each in await settling.settlements(work, invoice.id):
        amount = min(each.amount, left - given)
        if each.kind != settling.APPLIED or amount <= 0:
            continue
        assert each.wallet_id, "a wallet paid"
        cause = f"void:{each.wallet_id}"
        money = Money(amount, invoice.asset)
        drawn = settling.to_wallet(work, invoice, each.wallet_id, amount, cause=cause)
        booked = await wallets.deposit(work, drawn, each.wallet_id, money)
        made = settling.Settled(
            reference=cause,
            kind=settling.GIVEN,
            amount=amount,
            transaction_id=booked,
            wallet_id=each.wallet_id,
        )
        await settling.write(work, invoice, made)
        given += amount
    return given
