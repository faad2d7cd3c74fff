"""Choose the usage of a period, from the sums of quarter hours or from the events themselves.

Windows are told apart by their quarter hours, never by a database's own idea of time zones, so that
both databases agree on the nights when clocks change.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    case,
    exists,
    func,
    literal,
    select,
    union_all,
)

from core.db.jsontext import json_text
from core.db.months import spans_since_1970
from core.db.work import Work
from core.kernel.period import Period
from core.metering import tables
from core.metering.rollups import SPLIT
from core.usage import BUCKET_SECONDS, Aggregation, Meter, bucket_of

GroupBy = str | tuple[str, ...] | None
"""One property, or several together; None where nothing is grouped."""
_BETWEEN = "\x1f"
"""No property has it: values are single lines."""


def summed(
    work: Work, meter: Meter, parts: Sequence[Period], *, uncharged: bool = False
) -> Subquery:
    """Choose the sums of the quarter hours of the period, and the events at its cut edges.

    `uncharged` leaves out events that were charged, of which counts and sums are told, no more.
    """
    r = tables.rollups.c
    starts = [bucket_of(each.start_at) for each in parts]
    first, last = _whole(parts)
    counts: Sequence[ColumnElement[Any]] = r.event_count, r.quantity_high, r.quantity_low
    if uncharged:
        charged = r.charged_count, r.charged_high, r.charged_low
        counts = tuple(all_of - of for all_of, of in zip(counts, charged, strict=True))
    sums = select(
        part_of(r.bucket, starts).label("part"),
        _nobody().label("group"),
        r.bucket,
        *(n.label(name) for n, name in zip(counts, ("event_count", "high", "low"), strict=True)),
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
    if uncharged:
        edges = [each.where(_is_uncharged()) for each in edges]
    return union_all(sums, *edges).subquery("summed")


def _whole(parts: Sequence[Period]) -> tuple[int, int]:
    """Return the first whole quarter hour of the period, and the one after its last."""
    first, last = bucket_of(parts[0].start_at), bucket_of(parts[-1].end_at)
    return first + (begin(first) < parts[0].start_at), last


def _edges(parts: Sequence[Period], first: int, last: int) -> Iterator[tuple[int, Period]]:
    """Yield what lies before the first whole quarter hour and behind the last, and its window."""
    start_at, end_at = parts[0].start_at, parts[-1].end_at
    if start_at < begin(first):
        yield 0, Period(start_at, min(end_at, begin(first)))
    # Where one quarter hour holds the whole period, that was all of it.
    if first <= last and begin(last) < end_at:
        yield len(parts) - 1, Period(begin(last), end_at)


def begin(bucket: int) -> datetime:
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
        e.bucket,
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


def _group(work: Work, group_by: GroupBy) -> ColumnElement[Any]:
    properties = tables.events.c.properties
    if group_by is None:
        return _nobody()
    if isinstance(group_by, str):
        return json_text(work, properties, group_by)
    # One text of several: a value is told from none by what stands before it.
    told = [func.coalesce(literal("=") + json_text(work, properties, n), "") for n in group_by]
    return reduce(lambda one, other: one + _BETWEEN + other, told)


def told_apart(group: str, group_by: tuple[str, ...]) -> dict[str, str]:
    """Return the values of a group of several properties; those that events lack are left out."""
    values = zip(group_by, group.split(_BETWEEN), strict=True)
    return {name: value[1:] for name, value in values if value}


def _is_uncharged() -> ColumnElement[bool]:
    c, e = tables.charges.c, tables.events.c
    return ~exists().where(c.project_id == e.project_id, c.event_id == e.event_id)


def chosen(
    work: Work,
    meter: Meter,
    parts: Sequence[Period],
    group_by: GroupBy,
    *,
    uncharged: bool = False,
) -> Subquery:
    """Choose the events of the period, each with the number of its window and its group.

    In a subquery, because Postgres does not recognise an expression with a parameter in it as the
    one that it is to group by.
    """
    e = tables.events.c
    starts = [bucket_of(each.start_at) for each in parts]
    subject = meter.property if meter.aggregation is Aggregation.UNIQUE else None
    columns = [
        part_of(e.bucket, starts).label("part"),
        _group(work, group_by).label("group"),
        *_each_alone(),
    ]
    if subject:
        columns.append(json_text(work, e.properties, subject).label("subject"))
    if meter.aggregation is Aggregation.WEIGHTED_SUM:
        second = spans_since_1970(work, e.occurred_at, 1) - e.bucket * BUCKET_SECONDS
        columns.append(second.label("second"))
    whole = Period(parts[0].start_at, parts[-1].end_at)
    only = [_is_uncharged()] if uncharged else []
    return (
        select(*columns)
        .where(
            e.project_id == work.project_id,
            e.meter_id == meter.id,
            # The bucket finds the rows by index; the instant cuts the first and last one exactly.
            e.bucket.between(starts[0], bucket_of(whole.end_at)),
            e.occurred_at >= whole.start_at,
            e.occurred_at < whole.end_at,
            *only,
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
