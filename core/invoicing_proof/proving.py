"""Prove what was invoiced: documents, numbers, lines and the books must say the same.

It shares no code with what issues and books them: kinds and references are spelled out here once
more, and every figure is added up anew.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Select, Subquery, case, func, select

from core import statements
from core.db.proving import prove_rows, stream
from core.db.work import Work
from core.invoicing import tables
from core.kernel.ids import renamed
from core.kernel.proving import Proof

counters, documents, earnings = tables.counters, tables.documents, tables.earnings
invoices, lines, settlements = tables.invoices, tables.lines, tables.settlements

PROTECTED = ("invoicing_documents", "invoicing_lines", "invoicing_settlements")
FIGURES = ("total", "credited", "applied", "paid", "returned", "given")
"""Of an invoice: the first two are issued, the others settled."""
_BOOKED = {"invoice": ("invoice", 1), "credit_note": ("credit_note", -1)}
_SETTLED = {"applied": ("invoice_credits", -1), "paid": ("invoice_paid", -1)} | {
    "given": ("credit_given", 1),
    "returned": ("invoice_returned", 1),
}


async def prove(work: Work, proof: Proof) -> None:
    """Look at everything that was issued and settled, and at what the books have of it."""
    await prove_rows(work, proof, documents, "invoices and credit notes")
    await prove_rows(work, proof, lines, "invoice lines")
    await prove_rows(work, proof, settlements, "settlements of invoices")
    await _prove_numbers(work, proof)
    await _prove_sums(work, proof)
    await _prove_invoices(work, proof)
    await _prove_void(work, proof)
    for kind, (booked, sign) in _BOOKED.items():
        await _prove_booked(work, proof, kind, booked, sign=sign)
    for kind, (booked, sign) in _SETTLED.items():
        await _prove_settled(work, proof, kind, booked, sign=sign)
    await _prove_deferred(work, proof)


async def _prove_numbers(work: Work, proof: Proof) -> None:
    """Look whether any number is missing: they count from one to what the counter says."""
    d, c = documents.c, counters.c
    issued = (
        select(
            d.entity_key,
            d.series,
            d.year,
            func.count().label("documents"),
            func.max(d.sequence).label("highest"),
        )
        .group_by(d.entity_key, d.series, d.year)
        .subquery()
    )
    query = select(counters, issued.c.documents, issued.c.highest).outerjoin(
        issued,
        (issued.c.entity_key == c.entity_key)
        & (issued.c.series == c.series)
        & (issued.c.year == c.year),
    )
    counted = 0
    async for row in stream(work, query):
        counted += row.documents or 0
        if not row.last == (row.highest or 0) == (row.documents or 0):
            named = f"{row.entity_key} {row.series} {row.year}"
            proof.differs(named, f"{row.last} numbers were given; {row.documents or 0} are there")
    total = await _count(work, documents.c.id)
    if total != counted:
        proof.differs("numbers", f"{total - counted} documents have one that nobody counted")


async def _prove_sums(work: Work, proof: Proof) -> None:
    """Look whether the lines of each document sum to it, and its taxes too."""
    d, n = documents.c, lines.c
    sums = (
        select(
            n.project_id,
            n.document_id,
            func.sum(n.amount).label("subtotal"),
            func.sum(n.discount).label("discount"),
            func.sum(n.net).label("net"),
            func.sum(n.tax).label("tax"),
        )
        .group_by(n.project_id, n.document_id)
        .subquery()
    )
    figures = ("subtotal", "discount", "net", "tax")
    query = select(d.number, d.total, d.taxes, *(d[each] for each in figures)).add_columns(
        *(sums.c[each].label(f"sum_{each}") for each in figures)
    )
    joined = query.outerjoin(
        sums, (sums.c.project_id == d.project_id) & (sums.c.document_id == d.id)
    )
    async for row in stream(work, joined):
        for each in figures:
            told, summed = getattr(row, each), int(getattr(row, f"sum_{each}") or 0)
            if told != summed:
                proof.differs(row.number, f"its {each} is {told}; its lines sum to {summed}")
        if sum(tax["amount"] for tax in row.taxes) != row.tax:
            proof.differs(row.number, f"its tax is {row.tax}, and its taxes are another sum")


async def _prove_invoices(work: Work, proof: Proof) -> None:
    """Look whether each invoice says of itself what its documents and settlements say."""
    i, issued, settled = invoices.c, _issued().subquery(), _settled().subquery()
    told = [i[each] for each in FIGURES]
    known = [issued.c[each].label(f"known_{each}") for each in FIGURES[:2]]
    known += [settled.c[each].label(f"known_{each}") for each in FIGURES[2:]]
    query = (
        select(i.id, i.state, i.number, issued.c.number.label("issued_number"), *told, *known)
        .outerjoin(issued, (issued.c.project_id == i.project_id) & (issued.c.invoice_id == i.id))
        .outerjoin(settled, (settled.c.project_id == i.project_id) & (settled.c.invoice_id == i.id))
    )
    async for row in stream(work, query):
        proof.saw("invoices")
        if row.number != row.issued_number:
            proof.differs(
                row.id, f"it says that its number is {row.number}; it is {row.issued_number}"
            )
        for each in FIGURES:
            said, is_known = getattr(row, each), int(getattr(row, f"known_{each}") or 0)
            if said != is_known:
                told_by = "what was issued and settled says"
                proof.differs(row.id, f"its {each} is {said}; {told_by} {is_known}")
        due = row.total - row.credited - row.applied - row.paid + row.returned + row.given
        if row.state == "paid" and due:
            proof.differs(row.id, f"it is said to be paid, and {due} of it is not")
    await _prove_none_is_gone(work, proof)


async def _prove_none_is_gone(work: Work, proof: Proof) -> None:
    d, i = documents.c, invoices.c
    query = (
        select(d.number)
        .outerjoin(invoices, (i.project_id == d.project_id) & (i.id == d.invoice_id))
        .where(i.id.is_(None))
    )
    async for row in stream(work, query):
        proof.differs(row.number, "it was issued, and there is no such invoice")


def _issued() -> Select[Any]:
    """Sum up what was issued, by invoice."""
    d = documents.c
    is_invoice = d.kind == "invoice"
    return select(
        d.project_id,
        d.invoice_id,
        func.max(case((is_invoice, d.number))).label("number"),
        func.sum(case((is_invoice, d.total), else_=0)).label("total"),
        func.sum(case((is_invoice, 0), else_=d.total)).label("credited"),
    ).group_by(d.project_id, d.invoice_id)


def _settled() -> Select[Any]:
    """Sum up what was settled, by invoice and kind."""
    s = settlements.c
    kinds = [
        func.sum(case((s.kind == each, s.amount), else_=0)).label(each) for each in FIGURES[2:]
    ]
    return select(s.project_id, s.invoice_id, *kinds).group_by(s.project_id, s.invoice_id)


async def _prove_void(work: Work, proof: Proof) -> None:
    """Look whether of each void invoice nothing is owed: what was left of it was taken back."""
    i, taken = invoices.c, statements.taken("invoice_void", "receivable")
    back: dict[str, int] = {}
    async for row in stream(work, select(taken.c.reference, taken.c.amount)):
        back[row.reference] = row.amount
    query = select(i.id, i.total, i.credited).where(i.state == "void", i.number.is_not(None))
    async for row in stream(work, query):
        left = row.total - row.credited
        if left + back.pop(f"invoice:{row.id}:void", 0):
            proof.differs(row.id, f"it is void, and {left} of it was not taken back")
    for reference in sorted(back):
        proof.differs(reference, "it is booked, and no such invoice is void")


async def _prove_booked(work: Work, proof: Proof, kind: str, booked: str, *, sign: int) -> None:
    """Look whether what each document says is owed, and owed in taxes, is what is booked of it."""
    d = documents.c
    owed, taxed = statements.taken(booked, "receivable"), statements.taken(booked, "tax")
    query = (
        select(d.invoice_id, d.id, d.number, d.total, d.tax, d.transaction_id, owed.c.reference)
        .add_columns(owed.c.amount.label("owed"), taxed.c.amount.label("taxed"))
        .outerjoin(owed, _same(d, owed))
        .outerjoin(taxed, _same(d, taxed))
        .where(d.kind == kind)
    )
    found = 0
    async for row in stream(work, query):
        found += row.reference is not None
        own = renamed(row.id, "invc" if kind == "invoice" else "crn")
        if row.reference not in {None, f"{kind}:{own}"}:
            proof.differs(row.number, f"{row.transaction_id} booked something else")
        if (row.owed or 0) != sign * row.total:
            proof.differs(row.number, f"{row.total} is owed by it; {row.owed or 0} is booked")
        if -(row.taxed or 0) != sign * row.tax:
            proof.differs(row.number, f"its tax is {row.tax}; {-(row.taxed or 0)} is booked")
    known = await _count(work, owed.c.transaction_id)
    if known != found:
        proof.differs(booked, f"{known - found} are booked that no document tells of")


async def _prove_settled(work: Work, proof: Proof, kind: str, booked: str, *, sign: int) -> None:
    """Look whether what each settlement says came, went or was given is what is booked of it."""
    s, moved = settlements.c, statements.taken(booked, "receivable")
    query = (
        select(s.invoice_id, s.reference, s.amount, moved.c.amount.label("moved"))
        .outerjoin(moved, _same(s, moved))
        .where(s.kind == kind)
    )
    found = 0
    async for row in stream(work, query):
        found += row.moved is not None
        if (row.moved or 0) != sign * row.amount:
            told = f"{row.amount} was {kind} by {row.reference}; {row.moved or 0} is booked"
            proof.differs(row.invoice_id, told)
    known = await _count(work, moved.c.transaction_id)
    if known != found:
        proof.differs(booked, f"{known - found} are booked that no invoice tells of")


async def _prove_deferred(work: Work, proof: Proof) -> None:
    """Look whether what is not earned yet is, in each project, what the books say is not."""
    left: Counter[str] = Counter()
    e = earnings.c
    async for row in stream(work, select(e.project_id, e.net, e.recognized)):
        left[row.project_id] += row.net - row.recognized
    for kind in ("invoice", "credit_note", "invoice_void", "earned"):
        moved = statements.taken(kind, "deferred")
        async for row in stream(work, select(moved.c.project_id, moved.c.amount)):
            left[row.project_id] += row.amount
    for project_id, amount in sorted(left.items()):
        if amount:
            proof.differs(project_id, f"{amount} is deferred otherwise than the books say")


async def _count(work: Work, column: Any) -> int:
    return int((await work.execute(select(func.count(func.distinct(column))))).scalar_one())


def _same(row: Any, booked: Subquery) -> Any:
    same_project = booked.c.project_id == row.project_id
    return same_project & (booked.c.transaction_id == row.transaction_id)
