"""Explain what invoices and credit notes booked: what is owed, earned and taxed, and what paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core import invoicing
from core.bills import Invoice, Moved
from core.db.work import Work
from core.explaining.booked import Booked
from core.explaining.earned import Followed, owing
from core.explaining.explained import Explained, moved, told
from core.invoicing import tables
from core.kernel.ids import is_id
from core.kernel.money import Money
from core.kernel.period import Period
from core.ledger import AccountRole
from core.ledger import tables as ledger_tables

VOID, EARNED = "invoice_void", "earned"
SUMMARIES = {
    "invoice": "Invoice {number} over {total}",
    "credit_note": "Credit note {note} over {taken}, of invoice {number}",
    VOID: "Invoice {number} is void: nothing of it is owed any more",
    EARNED: "What was earned of invoice {number} as its periods passed",
}
SETTLED = {
    "invoice_credits": ("wallet:", "{amount} of invoice {number} was paid with credits"),
    "invoice_paid": ("", "{amount} came for invoice {number}"),
    "invoice_returned": ("returned:", "{amount} that came for invoice {number} went back"),
    "credit_given": ("given:", "{amount} of invoice {number} went into a wallet"),
}
"""Of each kind, what stands before the reference of the settlement, unless that is a part of it."""
NOT_NAMED = "what it was booked for does not name this transaction"


async def explain_invoice(work: Work, booked: Booked, cause: str) -> Explained:
    """Compare with the lines of the invoice and what became of it, or with what settled it."""
    invoice_id = cause.partition(":")[0]
    invoice = await _invoice(work, invoice_id)
    if invoice is None:
        return _gone("invoice", invoice_id)
    if booked.kind in SETTLED:
        return await _explain_settled(work, booked, invoice, cause.partition(":")[2])
    papers = await _papers(work, invoice)
    return papers.explain(booked, "invoice", invoice_id)


async def explain_note(work: Work, booked: Booked, note_id: str) -> Explained:
    """Compare with the lines of the credit note, and what was earned of each until then."""
    document = None
    if is_id("crn", note_id):
        document = await invoicing.find_document(work, note_id)
    invoice = await _invoice(work, document.invoice_id) if document else None
    if invoice is None:
        return _gone("credit_note", note_id)
    papers = await _papers(work, invoice)
    return papers.explain(booked, "credit_note", note_id)


# -- What is owed, and what is earned --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing that became of an invoice; its document, where one was issued."""

    at: datetime
    transaction_id: str
    document: Any | None = None


@dataclass(frozen=True, slots=True)
class _Papers:
    """An invoice with everything that was issued of it, and when something of it was earned."""

    invoice: Invoice
    documents: Sequence[Any]
    lines: Mapping[str, Sequence[Any]]
    earned: Sequence[_Step]

    def explain(self, booked: Booked, origin: str, origin_id: str) -> Explained:
        entries = self._entries(booked)
        invoice, first = self.invoice, self.documents[0]
        own = next((d for d in self.documents if d.transaction_id == booked.id), first)
        asset = invoice.asset
        summary = SUMMARIES.get(booked.kind, "Booked for invoice {number}").format(
            number=invoice.number,
            note=own.number,
            total=Money(first.total, asset),
            taken=Money(own.total, asset),
        )
        return Explained(
            origin=origin,
            origin_id=origin_id,
            summary=summary,
            facts=_facts(invoice) | _figures(own, invoice),
            expected=moved(invoice.project_id, *(entries or ())),
        ).but(*(() if entries else (NOT_NAMED,)), *self._unequal(own))

    def _entries(self, booked: Booked) -> Sequence[tuple[AccountRole, Money]] | None:
        """Follow the invoice from the first day on, until this is what is booked of it."""
        own = self.lines[self.documents[0].id]
        followed = Followed({each.line_id: _period(each) for each in own})
        issued = [_Step(d.issued_at, d.transaction_id or "", d) for d in self.documents]
        steps = [*issued[1:], *self.earned]
        if booked.kind == VOID:
            steps.append(_Step(booked.posted_at, booked.id))
        # The invoice is first: what is earned or credited of it at once has the same instant.
        steps.sort(key=lambda each: (each.at, each.transaction_id))
        taxed = 0
        for each in (issued[0], *steps):
            what, tax = self._step(followed, each, taxed, is_void=booked.kind == VOID)
            if each.transaction_id == booked.id:
                return owing(what, tax, self.invoice.asset)
            taxed += tax
        return None

    def _step(
        self, followed: Followed, step: _Step, taxed: int, *, is_void: bool
    ) -> tuple[Moved, int]:
        """Return what a step moves, and the tax of it."""
        if step.document is None:
            ends = is_void and step not in self.earned
            nets = dict.fromkeys(followed.nets, 0) if ends else followed.nets
            return followed.change(dict(nets), step.at), -taxed if ends else 0
        sign = 1 if step.document.kind == "invoice" else -1
        lines = self.lines[step.document.id]
        # A line of which nothing is credited is not looked at: what is earned of it stays.
        nets = {n.line_id: followed.nets[n.line_id] + sign * n.net for n in lines if n.net}
        return followed.change(nets, step.at), sign * sum(each.tax for each in lines)

    def _unequal(self, document: Any) -> list[str]:
        """Say where a document says something else than its lines come to."""
        asset, lines = self.invoice.asset, self.lines[document.id]
        sums = {
            "net": sum(each.net for each in lines),
            "tax": sum(each.tax for each in lines),
            "total": sum(each.net + each.tax for each in lines),
        }
        return [
            f"the {name} of {document.number} is {Money(getattr(document, name), asset)}, "
            f"and its lines come to {Money(amount, asset)}"
            for name, amount in sums.items()
            if getattr(document, name) != amount
        ]


