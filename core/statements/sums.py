"""What was booked on accounts, added up by their roles and in time: for reports of all projects.

Transactions are passed through in the order of their ids, which is about the order in which they
were posted, so that whoever keeps sums reads each of them once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select

from core.db.months import spans_since_1970
from core.db.work import Work
from core.ledger import tables


@dataclass(frozen=True, slots=True)
class Sum:
    """What transactions of one kind moved on accounts of one role, in one span of time."""

    asset: str
    role: str
    kind: str
    span: int
    """Counted from 1970, in spans of the seconds that were asked for."""
    amount: int
    """Debits are positive, credits negative."""


async def sums(
    work: Work,
    after: str,
    until: str | None = None,
    *,
    seconds: int,
    assets: Sequence[str] | None = None,
) -> list[Sum]:
    """Add up the transactions after this id, and up to that one, of every project.

    Only of these assets, where some are named.
    """
    t, e, a = tables.transactions.c, tables.entries.c, tables.accounts.c
    span: ColumnElement[int] = spans_since_1970(work, t.posted_at, seconds).label("span")
    query = (
        select(a.asset, a.role, t.kind, span, func.sum(e.amount).label("amount"))
        .join(tables.entries, and_(e.project_id == t.project_id, e.transaction_id == t.id))
        .join(tables.accounts, and_(a.project_id == e.project_id, a.id == e.account_id))
        .where(t.id > after)
        .group_by(a.asset, a.role, t.kind, span)
    )
    if until is not None:
        query = query.where(t.id <= until)
    if assets is not None:
        query = query.where(a.asset.in_(assets))
    rows = await work.execute(query)
    return [Sum(row.asset, row.role, row.kind, int(row.span), int(row.amount)) for row in rows]


async def transaction_after(work: Work, after: str, before: str, count: int) -> str | None:
    """Return the id of the transaction so many after this id, or of the last before that one.

    None where there is none between them.
    """
    t = tables.transactions.c
    few = select(t.id).where(t.id > after, t.id < before).order_by(t.id).limit(count).subquery()
    found = await work.execute(select(few.c.id).order_by(few.c.id.desc()).limit(1))
    last: str | None = found.scalar_one_or_none()
    return last
