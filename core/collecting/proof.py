"""Prove what was collected: payments, attempts and settlements of invoices must say the same.

It shares no code with what collects: how references are made is spelled out here once more.
"""

from collections import Counter

from sqlalchemy import select

from core.collecting.tables import attempts
from core.db.proving import stream
from core.db.work import Work
from core.invoicing import tables as invoicing
from core.kernel.proving import Proof
from core.payments import tables as paying

SIGNS = {"paid": 1, "returned": -1}


async def prove(work: Work, proof: Proof) -> None:
    """Look at every payment for an invoice, and at every attempt that is said to have worked."""
    settled: Counter[tuple[str, str, str]] = Counter()
    s = invoicing.settlements.c
    query = select(s.project_id, s.invoice_id, s.reference, s.kind, s.amount)
    async for row in stream(work, query.where(s.reference.like("payment:%"))):
        named = row.reference.split(":")[1]
        settled[row.project_id, row.invoice_id, named] += SIGNS.get(row.kind, 0) * row.amount
    p = paying.payments.c
    paid: set[tuple[str, str]] = set()
    async for row in stream(work, select(paying.payments).where(p.invoice_id.is_not(None))):
        proof.saw("payments of invoices")
        if row.status == "succeeded":
            paid.add((row.project_id, row.id[-26:]))
        stands = settled.pop((row.project_id, row.invoice_id, row.id), 0)
        if stands != (row.applied or 0):
            proof.differs(row.id, f"{row.applied or 0} of it is applied; {stands} is settled")
        if stands + row.refunded > row.received:
            proof.differs(row.id, f"{row.received} came; more settles, or went back")
    for (_, invoice_id, named), amount in sorted(settled.items()):
        if amount:
            proof.differs(invoice_id, f"{amount} is settled by {named}, which is no such payment")
    await _prove_attempts(work, proof, paid)


async def _prove_attempts(work: Work, proof: Proof, paid: set[tuple[str, str]]) -> None:
    """Find attempts that are said to have succeeded, and of whose payments none did."""
    a = attempts.c
    query = select(a.project_id, a.id, a.checkout_id).where(a.state == "succeeded")
    async for row in stream(work, query):
        proof.saw("attempts that succeeded")
        # A payment has the bits of what it is of: of the attempt, or of its page.
        names = {each[-26:] for each in (row.id, row.checkout_id) if each}
        if not any((row.project_id, name) in paid for name in names):
            proof.differs(row.id, "it is said to be paid, and no payment of it is")
