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
from core.claims import tables as claims
from core.db.months import Kept, kept_months
from core.db.proving import prove_rows, stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.metering import AGE_MAX, tables
from core.metering_proof import summed

PROTECTED = ("metering_event_ids", "metering_events", "metering_charges", "claims_claims")


async def prove(work: Work, proof: Proof) -> None:
    """Look at every usage event, charge and sum; report each difference by its id."""
    # A younger month cannot have been taken away by right: usage may still be recorded in it.
    since = work.now - AGE_MAX - timedelta(days=1)
    kept = await kept_months(work, tables.events, since=since)
    await prove_rows(work, proof, tables.event_ids, "usage ids")
    await prove_rows(work, proof, tables.events, "usage events")
    await prove_rows(work, proof, tables.charges, "usage charges")
    await prove_rows(work, proof, claims.claims, "claims of usage")
    await _prove_claimed(work, proof)
    await _prove_apart(work, proof)
    await _prove_named(work, proof)
    await _prove_there(work, proof, kept)
    await summed.prove(work, proof, kept)
    await _prove_recorded(work, proof)
    await _prove_paid(work, proof)
    await _prove_booked(work, proof)


async def _prove_claimed(work: Work, proof: Proof) -> None:
    """Find usage that was charged to a wallet after an invoice had claimed it.

    What was recorded later than it was claimed may be charged, in the unit that records it.
    """
    c, i, e, k = tables.charges.c, tables.event_ids.c, tables.events.c, claims.claims.c
    same = (i.project_id == c.project_id) & (i.event_id == c.event_id)
    event = (e.project_id == i.project_id) & (e.received_at == i.received_at)
    billed = (k.project_id == e.project_id) & (k.meter_id == e.meter_id)
    query = (
        select(c.event_id, k.claimed_by)
        .join(tables.event_ids, same)
        .join(tables.events, event & (e.event_id == i.event_id))
        .join(claims.claims, billed & (k.start_at <= e.occurred_at) & (e.occurred_at < k.end_at))
        .where(c.charged_at >= k.claimed_at, i.received_at < c.charged_at)
    )
    async for row in stream(work, query):
        problem = f"it was charged to a wallet, and {row.claimed_by} bills it"
        proof.differs(f"usage:{row.event_id}", problem)


async def _prove_apart(work: Work, proof: Proof) -> None:
    """Find usage that is claimed twice."""
    k, other = claims.claims.c, claims.claims.alias("other").c
    query = select(k.meter_id, k.claimed_by, other.claimed_by.label("too")).where(
        k.project_id == other.project_id,
        k.meter_id == other.meter_id,
        k.start_at < other.start_at,
        k.end_at > other.start_at,
    )
    async for row in stream(work, query):
        problem = f"{row.claimed_by} and {row.too} claim the same usage"
        proof.differs(row.meter_id, problem)


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
