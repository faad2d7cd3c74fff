"""Summarize usage: by window of the project's own clock, and by one property.

The database groups and adds up; what comes back is one row for each row of the answer, however
many events there are. Counts, sums, largest and last values are told from the sums of quarter
hours, and from events only where the period cuts a quarter hour; distinct values, and groups, take
the events themselves, by their index. Windows are told apart by their quarter hours, never by a
database's own idea of time zones, so that both databases agree on the nights when clocks change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, func, literal, select, union_all

from core.db.jsontext import json_text
from core.db.work import Work
from core.kernel.period import Period
from core.kernel.quantity import as_text
from core.metering import tables
from core.metering.errors import SummaryTooLarge
from core.metering.model import BUCKET_SECONDS, Aggregation, Meter, bucket_of
from core.metering.rollups import SPLIT

ROWS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one meter made of the events of one window, and of one group where there are groups."""

    period: Period
    group: str | None
    value: str | None
    """None where nothing can be said: the largest or the last of no events."""
    event_count: int


async def summarize(
    work: Work, meter: Meter, parts: Sequence[Period], group_by: str | None
) -> list[Row]:
    """Return a row for each window, and group, that has events, in the order of time.

    A period that is not divided and not grouped always has its one row, even when it is empty.
    """
    if group_by is None and meter.aggregation is not Aggregation.UNIQUE:
        chosen = _summed(work, meter, parts)
    else:
        chosen = _chosen(work, meter, parts, group_by)
    totals = _totals(chosen, meter.aggregation)
    found = list(await work.execute(totals.limit(ROWS_MAX + 1)))
    if len(found) > ROWS_MAX:
        raise SummaryTooLarge(ROWS_MAX)
    # Here, and not by the databases, which sort texts and nulls each in their own way.
    found.sort(key=lambda row: (row.part, row.group is None, row.group or ""))
    rows = [
        Row(
            period=parts[each.part],
            group=each.group,
            value=_value(meter.aggregation, each),
            event_count=int(each.event_count),
        )
        for each in found
    ]
    if not rows and len(parts) == 1 and group_by is None:
        nothing = None if meter.aggregation in {Aggregation.MAX, Aggregation.LAST} else "0"
        return [Row(period=parts[0], group=None, value=nothing, event_count=0)]
    return rows


def _summed(work: Work, meter: Meter, parts: Sequence[Period]) -> Subquery:
    """Choose the sums of the quarter hours of the period, and the events at its cut edges."""
    r = tables.rollups.c
    starts = [bucket_of(each.start_at) for each in parts]
    first, last = _whole(parts)
    sums = select(
        part_of(r.bucket, starts).label("part"),
        _nobody().label("group"),
        r.event_count,
        r.quantity_high.label("high"),
        r.quantity_low.label("low"),
        r.max_quantity,
        r.last_quantity.label("quantity"),
        r.last_occurred_at.label("occurred_at"),
        r.last_received_at.label("received_at"),
        r.last_position.label("position"),
        r.last_event_id.label("event_id"),
    ).where(
        r.project_id == work.project_id,
        r.meter_id == meter.id,
        r.bucket >= first,
        r.bucket < last,
    )
    edges = [_edge(work, meter, part, period) for part, period in _edges(parts, first, last)]
    return union_all(sums, *edges).subquery("summed")


def _whole(parts: Sequence[Period]) -> tuple[int, int]:
    """Return the first whole quarter hour of the period, and the one after its last."""
    first, last = bucket_of(parts[0].start_at), bucket_of(parts[-1].end_at)
    return first + (_begin(first) < parts[0].start_at), last


def _edges(parts: Sequence[Period], first: int, last: int) -> Iterator[tuple[int, Period]]:
    """Yield what lies before the first whole quarter hour and behind the last, and its window."""
    start_at, end_at = parts[0].start_at, parts[-1].end_at
    if start_at < _begin(first):
        yield 0, Period(start_at, min(end_at, _begin(first)))
    # Where one quarter hour holds the whole period, that was all of it.
    if first <= last and _begin(last) < end_at:
        yield len(parts) - 1, Period(_begin(last), end_at)


def _begin(bucket: int) -> datetime:
    return datetime.fromtimestamp(bucket * BUCKET_SECONDS, UTC)


def _edge(work: Work, meter: Meter, part: int, period: Period) -> Select[Any]:
    """Choose the events of less than a quarter hour, each as a sum of its own."""
    e = tables.events.c
    return select(literal(part), _nobody(), *_each_alone()).where(
        e.project_id == work.project_id,
        e.meter_id == meter.id,
        e.bucket == bucket_of(period.start_at),
        e.occurred_at >= period.start_at,
        e.occurred_at < period.end_at,
    )


def _each_alone() -> list[ColumnElement[Any]]:
    """Tell each event as the sum of itself."""
    e = tables.events.c
    return [
        literal(1).label("event_count"),
        (e.quantity // SPLIT).label("high"),
        (e.quantity % SPLIT).label("low"),
        e.quantity.label("max_quantity"),
        e.quantity,
        e.occurred_at,
        e.received_at,
        e.position,
        e.event_id,
    ]


def _nobody() -> ColumnElement[Any]:
    """Say that nothing is grouped."""
    return literal(None, tables.events.c.event_id.type)


def _chosen(work: Work, meter: Meter, parts: Sequence[Period], group_by: str | None) -> Subquery:
    """Choose the events of the period, each with the number of its window and its group.

    In a subquery, because Postgres does not recognise an expression with a parameter in it as the
    one that it is to group by.
    """
    e = tables.events.c
    starts = [bucket_of(each.start_at) for each in parts]
    group = json_text(work, e.properties, group_by) if group_by else _nobody()
    subject = meter.property if meter.aggregation is Aggregation.UNIQUE else None
    columns = [
        part_of(e.bucket, starts).label("part"),
        group.label("group"),
        *_each_alone(),
    ]
    if subject:
        columns.append(json_text(work, e.properties, subject).label("subject"))
    whole = Period(parts[0].start_at, parts[-1].end_at)
    return (
        select(*columns)
        .where(
            e.project_id == work.project_id,
            e.meter_id == meter.id,
            # The bucket finds the rows by index; the instant cuts the first and last one exactly.
            e.bucket.between(starts[0], bucket_of(whole.end_at)),
            e.occurred_at >= whole.start_at,
            e.occurred_at < whole.end_at,
        )
        .subquery("chosen")
    )


def part_of(bucket: ColumnElement[int], starts: Sequence[int], low: int = 0) -> ColumnElement[int]:
    """Find the last window that starts at or before the bucket, by a tree of comparisons."""
    if len(starts) == 1:
        return literal(low)
    middle = len(starts) // 2
    left = part_of(bucket, starts[:middle], low)
    return case(
        (bucket < starts[middle], left), else_=part_of(bucket, starts[middle:], low + middle)
    )


def _totals(chosen: Subquery, aggregation: Aggregation) -> Select[Any]:
    c = chosen.c
    if aggregation is Aggregation.LAST:
        return _latest(chosen)
    measures = [
        func.sum(c.event_count).label("event_count"),
        func.sum(c.high).label("high"),
        func.sum(c.low).label("low"),
        func.max(c.max_quantity).label("quantity"),
    ]
    if aggregation is Aggregation.UNIQUE:
        measures.append(func.count(c.get("subject", c.event_id).distinct()).label("distinct"))
    return select(c.part, c.group, *measures).group_by(c.part, c.group)


def _latest(chosen: Subquery) -> Select[Any]:
    """Pick the event that occurred last in each window and group; of equals, the last received."""
    c = chosen.c
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
    return as_text(row.quantity)
