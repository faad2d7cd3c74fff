"""How much waits in the inbox, and how much was given up: what an operator is woken up by."""

from dataclasses import dataclass

from sqlalchemy import func, select

from core.db.work import Work
from core.inbox import tables


@dataclass(frozen=True, slots=True)
class Backlog:
    waiting: int
    parked: int


async def backlog(work: Work) -> Backlog:
    """Count what is not settled."""
    e = tables.events.c
    query = select(func.count().label("open"), func.count(e.parked_at).label("parked"))
    row = (await work.execute(query.where(e.handled_at.is_(None), e.ignored_at.is_(None)))).one()
    return Backlog(row.open - row.parked, row.parked)
