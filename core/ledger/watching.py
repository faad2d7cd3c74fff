"""See that balances changed, for whoever waits for that: without reading what they are."""

from collections.abc import Sequence

from sqlalchemy import select, tuple_

from core.db.work import Work
from core.ledger import tables

Mark = tuple[int, int]


async def marks(work: Work, accounts: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Mark]:
    """Return a mark for each (project, account): it differs whenever the balance has changed.

    It spans projects, because one process waits on behalf of many callers; a mark tells none of
    them anything. Whoever is told reads the balance with an authority of their own.
    """
    a = tables.accounts.c
    query = select(a.project_id, a.id, a.sequence, a.held).where(
        tuple_(a.project_id, a.id).in_(list(accounts))
    )
    rows = await work.execute(query)
    return {(row.project_id, row.id): (row.sequence, row.held) for row in rows}
