"""Give back what a bill below zero says: by credit notes, and what they cannot take is kept.

The invoices of the period that is given back are credited, the newest first, each as far as it
allows. One that is not paid is owed less then; what was paid goes into a wallet of the project, and
the next invoices are paid of that wallet first. What is left is kept and taken off the next bill;
but what was never charged, because its invoice is void or was credited whole, is nobody's to keep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from core import invoicing, wallets
from core.db.work import Work
from core.dues import tables
from core.dues.parts import Creditable, Part, part_of
from core.invoicing import Invoice, Note
from core.invoicing import State as InvoiceState
from core.kernel.money import Asset, Money

NOTE, KEPT, WAIVED = "note", "kept", "waived"
WALLET = "Credit from invoices"
"""What a wallet is called that is opened for what goes back."""
CREDITABLE = {InvoiceState.OPEN, InvoiceState.PAID, InvoiceState.UNCOLLECTIBLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """What was billed for the period of which something is given back."""

    total: int
    invoice_id: str | None
    is_waived: bool = False
    """Nobody owes it any more, and nobody paid it."""


async def give_back(
    work: Work, bill_id: str, amount: Money, charged: Sequence[Charged], *, reason: str
) -> None:
    """Give back so much of what was charged, which is named the newest first."""
    left, waived = amount.amount, 0
    rows: list[dict[str, Any]] = []
    for each in charged:
        if each.is_waived:
            waived += each.total
        elif each.invoice_id and left:
            invoice = await invoicing.find(work, each.invoice_id, lock=True)
            if invoice.state in CREDITABLE and (row := await _credit(work, invoice, left, reason)):
                rows.append(row)
                left -= row["amount"]
    parts = {WAIVED: min(left, waived), KEPT: left - min(left, waived)}
    rows += [{"kind": kind, "amount": part} for kind, part in parts.items() if part]
    await work.execute(
        insert(tables.returns),
        [_row(work, bill_id, amount.asset, n, each) for n, each in enumerate(rows)],
    )


async def take_back(work: Work, invoice_id: str, *, reason: str) -> None:
    """Take back the invoice of what never began: void, or credited where something came for it."""
    invoice = await invoicing.find(work, invoice_id, lock=True)
    figures = invoice.figures
    if invoice.state not in CREDITABLE - {InvoiceState.PAID}:
        return
    if figures.paid == figures.returned:
        await invoicing.void(work, invoice.id, reason=reason)
        return
    wallet_id = await _own_wallet(work, invoice.asset)
    await invoicing.credit_invoice(work, invoice.id, Note(reason=reason, wallet_id=wallet_id))


def _row(
    work: Work, bill_id: str, asset: Asset, position: int, part: dict[str, Any]
) -> dict[str, Any]:
    nothing = {"invoice_id": None, "note_id": None, "wallet_id": None}
    return (
        nothing
        | part
        | {
            "project_id": work.project_id,
            "bill_id": bill_id,
            "position": position,
            "asset": str(asset),
            "unused": part["amount"] if part["kind"] == KEPT else 0,
            "returned_at": work.now,
        }
    )


async def _credit(work: Work, invoice: Invoice, amount: int, reason: str) -> dict[str, Any] | None:
    """Credit as much of the amount as the invoice allows, and tell how much that was."""
    part = part_of(await _creditable(work, invoice), amount)
    if part is None:
        return None
    wallet_id = await _wallet(work, invoice, part)
    note = Note(reason=reason, wanted=part.wanted, wallet_id=wallet_id)
    noted = await invoicing.credit_invoice(work, invoice.id, note)
    return {
        "kind": NOTE,
        "amount": part.amount,
        "invoice_id": invoice.id,
        "note_id": noted.note_id,
        "wallet_id": wallet_id,
    }


async def _creditable(work: Work, invoice: Invoice) -> Creditable:
    lines = await invoicing.document_lines(work, invoice.id)
    return Creditable(
        asset=invoice.asset,
        lines=await invoicing.issued(work, invoice),
        most=invoice.figures.total - invoice.figures.credited,
        is_inclusive=any(each.amount - each.discount != each.net for each in lines),
    )


async def _wallet(work: Work, invoice: Invoice, part: Part) -> str | None:
    """Return where that goes which was paid already: the project's wallet, opened if need be."""
    is_due = part.total <= invoice.figures.due
    return None if is_due else await _own_wallet(work, invoice.asset)


async def _own_wallet(work: Work, asset: Asset) -> str:
    try:
        return (await wallets.default_wallet(work, asset)).id
    except wallets.NoWalletForAsset:
        return (await wallets.open_wallet(work, WALLET, asset)).id
