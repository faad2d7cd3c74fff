"""Prove usage: every event and charge is what was written, and every charge has its money.

A charge names the ledger transaction that took it; the transaction's reference names the event it
is for. The two are joined here from both sides, so that neither can exist without the other.
"""

from typing import Any

from sqlalchemy import or_, select

from core import ledger
from core.db.proving import prove_rows, stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.metering import tables

PROTECTED = ("metering_events", "metering_charges")


async def prove(work: Work, proof: Proof) -> None:
    """Look at every usage event and every charge; report each difference by its id."""
    await prove_rows(work, proof, tables.events, "usage events")
    await prove_rows(work, proof, tables.charges, "usage charges")
    await _prove_recorded(work, proof)
    await _prove_paid(work, proof)
    await _prove_booked(work, proof)


async def _prove_recorded(work: Work, proof: Proof) -> None:
    c, e = tables.charges.c, tables.events.c
    query = (
        select(c.event_id)
        .outerjoin(tables.events, (e.project_id == c.project_id) & (e.event_id == c.event_id))
        .where(e.event_id.is_(None))
    )
    async for row in stream(work, query):
        proof.differs(f"usage:{row.event_id}", "it was charged, and no such event is recorded")


async def _prove_paid(work: Work, proof: Proof) -> None:
    """Find charges that cost something and whose transaction is not there or says otherwise."""
    c, taken = tables.charges.c, ledger.taken(ledger.flows.CHARGE.kind)
    query = (
        select(c.event_id, c.transaction_id)
        .outerjoin(
            taken,
            (taken.c.project_id == c.project_id) & (taken.c.transaction_id == c.transaction_id),
        )
        .where(c.amount > 0, or_(taken.c.amount.is_(None), _disagree(taken)))
    )
    async for row in stream(work, query):
        problem = f"{row.transaction_id} should have charged it, and does not say so"
        proof.differs(f"usage:{row.event_id}", problem)


async def _prove_booked(work: Work, proof: Proof) -> None:
    """Find transactions that charged usage, and whose charge is not there."""
    c, taken = tables.charges.c, ledger.taken(ledger.flows.CHARGE.kind)
    query = (
        select(taken.c.reference, taken.c.transaction_id)
        .outerjoin(
            tables.charges,
            (taken.c.project_id == c.project_id) & (taken.c.transaction_id == c.transaction_id),
        )
        .where(c.event_id.is_(None), taken.c.reference.startswith("usage:"))
    )
    async for row in stream(work, query):
        proof.differs(row.transaction_id, f"it charged {row.reference}, and no charge says so")


def _disagree(taken: Any) -> Any:
    c = tables.charges.c
    return or_(
        taken.c.amount != c.amount,
        taken.c.account_id != c.wallet_id,
        taken.c.reference != "usage:" + c.event_id,
    )
