"""Add up what was booked by the quarter hour, each transaction once, so that reports need not.

A report is the sums as far as they have come, and the ledger itself from there on: so it is right
however late this runs, and quick if it runs at all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from core import statements
from core.db.upsert import insert_for
from core.db.work import SECONDS_MAX, Work
from core.jobs import JobContext, Schedule, job
from core.kernel.ids import compose
from core.revenue import tables

QUARTER_SECONDS = 900
SETTLED = timedelta(seconds=4 * SECONDS_MAX)
"""No unit lives longer than a quarter of this: the rest is for machines whose clocks differ."""
AT_ONCE = 20_000
"""Transactions in a unit."""
LEDGER = "ledger"
NOTHING = compose("txn", 0)


@job("tally_books", outside=True)
async def tally_books(context: JobContext) -> None:
    """Add up everything that is settled and was not added up yet."""
    more = True
    while more:
        async with context.begin() as work:
            more = await tally_next(work)


async def tally_next(work: Work, count: int = AT_ONCE) -> bool:
    """Add up so many transactions of all projects; False when none was left."""
    mark = await _lock(work)
    last = await statements.transaction_after(work, mark, _id_at(work.real_now - SETTLED), count)
    if last is None:
        return False
    await _add(work, await statements.sums(work, mark, last, seconds=QUARTER_SECONDS))
    m = tables.marks.c
    await work.execute(update(tables.marks).where(m.name == LEDGER).values(transaction_id=last))
    return True


async def marked(work: Work) -> str:
    """Return the last transaction that is added up."""
    m = tables.marks.c
    query = select(m.transaction_id).where(m.name == LEDGER)
    found: str | None = (await work.execute(query)).scalar_one_or_none()
    return found or NOTHING


async def _lock(work: Work) -> str:
    """Have this unit be the only one that adds up: of two, the second sees what the first did."""
    m = tables.marks.c
    query = select(m.transaction_id).where(m.name == LEDGER).with_for_update()
    found: str | None = (await work.execute(query)).scalar_one_or_none()
    if found is not None:
        return found
    await work.execute(insert(tables.marks).values(name=LEDGER, transaction_id=NOTHING))
    return NOTHING


async def _add(work: Work, sums: Sequence[statements.Sum]) -> None:
    if not sums:
        return
    rows = [
        {
            "asset": each.asset,
            "role": each.role,
            "kind": each.kind,
            "quarter": each.span,
            "amount": each.amount,
        }
        for each in sums
    ]
    into = insert_for(work, tables.booked)
    added = into.on_conflict_do_update(
        index_elements=["asset", "role", "kind", "quarter"],
        set_={"amount": tables.booked.c.amount + into.excluded.amount},
    )
    await work.execute(added, rows)


def _id_at(instant: datetime) -> str:
    """Return the first id that could have been made at this instant."""
    return compose("txn", max(0, int(instant.timestamp() * 1000)) << 80)


SCHEDULES = (Schedule(tally_books, every_seconds=60),)
