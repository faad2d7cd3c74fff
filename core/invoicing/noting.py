"""Credit notes: take back what was charged, whole or in part, with a number of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core import ledger, parties, wallets
from core.bills import (
    Credited,
    CreditWalletMissing,
    Invoice,
    InvoiceCurrencyDiffers,
    InvoiceNotInState,
    NothingToCredit,
    State,
    Wanted,
    credit,
)
from core.db.work import Work
from core.invoicing import booking, events, finding, refunding, settling
from core.invoicing.changing import keep
from core.invoicing.issuing import Parties, issue_note
from core.kernel.ids import renamed
from core.kernel.money import Money

CREDITABLE = (State.OPEN, State.PAID, State.UNCOLLECTIBLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is asked of a credit note: of these lines, or of all that is left."""

    reason: str
    wanted: Sequence[Wanted] | None = None
    wallet_id: str | None = None
    """Where that goes which was paid already."""
    refund: bool = False
    """Give it back as money, as far as it came through the provider; only the rest to a wallet."""


@dataclass(frozen=True, slots=True)
class Noted:
    note_id: str
    number: str
    invoice: Invoice


async def credit_invoice(
    work: Work, invoice_id: str, note: Note, *, version: int | None = None
) -> Noted:
    """Issue a credit note. It lowers what is due; what was paid already goes into a wallet.

    Or back to where it came from, if the note says so: a refund is asked for in the same unit.
    Raises InvoiceNotInState, NothingToCredit, CreditTooLarge, InvoiceLineNotFound, and
    CreditWalletMissing where something was paid and no wallet is named.
    """
    before = await finding.find(work, invoice_id, lock=True, version=version)
    if before.state not in CREDITABLE:
        allowed = ", ".join(CREDITABLE)
        raise InvoiceNotInState(before.id, str(before.state), "credit", allowed)
    parts = credit(await finding.issued(work, before), note.wanted, before.asset)
    total = sum(each.total for each in parts)
    if total <= 0:
        raise NothingToCredit(before.id)
    figures = replace(before.figures, credited=before.figures.credited + total)
    excess = -figures.due
    backs = await refunding.sources(work, before, excess) if note.refund else ()
    refunded = sum(each.amount for each in backs)
    excess -= refunded
    if excess > 0:
        await _require_wallet(work, before, note, excess)
    # Of the same space as invoices: both are documents, whose ids are these bits.
    note_id = renamed(work.ids.new("invc"), "crn")
    transaction_id = await _book(work, before, note_id, parts)
    if excess > 0:
        await _give(work, before, note_id, Money(excess, before.asset), note.wallet_id or "")
        figures = replace(figures, given=figures.given + excess)
    if backs:
        await refunding.give_back(work, before, backs, cause=note_id)
        figures = replace(figures, returned=figures.returned + refunded)
    number = await _issue(work, before, note_id, parts, issued=(transaction_id, note.reason))
    told = {"credit_note_id": note_id, "credit_note_number": number, "reason": note.reason}
    told["amount"] = Money(total, before.asset).decimal
    after = await keep(work, before, replace(before, figures=figures), events.NOTE_ISSUED, **told)
    return Noted(note_id, number, await settling.paid_if_settled(work, after))


async def _require_wallet(work: Work, invoice: Invoice, note: Note, excess: int) -> None:
    if note.wallet_id is None:
        money = Money(excess, invoice.asset)
        raise CreditWalletMissing(money.decimal, str(invoice.asset))
    wallet = await wallets.find(work, note.wallet_id)
    if wallet.asset != invoice.asset:
        raise InvoiceCurrencyDiffers("wallet_id", str(wallet.asset), str(invoice.asset))


async def _book(work: Work, invoice: Invoice, note_id: str, parts: Sequence[Credited]) -> str:
    less = [(each.line_id, each.net) for each in parts]
    moved = await booking.change_earning(work, invoice, less)
    transaction = booking.drawn(
        work,
        booking.NOTE,
        f"credit_note:{note_id}",
        invoice.asset,
        moves=booking.owed(work, invoice.asset, moved, -sum(each.tax for each in parts)),
        memo=f"Credit note {note_id} of {invoice.number}",
    )
    assert transaction, "a credit note takes something back"
    await ledger.post(work, transaction)
    return transaction.id


async def _give(work: Work, invoice: Invoice, note_id: str, money: Money, wallet_id: str) -> None:
    drawn = settling.to_wallet(work, invoice, wallet_id, money.amount, cause=note_id)
    booked = await wallets.deposit(work, drawn, wallet_id, money)
    made = settling.Settled(
        reference=note_id,
        kind=settling.GIVEN,
        amount=money.amount,
        transaction_id=booked,
        wallet_id=wallet_id,
    )
    await settling.write(work, invoice, made)


async def _issue(
    work: Work,
    invoice: Invoice,
    note_id: str,
    parts: Sequence[Credited],
    *,
    issued: tuple[str, str],
) -> str:
    transaction_id, reason = issued
    entity = await parties.entity(work, invoice.entity_key)
    sides = Parties(entity, await parties.details(work))
    original = (await finding.documents(work, invoice.id))[0]
    return await issue_note(
        work,
        invoice,
        note_id,
        parts,
        original=original,
        issued=(sides, transaction_id, reason),
    )
