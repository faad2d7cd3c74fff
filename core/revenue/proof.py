"""Prove the sums of revenue: each is what the ledger says of the transactions that are added up.

It shares no code with what adds them up: it reads the ledger entry by entry.
"""

from collections import defaultdict

from sqlalchemy import and_, select

from core.db.proving import stream
from core.db.work import Work
from core.kernel.proving import Proof
from core.ledger import tables as ledger
from core.revenue import tables

SECONDS = 15 * 60


async def prove(work: Work, proof: Proof) -> None:
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
