"""Numbers without a gap: of each legal entity, series and year, from one.

The counter is locked by the unit that issues the document, and taken last, so that nobody waits
longer than for one commit. A unit that dies rolls its number back with everything else: the next
one gets it.
"""

from dataclasses import dataclass

from sqlalchemy import select, update

from core.bills import LegalEntity
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.invoicing import tables

INVOICES, NOTES = "invoice", "credit_note"


@dataclass(frozen=True, slots=True)
class Number:
    series: str
    year: int
    sequence: int
    text: str


async def take(work: Work, entity: LegalEntity, series: str) -> Number:
    """Take the next number. Do it last: others wait for it until this unit ends."""
    year = work.now.astimezone(entity.clock).year
    key = {"entity_key": entity.key, "series": series, "year": year}
    await insert_if_absent(work, tables.counters, key | {"last": 0})
    c = tables.counters.c
    this = (c.entity_key == entity.key, c.series == series, c.year == year)
    # The update waits for whoever has the counter, and then counts on from what they left.
    await work.execute(update(tables.counters).where(*this).values(last=c.last + 1))
    sequence = int((await work.execute(select(c.last).where(*this))).scalar_one())
    return Number(series, year, sequence, entity.number(series, year, sequence))
