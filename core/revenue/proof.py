"""Prove revenue: sums are what the ledger says, and what recurs is what histories said last.

It shares no code with what writes either: it reads the ledger entry by entry, and rows as stored.
"""

from collections import defaultdict

from sqlalchemy import and_, func, select

from core.db.proving import stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.ledger import tables as ledger
from core.revenue import tables
from core.subscriptions import tables as subscriptions

SECONDS = 15 * 60


PAID_FOR = {"active", "past_due"}


async def prove(work: Work, proof: Proof) -> None:
    await _prove_sums(work, proof)
    await _prove_recurring(work, proof)


async def _prove_recurring(work: Work, proof: Proof) -> None:
    """Compare what recurs of each subscription now with what its history said of it last."""
    s, h = subscriptions.subscriptions.c, subscriptions.history.c
    newest = (
        select(h.project_id, h.subscription_id, func.max(h.revision).label("revision"))
        .where(h.recurring.is_not(None))
        .group_by(h.project_id, h.subscription_id)
        .subquery()
    )
    n = newest.c
    query = (
        select(
            *(s.id, s.state, s.recurring, s.interval_unit, s.interval_count),
            h.recurring.label("told"),
            h.interval_unit.label("told_unit"),
            h.interval_count.label("told_count"),
        )
        .select_from(subscriptions.subscriptions)
        .outerjoin(
            newest,
            and_(n.project_id == s.project_id, n.subscription_id == s.id),
        )
        .outerjoin(
            subscriptions.history,
            and_(
                h.project_id == n.project_id,
                h.subscription_id == n.subscription_id,
                h.revision == n.revision,
            ),
        )
    )
    async for row in stream(work, query):
        proof.saw("recurring revenue")
        recurs = (row.recurring or 0) if row.state in PAID_FOR else 0
        every = (row.interval_unit, row.interval_count)
        if recurs != (row.told or 0) or (recurs and every != (row.told_unit, row.told_count)):
            proof.differs(row.id, f"{recurs} recurs, and its history says {row.told or 0}")


async def _prove_sums(work: Work, proof: Proof) -> None:
    """Compare what is kept with what the ledger says, quarter hour by quarter hour."""
    m = tables.marks.c
    mark = (await work.execute(select(m.transaction_id))).scalar_one_or_none()
    if mark is None:
        return
    t, e, a = ledger.transactions.c, ledger.entries.c, ledger.accounts.c
    query = (
        select(a.asset, a.role, t.kind, t.posted_at, e.amount)
        .join(ledger.entries, and_(e.project_id == t.project_id, e.transaction_id == t.id))
        .join(ledger.accounts, and_(a.project_id == e.project_id, a.id == e.account_id))
        .where(t.id <= mark)
    )
    sums: dict[tuple[str, str, str, int], int] = defaultdict(int)
    async for row in stream(work, query):
        quarter = int(row.posted_at.timestamp()) // SECONDS
        sums[row.asset, row.role, row.kind, quarter] += row.amount
    async for row in stream(work, select(tables.booked)):
        proof.saw("sums of revenue")
        key = row.asset, row.role, row.kind, row.quarter
        if (booked := sums.pop(key, 0)) != row.amount:
            proof.differs(f"revenue_booked {' '.join(map(str, key))}", f"{booked} is booked")
    for lost, amount in sums.items():
        if amount:
            proof.differs(f"revenue_booked {' '.join(map(str, lost))}", f"{amount} is left out")
