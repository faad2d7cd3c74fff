"""Prove that what was billed was invoiced, granted or given back, and that nothing was twice.

It reads rows as they are stored, of both slices, and shares no code with what wrote them.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import String, and_, cast, func, literal, or_, select

from core.db.proving import stream
from core.db.work import Work
from core.dues import tables as dues
from core.invoicing import tables as invoicing
from core.kernel.proving import Proof
from core.subscriptions import tables

GRACE = timedelta(hours=1)
"""So long it may take until what an invoice tells has come to its bill."""
PERIODS = ("period", "trial")
BEGINS = ("create", "convert", "renew", "change", "recover", "reactivate", "reopen")


async def prove_bills(work: Work, proof: Proof) -> None:
    await _prove_invoiced(work, proof)
    await _prove_granted(work, proof)
    await _prove_once(work, proof)
    await _prove_returned(work, proof)
    await _prove_kept(work, proof)


async def _prove_invoiced(work: Work, proof: Proof) -> None:
    """Compare each bill with its invoice: before taxes it comes to the same."""
    b, i, d = dues.bills.c, invoicing.invoices.c, invoicing.documents.c
    query = (
        select(
            *(b.id, b.subscription_id, b.total, b.asset, b.invoice_id, b.without_invoice),
            b.reason,
            *(b.paid_at, b.written_off_at, i.state, i.reference, i.asset.label("in_asset")),
            *(i.subscription_id.label("of"), i.total.label("whole"), i.credited),
            *(i.paid_at.label("invoice_paid_at"), d.subtotal, d.discount),
        )
        .outerjoin(
            invoicing.invoices,
            and_(i.project_id == b.project_id, i.id == b.invoice_id),
        )
        .outerjoin(
            invoicing.documents,
            and_(d.project_id == i.project_id, d.invoice_id == i.id, d.kind == "invoice"),
        )
    )
    async for row in stream(work, query):
        proof.saw("bills and their invoices")
        for problem in _of_invoice(row, work):
            proof.differs(row.id, problem)


def _of_invoice(row: Any, work: Work) -> list[str]:
    if row.invoice_id is None:
        return [] if row.without_invoice else ["it has no invoice, and no reason why not"]
    if row.state is None:
        return [f"its invoice {row.invoice_id} is not there"]
    problems = []
    own = row.reference == f"subscription:{row.id}" or row.reason.startswith("usage:")
    if not own or row.of != row.subscription_id:
        problems.append(f"{row.invoice_id} is the invoice of {row.reference}")
    issued = None if row.subtotal is None else row.subtotal - row.discount
    if issued is not None and (issued, row.in_asset) != (row.total, row.asset):
        problems.append(f"{row.invoice_id} bills {issued} {row.in_asset}, and it is {row.total}")
    if row.without_invoice:
        problems.append(f"it has {row.invoice_id}, and says that it has none")
    paid_long_ago = row.invoice_paid_at is not None and row.invoice_paid_at + GRACE < work.now
    is_waived = row.credited == row.whole and row.whole
    if paid_long_ago and row.state == "paid" and not (row.paid_at or is_waived):
        problems.append(f"{row.invoice_id} is paid, and it is not")
    if row.state == "void" and row.paid_at is not None and row.total:
        problems.append(f"{row.invoice_id} is void, and it is paid")
    return problems


async def _prove_granted(work: Work, proof: Proof) -> None:
    """Find bills that were paid for and whose credits were granted not at all, or twice."""
    b, c = dues.bills.c, tables.credits.c
    given = (
        select(c.project_id, c.bill_id, func.count().label("times"))
        .where(c.kind == "included")
        .group_by(c.project_id, c.bill_id)
        .subquery()
    )
    joined = and_(given.c.project_id == b.project_id, given.c.bill_id == b.id)
    query = (
        select(b.id, given.c.times)
        .outerjoin(given, joined)
        .where(b.credits.is_not(None), b.paid_at.is_not(None))
        .where(or_(b.total > 0, given.c.times > 1))
    )
    async for row in stream(work, query):
        proof.saw("paid bills with credits")
        if row.times != 1:
            proof.differs(
                row.id, f"it is paid, and its credits were granted {row.times or 0} times"
            )


async def _prove_once(work: Work, proof: Proof) -> None:
    """Find bills for what never happened: each is of one line of the history, and of no other.

    A period is billed where it begins; of one beginning the key of bills allows one bill.
    """
    b, h = dues.bills.c, tables.history.c
    same = and_(h.project_id == b.project_id, h.subscription_id == b.subscription_id)
    of_it = or_(
        and_(b.reason.in_(PERIODS), h.verb.in_(BEGINS), h.effective_at == b.period_start_at),
        b.reason == literal("change:") + cast(h.revision, String),
        and_(b.reason == "end", h.verb == "cancel"),
    )
    happened = select(h.revision).where(same, of_it).exists()
    # Usage is billed for its own time: what it is of is proven with arrears. What the provider
    # billed is told by its own invoices, and proven with those.
    is_usage = b.reason.startswith("usage:")
    ours = or_(b.without_invoice.is_(None), b.without_invoice != "provider")
    query = select(b.id, b.reason, b.period_start_at).where(~happened, ~is_usage, ours)
    async for row in stream(work, query):
        told = f"it bills a {row.reason} from {row.period_start_at.isoformat()}"
        proof.differs(row.id, f"{told}, of which its history knows nothing")


async def _prove_returned(work: Work, proof: Proof) -> None:
    """Add up where each bill below zero went, and compare notes with the credit notes there are."""
    b, r, d = dues.bills.c, dues.returns.c, invoicing.documents.c
    sums = (
        select(r.project_id, r.bill_id, func.sum(r.amount).label("amount"))
        .group_by(r.project_id, r.bill_id)
        .subquery()
    )
    joined = and_(sums.c.project_id == b.project_id, sums.c.bill_id == b.id)
    query = select(b.id, b.total, sums.c.amount).outerjoin(sums, joined)
    async for row in stream(work, query.where(b.without_invoice == "returned")):
        proof.saw("bills that give back")
        if (row.amount or 0) != -row.total:
            proof.differs(row.id, f"{row.amount or 0} of {-row.total} went back")
    joined = and_(d.project_id == r.project_id, d.id == r.note_id)
    noted = select(r.bill_id, r.amount, r.note_id, d.net, d.total).outerjoin(
        invoicing.documents, joined
    )
    async for row in stream(work, noted.where(r.kind == "note")):
        if row.amount not in {row.net, row.total}:
            proof.differs(row.bill_id, f"{row.note_id} does not give back {row.amount}")


async def _prove_kept(work: Work, proof: Proof) -> None:
    """Compare what was used of what is kept with what bills say they were less by."""
    b, r = dues.bills.c, dues.returns.c
    used: Counter[tuple[str, str]] = Counter()
    async for row in stream(work, select(r.project_id, r.asset, r.amount, r.unused, r.kind)):
        if row.kind == "kept":
            used[row.project_id, row.asset] += row.amount - row.unused
    async for row in stream(work, select(b.project_id, b.asset, b.lines)):
        scale = int(row.asset.partition("/")[2])
        less = sum((Decimal(e["amount"]) for e in row.lines if e["kind"] == "kept"), Decimal(0))
        if less:
            used[row.project_id, row.asset] += int(less.scaleb(scale))
    for (project_id, asset), differ in used.items():
        if differ:
            proof.differs(project_id, f"{differ} {asset} of what is kept is on no bill, or twice")
