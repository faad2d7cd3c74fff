"""Prove usage: every event and charge is what was written, and every charge has its money.

An event stands in two tables, under its id and in its month, and each must say what the other
says; a month that was detached by right is missed by nobody. A charge names the ledger transaction
that took it; the transaction's reference names the event it is for. The two are joined from both
sides, so that neither can exist without the other. What is kept in sums: `summed.py`.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from core import ledger, statements
from core.db.months import Kept, kept_months
from core.db.proving import prove_rows, stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.metering import AGE_MAX, tables
from core.metering_proof import summed

PROTECTED = ("metering_event_ids", "metering_events", "metering_charges")


async def prove(work: Work, proof: Proof) -> None:
    """Look at every usage event, charge and sum; report each difference by its id."""
    # A younger month cannot have been taken away by right: usage may still be recorded in it.
    since = work.now - AGE_MAX - timedelta(days=1)
    kept = await kept_months(work, tables.events, since=since)
    await prove_rows(work, proof, tables.event_ids, "usage ids")
    await prove_rows(work, proof, tables.events, "usage events")
    await prove_rows(work, proof, tables.charges, "usage charges")
    await _prove_named(work, proof)
    await _prove_there(work, proof, kept)
    await summed.prove(work, proof, kept)
    await _prove_recorded(work, proof)
    await _prove_paid(work, proof)
    await _prove_booked(work, proof)


async def _prove_named(work: Work, proof: Proof) -> None:
    """Find events whose ids are not there, or stand for something else."""
    e, i = tables.events.c, tables.event_ids.c
    said = "occurred_at", "received_at", "quantity", "content"
    query = (
        select(e.event_id)
        .outerjoin(tables.event_ids, (i.project_id == e.project_id) & (i.event_id == e.event_id))
        .where(or_(i.event_id.is_(None), *(i[name] != e[name] for name in said)))
    )
    async for row in stream(work, query):
        proof.differs(f"usage:{row.event_id}", "its id is not there, or stands for something else")


async def _prove_there(work: Work, proof: Proof, kept: Kept) -> None:
    """Find ids whose events are not there, though their months are."""
    e, i = tables.events.c, tables.event_ids.c
    query = (
        select(i.event_id)
        # By the instant of arrival, too, because that is what events are found by.
        .outerjoin(
            tables.events,
            (i.project_id == e.project_id)
            & (i.received_at == e.received_at)
            & (i.event_id == e.event_id),
        )
        .where(e.event_id.is_(None), kept.holds(i.occurred_at))
    )
    async for row in stream(work, query):
        proof.differs(f"usage:{row.event_id}", "its id is there, and the event is gone")


async def _prove_recorded(work: Work, proof: Proof) -> None:
    """Find charges of what was never recorded: the id of what was charged is never forgotten."""
    c, i = tables.charges.c, tables.event_ids.c
    query = (
        select(c.event_id)
        .outerjoin(tables.event_ids, (i.project_id == c.project_id) & (i.event_id == c.event_id))
        .where(i.event_id.is_(None))
    )
    async for row in stream(work, query):
        proof.differs(f"usage:{row.event_id}", "it was charged, and no such event is recorded")


async def _prove_paid(work: Work, proof: Proof) -> None:
    """Find charges that cost something and whose transaction is not there or says otherwise."""
    c, taken = tables.charges.c, statements.taken(ledger.flows.CHARGE.kind)
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
    c, taken = tables.charges.c, statements.taken(ledger.flows.CHARGE.kind)
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