async def _papers(work: Work, invoice: Invoice) -> _Papers:
    d, n = tables.documents.c, tables.lines.c
    issued = select(tables.documents).where(
        d.project_id == work.project_id, d.invoice_id == invoice.id
    )
    documents = (await work.execute(issued.order_by(d.kind.desc(), d.id))).all()
    lines: dict[str, list[Any]] = {each.id: [] for each in documents}
    query = select(tables.lines).where(n.project_id == work.project_id, n.invoice_id == invoice.id)
    for row in await work.execute(query.order_by(n.document_id, n.position)):
        lines[row.document_id].append(row)
    return _Papers(invoice, documents, lines, await _earned(work, invoice.id))


async def _earned(work: Work, invoice_id: str) -> list[_Step]:
    t, named = ledger_tables.transactions.c, f"invoice:{invoice_id}:{EARNED}"
    # No other reference lies between these two.
    query = select(t.id, t.reference).where(
        t.project_id == work.project_id, t.reference > f"{named}:", t.reference < f"{named};"
    )
    return [
        _Step(datetime.fromisoformat(row.reference.removeprefix(f"{named}:")), row.id)
        for row in await work.execute(query)
    ]


def _period(line: Any) -> Period | None:
    return Period(line.start_at, line.end_at) if line.start_at else None


# -- What paid, and what went back -----------------------------------------------------------------


async def _explain_settled(work: Work, booked: Booked, invoice: Invoice, rest: str) -> Explained:
    before, summary = SETTLED[booked.kind]
    # A wallet that paid is named by the settlement as by the books.
    reference = rest if before == "wallet:" else rest.removeprefix(before)
    settled = await invoicing.settlements(work, invoice.id)
    found = next((each for each in settled if each.reference == reference), None)
    if found is None:
        return _gone("invoice", invoice.id).but(f"nothing settled it under {reference}")
    amount, is_bank = Money(found.amount, invoice.asset), reference.startswith("bank:")
    money = AccountRole.BANK if is_bank else AccountRole.EXCHANGE
    other: AccountRole | str = found.wallet_id or money
    sign = -1 if found.kind in {"returned", "given"} else 1
    there = Money(sign * amount.amount, invoice.asset)
    return Explained(
        origin="invoice",
        origin_id=invoice.id,
        summary=summary.format(amount=amount, number=invoice.number),
        facts=_facts(invoice)
        | told([("settled_by", reference), ("amount", amount.decimal), ("as", found.kind)]),
        expected=moved(invoice.project_id, (other, there), (AccountRole.RECEIVABLE, -there)),
    ).but(*(() if found.transaction_id == booked.id else (NOT_NAMED,)))


def _facts(invoice: Invoice) -> dict[str, str]:
    figures = invoice.figures
    return told(
        [
            ("invoice_id", invoice.id),
            ("number", invoice.number),
            ("state", str(invoice.state)),
            ("bills", invoice.reference),
            ("credited", Money(figures.credited, invoice.asset).decimal),
            ("due", Money(figures.due, invoice.asset).decimal),
            ("asset", str(invoice.asset)),
        ]
    )


def _figures(document: Any, invoice: Invoice) -> dict[str, str]:
    """Say what an invoice or a credit note comes to."""
    names = ("subtotal", "discount", "net", "tax", "total")
    is_note = document.kind == "credit_note"
    return {name: Money(getattr(document, name), invoice.asset).decimal for name in names} | told(
        [
            ("credit_note_number", document.number if is_note else None),
            ("reason", document.reason if is_note else None),
        ]
    )


async def _invoice(work: Work, invoice_id: str) -> Invoice | None:
    if not is_id("invc", invoice_id):
        return None
    try:
        return await invoicing.find(work, invoice_id)
    except invoicing.InvoiceNotFound:
        return None


def _gone(origin: str, origin_id: str) -> Explained:
    named = origin.replace("_", " ")
    told_of = Explained(
        origin=origin, origin_id=origin_id, summary=f"{named.capitalize()} {origin_id}", expected={}
    )
    return told_of.but(f"there is no such {named}")
