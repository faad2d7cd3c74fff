"""Summarize usage: by window of the project's own clock, and by one property.

The database groups and adds up; what comes back is one row for each row of the answer, however
many events there are. Counts, sums, averages, largest and last values are told from the sums of
quarter hours, and from events only where the period cuts a quarter hour; distinct values, and
groups, take the events themselves, by their index. What depends on when it was: `levels.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, Subquery, func, select

from core.db.work import Work
from core.kernel.period import Period
from core.kernel.quantity import as_text, fraction_text
from core.metering import levels
from core.metering.choosing import GroupBy, chosen, summed
from core.metering.rollups import SPLIT
from core.usage import CHARGEABLE, Aggregation, Meter, SummaryTooLarge

ROWS_MAX = 1_000
_NOTHING = {Aggregation.MAX, Aggregation.LAST, Aggregation.AVERAGE}
"""What there is none of where there are no events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one meter made of the events of one window, and of one group where there are groups."""

    period: Period
    group: str | None
    value: str | None
    """None where nothing can be said: the largest, the last or the average of no events."""
    event_count: int


async def summarize(
    work: Work,
    meter: Meter,
    parts: Sequence[Period],
    group_by: GroupBy,
    *,
    uncharged: bool = False,
) -> list[Row]:
    """Return a row for each window, and group, that has events, in the order of time.

    `uncharged` leaves out what was charged to a wallet, of meters whose events can be.

    A period that is not divided and not grouped always has its one row, even when it is empty. A
    level lasts from window to window, so that it has a row in each until it is nothing.
    """
    tell = levels.TOLD.get(meter.aggregation)
    if tell is not None:
        found = await tell(work, meter, parts, group_by)
    else:
        left = uncharged and meter.aggregation in CHARGEABLE
        found = await _found(work, meter, parts, group_by, uncharged=left)
    if len(found) > ROWS_MAX:
        raise SummaryTooLarge(ROWS_MAX)
    # Here, and not by the databases, which sort texts and nulls each in their own way.
    found.sort(key=lambda each: (each.part, each.group is None, each.group or ""))
    rows = [
        Row(
            period=parts[each.part],
            group=each.group,
            value=each.value,
            event_count=each.event_count,
        )
        for each in found
    ]
    if not rows and len(parts) == 1 and group_by is None:
        nothing = None if meter.aggregation in _NOTHING else "0"
        return [Row(period=parts[0], group=None, value=nothing, event_count=0)]
    return rows


async def _found(
    work: Work,
    meter: Meter,
    parts: Sequence[Period],
    group_by: GroupBy,
    *,
    uncharged: bool,
) -> list[levels.Found]:
    if group_by is None and meter.aggregation is not Aggregation.UNIQUE:
        usage = summed(work, meter, parts, uncharged=uncharged)
    else:
        usage = chosen(work, meter, parts, group_by, uncharged=uncharged)
    totals = _totals(usage, meter.aggregation)
    return [
        levels.Found(row.part, row.group, _value(meter.aggregation, row), int(row.event_count))
        for row in await work.execute(totals.limit(ROWS_MAX + 1))
    ]


def _totals(usage: Subquery, aggregation: Aggregation) -> Select[Any]:
    c = usage.c
    if aggregation is Aggregation.LAST:
        return _latest(usage)
    measures = [
        func.sum(c.event_count).label("event_count"),
        func.sum(c.high).label("high"),
        func.sum(c.low).label("low"),
        func.max(c.max_quantity).label("quantity"),
    ]
    if aggregation is Aggregation.UNIQUE:
        measures.append(func.count(c.get("subject", c.event_id).distinct()).label("distinct"))
    return select(c.part, c.group, *measures).group_by(c.part, c.group)


def _latest(usage: Subquery) -> Select[Any]:
    """Pick the event that occurred last in each window and group; of equals, the last received."""
    c = usage.c
    by = (c.part, c.group)
    order = (c.occurred_at.desc(), c.received_at.desc(), c.position.desc(), c.event_id.desc())
    ranked = select(
        c.part,
        c.group,
        c.quantity,
        func.sum(c.event_count).over(partition_by=by).label("event_count"),
        func.row_number().over(partition_by=by, order_by=order).label("rank"),
    ).subquery("ranked")
    r = ranked.c
    return select(r.part, r.group, r.quantity, r.event_count).where(r.rank == 1)


def _value(aggregation: Aggregation, row: Any) -> str:
    if aggregation is Aggregation.COUNT:
        return str(row.event_count)
    if aggregation is Aggregation.UNIQUE:
        return str(row.distinct)
    if aggregation is Aggregation.SUM:
        return as_text(int(row.high) * SPLIT + int(row.low))
    if aggregation is Aggregation.AVERAGE:
        return fraction_text(Fraction(int(row.high) * SPLIT + int(row.low), int(row.event_count)))
    return as_text(row.quantity)
