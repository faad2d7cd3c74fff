"""Numbers without a gap: of each legal entity, series and year, from one.

The counter is locked by the unit that issues the document, and taken last, so that nobody waits
longer than for one commit. A unit that dies rolls its number back with everything else: the next
one gets it.
"""

from collections import Counter as Counted
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from core.bills import LegalEntity
from core.db.together import Order, Step
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.invoicing import tables

INVOICES, NOTES = "invoice", "credit_note"
Counter = tuple[str, str, int]
"""A legal entity's key, a series and a year."""


@dataclass(frozen=True, slots=True)
class Number:
    series: str
    year: int
    sequence: int
    text: str


async def take(work: Work, entity: LegalEntity, series: str) -> Number:
    """Take the next number. Do it last: others wait for it until this unit ends."""
    year = work.now.astimezone(entity.clock).year
    sequence = await work.together(TAKE, (entity.key, series, year))
    return Number(series, year, sequence, entity.number(series, year, sequence))


async def _take(items: Sequence[tuple[Work, Counter]]) -> list[int]:
    """Take as many of each series as there are who want one, and hand them out in order."""
    wanted = Counted(counter for _, counter in items)
    work, following = items[0][0], {}
    for counter in sorted(wanted):
        last = await _count_on(work, counter, wanted[counter])
        following[counter] = last - wanted[counter] + 1
    taken = []
    for _, counter in items:
        taken.append(following[counter])
        following[counter] += 1
    return taken


async def _count_on(work: Work, counter: Counter, by: int) -> int:
    key = dict(zip(("entity_key", "series", "year"), counter, strict=True))
    await insert_if_absent(work, tables.counters, key | {"last": 0})
    c = tables.counters.c
    this = [c[name] == value for name, value in key.items()]
    # The update waits for whoever has the counter, and then counts on from what they left.
    await work.execute(update(tables.counters).where(*this).values(last=c.last + by))
    return int((await work.execute(select(c.last).where(*this))).scalar_one())


TAKE: Step[Counter, int] = Step(Order.WRITE + 15, _take)
