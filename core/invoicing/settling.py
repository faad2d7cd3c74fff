"""What pays an invoice: wallets, money that came, and what credit notes gave back."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import select

from core import ledger
from core.bills import Invoice, InvoiceCurrencyDiffers, PaymentNotDue, State, Step, stepped
from core.db.work import Work
from core.invoicing import booking, events, finding, tables
from core.invoicing.changing import keep
from core.invoicing.issuing import signed
from core.kernel.money import Money
from core.ledger import AccountRole

APPLIED, PAID, GIVEN, RETURNED = "applied", "paid", "given", "returned"
_PAYMENT = "payment:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One thing that settled some of an invoice."""

    reference: str
    kind: str
    amount: int
    transaction_id: str
    wallet_id: str | None = None

    @property
    def payment_id(self) -> str | None:
        """The payment that it is a part of: `payment:<id>`, and what may follow."""
        is_payments = self.reference.startswith(_PAYMENT)
        return self.reference.split(":")[1] if is_payments else None


def stands_for(parts: Iterable[Settled]) -> int:
    """Add up what these settle by now: what was paid, less what went back."""
    signs = {PAID: 1, RETURNED: -1}
    return sum(signs.get(each.kind, 0) * each.amount for each in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Money that came for an invoice, and where it is."""

    amount: Money
    reference: str
    """The business fact, once for ever: `payment:pay_…`, or a bank's own name for it."""
    on: AccountRole = AccountRole.CLEARING


async def settle(
    work: Work, invoice_id: str, received: Received, *, version: int | None = None
) -> Invoice:
    """Book money that came for an invoice, once: the same reference again changes nothing.

    Raises InvoiceNotInState for one that nothing is owed of, PaymentNotDue for more than is due.
    """
    before = await finding.find(work, invoice_id, lock=True)
    if await is_known(work, before, received.reference):
        return before
    before = await finding.find(work, invoice_id, version=version)
    stepped(before.id, before.state, Step.PAY)
    amount, asset = received.amount, before.asset
    if amount.asset != asset:
        raise InvoiceCurrencyDiffers("amount", str(amount.asset), str(asset))
    if not 0 < amount.amount <= before.figures.due:
        due = Money(before.figures.due, asset)
        raise PaymentNotDue(before.id, amount.decimal, due.decimal, str(asset))
    transaction = booking.drawn(
        work,
        booking.PAID,
        f"invoice:{before.id}:{received.reference}",
        asset,
        moves=[
            (booking.operator(work, received.on, asset), amount.amount),
            (booking.operator(work, AccountRole.RECEIVABLE, asset), -amount.amount),
        ],
        memo=f"Paid for {before.number}",
    )
    assert transaction, "something was paid"
    await ledger.post(work, transaction)
    made = Settled(
        reference=received.reference,
        kind=PAID,
        amount=amount.amount,
        transaction_id=transaction.id,
    )
    await write(work, before, made)
    figures = replace(before.figures, paid=before.figures.paid + amount.amount)
    told = {"amount": amount.decimal, "payment_reference": received.reference}
    after = replace(before, figures=figures)
    if figures.due == 0:
        after = paid(work, after)
        return await keep(work, before, after, events.PAID, **told)
    return await keep(work, before, after, events.PAYMENT_RECORDED, **told)


async def paid_if_settled(work: Work, invoice: Invoice) -> Invoice:
    """Say that an invoice is paid, where nothing of it is due any more."""
    owed = invoice.state in {State.OPEN, State.UNCOLLECTIBLE}
    if not owed or invoice.figures.due:
        return invoice
    return await keep(work, invoice, paid(work, invoice), events.PAID)


def paid(work: Work, invoice: Invoice) -> Invoice:
    state = stepped(invoice.id, invoice.state, Step.PAY)
    return replace(invoice, state=state, paid_at=work.now)


def from_wallet(work: Work, invoice: Invoice, wallet_id: str, amount: int) -> ledger.Transaction:
    """Draw what a wallet pays of an invoice."""
    transaction = booking.drawn(
        work,
        booking.APPLIED,
        f"invoice:{invoice.id}:wallet:{wallet_id}",
        invoice.asset,
        moves=[
            (ledger.wallet_account(wallet_id), amount),
            (booking.operator(work, AccountRole.RECEIVABLE, invoice.asset), -amount),
        ],
        memo=f"Credits for {invoice.id}",
    )
    assert transaction, "a wallet pays something"
    return transaction


def to_wallet(
    work: Work, invoice: Invoice, wallet_id: str, amount: int, *, cause: str
) -> ledger.Transaction:
    """Draw what goes into a wallet because less is owed than was settled."""
    transaction = booking.drawn(
        work,
        booking.GIVEN,
        f"invoice:{invoice.id}:given:{cause}",
        invoice.asset,
        moves=[
            (booking.operator(work, AccountRole.RECEIVABLE, invoice.asset), amount),
            (ledger.wallet_account(wallet_id), -amount),
        ],
        memo=f"Credit of {invoice.number}",
    )
    assert transaction, "something is given"
    return transaction


async def write(work: Work, invoice: Invoice, made: Settled) -> None:
    row = {
        "project_id": work.project_id,
        "invoice_id": invoice.id,
        "reference": made.reference,
        "kind": made.kind,
        "amount": made.amount,
        "wallet_id": made.wallet_id,
        "transaction_id": made.transaction_id,
        "settled_at": work.now,
    }
    await work.execute(tables.settlements.insert(), signed(work, tables.settlements, row))


async def is_known(work: Work, invoice: Invoice, reference: str) -> bool:
    """Tell whether something was settled under this reference before."""
    s = tables.settlements.c
    query = select(s.invoice_id).where(
        s.project_id == work.project_id, s.invoice_id == invoice.id, s.reference == reference
    )
    return (await work.execute(query)).first() is not None


async def settlements(work: Work, invoice_id: str) -> list[Settled]:
    """Return what settled an invoice, in the order it did."""
    s = tables.settlements.c
    query = (
        select(s.reference, s.kind, s.amount, s.transaction_id, s.wallet_id)
        .where(s.project_id == work.project_id, s.invoice_id == invoice_id)
        .order_by(s.settled_at, s.transaction_id)
    )
    return [Settled(**row) for row in (await work.execute(query)).mappings()]
