"""What falls due in a project, and what is done about it then: the list that slices join.

A slice says in one line at which instant something of the unit's project falls due first, and what
does what is due at `work.now`:

    FALLS_DUE = clocks.FallsDue("dunning", clocks.first_of(tables.runs.c.next_at), run_due)

and is put into `surface.FALLING_DUE`. `run` does what is due, or some of it: it is called as long
as something is. Its look at what is due begins with `work.swept(table.c.project_id)`, so that the
same function serves the job that does it for all projects and leaves those with a test clock out.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, func, select

from core.db.work import Work

NextAt = Callable[[Work], Awaitable[datetime | None]]

FALLING_DUE = "falling_due"
"""The port under which the wiring gives the whole list."""
CONSUMERS = "consumers"
"""The port under which the wiring gives who hears the engine's own events."""


@dataclass(frozen=True, slots=True)
class FallsDue:
    """One kind of thing that falls due in projects."""

    name: str
    next_at: NextAt
    """When the first of them is due in the unit's project; None where nothing waits."""
    run: Callable[[Work], Awaitable[object]]
    """Do what is due at `work.now` in the unit's project, or some of it."""


def first_of(due_at: Column[Any], *where: ColumnElement[bool]) -> NextAt:
    """Look for the earliest instant in a column, among the project's rows for which this holds."""
    of_project = due_at.table.c.project_id

    async def next_at(work: Work) -> datetime | None:
        query = select(func.min(due_at)).where(of_project == work.project_id, *where)
        found: datetime | None = (await work.execute(query)).scalar()
        return found

    return next_at


Due = Sequence[tuple[datetime, FallsDue]]
"""What waits in a project, by kind, with the first instant of each."""


async def waiting(work: Work, kinds: Sequence[FallsDue]) -> Due:
    """Say of each kind when the first of it is due in the unit's project, in their order."""
    return [(at, each) for each in kinds if (at := await each.next_at(work)) is not None]


async def run_due(work: Work, due: Due) -> list[str]:
    """Do once, in their order, each kind that is due now; return which they were."""
    now = [each for at, each in due if at <= work.now]
    for each in now:
        await each.run(work)
    return [each.name for each in now]
