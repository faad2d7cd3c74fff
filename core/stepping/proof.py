"""Prove what the provider billed: what is said to be booked is, and nothing else is.

It shares no code with what books it: kinds and references are spelled out here once more.
"""

from collections import Counter
from typing import Any

from sqlalchemy import func, select

from core import statements
from core.db.proving import stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.stepping import tables

MONEY = {"exchange": "received", "bank": "elsewhere"}


async def prove(work: Work, proof: Proof) -> None:
    """Look at every invoice that is booked, what went back of it, and what of it is earned."""
    await _prove_booked(work, proof)
    await _prove_returned(work, proof)
    await _prove_deferred(work, proof)


async def _prove_booked(work: Work, proof: Proof) -> None:
    i, found = tables.invoices.c, 0
    taxed = statements.taken("provider_invoice", "tax")
    query = (
        select(i.id, i.provider_id, i.project_id, i.tax, i.transaction_id)
        .add_columns(taxed.c.amount.label("taxed"))
        .outerjoin(
            taxed,
            (taxed.c.project_id == i.project_id) & (taxed.c.transaction_id == i.transaction_id),
        )
        .where(i.booked_at.is_not(None))
    )
    async for row in stream(work, query):
        proof.saw("invoices of the provider")
        if -(row.taxed or 0) != row.tax:
            proof.differs(row.provider_id, f"its tax is {row.tax}; {-(row.taxed or 0)} is booked")
    for role, column in MONEY.items():
        booked = await _by_reference(work, "provider_invoice", role)
        query = select(i.id, i.provider_id, i[column].label("said")).where(i.booked_at.is_not(None))
        async for row in stream(work, query):
            came = booked.pop(f"provider_invoice:{row.id}", 0)
            found += 1
            if came != row.said:
                proof.differs(row.provider_id, f"{row.said} came for it; {came} is booked")
        for reference in sorted(booked):
            proof.differs(reference, "it is booked, and no such invoice is paid")


async def _by_reference(work: Work, kind: str, role: str) -> Counter[str]:
    """Sum up what is booked, by reference; of one that has several turns by what it is of."""
    sums, taken = Counter[str](), statements.taken(kind, role)
    async for row in stream(work, select(taken.c.reference, taken.c.amount)):
        sums[":".join(row.reference.split(":")[:2])] += row.amount
    return sums


async def _prove_returned(work: Work, proof: Proof) -> None:
    i = tables.invoices.c
    back = await _by_reference(work, "provider_invoice_back", "exchange")
    async for row in stream(work, select(i.id, i.provider_id, i.returned)):
        gone = -back.pop(f"provider_invoice_back:{row.id}", 0)
        if gone != row.returned:
            proof.differs(row.provider_id, f"{row.returned} went back of it; {gone} is booked")
    for reference in sorted(back):
        proof.differs(reference, "it is booked, and no such invoice is paid")


async def _prove_deferred(work: Work, proof: Proof) -> None:
    """Look whether what is not earned yet is, in each project, what the books say is not."""
    e, left = tables.earnings.c, Counter[str]()
    query = select(e.project_id, func.sum(e.net - e.recognized).label("left"))
    async for row in stream(work, query.group_by(e.project_id)):
        left[row.project_id] += int(row.left)
    for kind in ("provider_invoice", "provider_invoice_back", "provider_earned"):
        moved: Any = statements.taken(kind, "deferred")
        async for row in stream(work, select(moved.c.project_id, moved.c.amount)):
            left[row.project_id] += row.amount
    for project_id, amount in sorted(left.items()):
        if amount:
            proof.differs(project_id, f"{amount} of the provider's is deferred otherwise")
