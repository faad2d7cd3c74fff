"""Read a project's past usage as a price asks for it: from sums where they say enough.

Levels, groups and single events are read from the events by their index; single events are bounded.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from core import metering
from core.db.work import Work
from core.kernel.period import Period, Window, windows
from core.kernel.quantity import PLACES
from core.metering import Aggregation, Meter, tables
from core.pricing import Group, Usage
from core.quoting.needing import Needs

EVENTS_MAX = metering.TRANSACTIONS_MAX
BUCKET_SECONDS = metering.BUCKET_SECONDS
SUMMED = {Aggregation.COUNT, Aggregation.SUM, Aggregation.MAX}
"""What the sums of quarter hours tell of many projects at once."""


async def usage_in(
    work: Work, meter: Meter, needs: Needs, period: Period, *, zone: ZoneInfo
) -> Usage:
    """Return what the meter made of the unit's project's usage, with what the price needs of it.

    Windows are the months of the zone. Raises TooManyTransactions where each event is needed,
    and there are more than can be looked at.
    """
    if not needs.windows:
        return await _plain(work, meter, needs, period)
    parts = [
        Period(max(each.start_at, period.start_at), min(each.end_at, period.end_at))
        for each in windows(period, Window.MONTH, zone)
    ]
    return Usage.of_windows([await _plain(work, meter, needs, part) for part in parts])


async def _plain(work: Work, meter: Meter, needs: Needs, period: Period) -> Usage:
    if needs.amounts:
        return _made(needs, await _events(work, meter, period))
    if needs.properties:
        rows = await metering.summarize(work, meter, [period], needs.properties)
        return Usage.of_groups(
            Group(metering.told_apart(row.group or "", needs.properties), _told(row))
            for row in rows
        )
    [row] = await metering.summarize(work, meter, [period], None)
    return _told(row)


def _told(row: metering.UsageRow) -> Usage:
    return Usage(Decimal(row.value or 0), row.event_count)


def _made(needs: Needs, events: Sequence[Any]) -> Usage:
    """Give each event as a transaction, in groups where the price asks for those, too."""
    if not needs.properties:
        return _transactions(events)
    by: dict[tuple[str | None, ...], list[Any]] = {}
    for each in events:
        values = (each.properties.get(name) for name in needs.properties)
        by.setdefault(tuple(map(_text, values)), []).append(each)
    return Usage.of_groups(
        Group(
            {
                name: value
                for name, value in zip(needs.properties, key, strict=True)
                if value is not None
            },
            _transactions(own),
        )
        for key, own in by.items()
    )


def _text(value: Any) -> str | None:
    """Write a property as the database does, by which sums are grouped."""
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def _transactions(events: Sequence[Any]) -> Usage:
    return Usage.of_transactions(Decimal(each.quantity).scaleb(-PLACES) for each in events)


async def _events(work: Work, meter: Meter, period: Period) -> Sequence[Any]:
    e = tables.events.c
    order = e.occurred_at, e.received_at, e.position, e.event_id
    query = (
        select(e.quantity, e.properties)
        .where(
            e.project_id == work.project_id,
            e.meter_id == meter.id,
            # The bucket finds the rows by index; the instant cuts the first and last one exactly.
            e.bucket.between(*_buckets(period)),
            e.occurred_at >= period.start_at,
            e.occurred_at < period.end_at,
        )
        .order_by(*order)
        .limit(EVENTS_MAX + 1)
    )
    found = (await work.execute(query)).all()
    if len(found) > EVENTS_MAX:
        raise metering.TooManyTransactions(meter.key, EVENTS_MAX)
    return found


def _buckets(period: Period) -> tuple[int, int]:
    start, end = (int(at.timestamp()) // BUCKET_SECONDS for at in (period.start_at, period.end_at))
    return start, end


def is_on_quarter_hour(period: Period) -> bool:
    """Tell whether sums of quarter hours tell of the whole period, and of nothing else."""
    return all(
        not at.microsecond and not int(at.timestamp()) % BUCKET_SECONDS
        for at in (period.start_at, period.end_at)
    )


async def sums_of(
    work: Work, projects: Sequence[str], meters: Sequence[Meter], period: Period
) -> Mapping[tuple[str, str], Usage]:
    """Return what was used, by project and meter key, in one statement; what was not, is left out.

    For staff: it spans the projects it is given. Meters must be SUMMED, and the period must lie on
    quarter hours.
    """
    r, by_id = tables.rollups.c, {each.id: each for each in meters}
    first, end = _buckets(period)
    query = (
        select(
            r.project_id,
            r.meter_id,
            func.sum(r.event_count).label("events"),
            func.sum(r.quantity_high).label("high"),
            func.sum(r.quantity_low).label("low"),
            func.max(r.max_quantity).label("largest"),
        )
        .where(
            r.project_id.in_(projects),
            r.meter_id.in_(sorted(by_id)),
            r.bucket >= first,
            r.bucket < end,
        )
        .group_by(r.project_id, r.meter_id)
    )
    return {
        (row.project_id, by_id[row.meter_id].key): _summed(by_id[row.meter_id], row)
        for row in await work.execute(query)
    }


async def users_among(
    work: Work, projects: Sequence[str], meters: Sequence[Meter], period: Period
) -> set[str]:
    """Return those of these projects that used any of these meters. For staff: it spans them.

    A level that was reached before the period lasts into it, and so is used.
    """
    r = tables.rollups.c
    first, end = _buckets(period)
    lasting = [each.id for each in meters if each.aggregation is Aggregation.WEIGHTED_SUM]
    query = select(r.project_id).distinct()
    query = query.where(
        r.project_id.in_(projects),
        r.meter_id.in_(sorted(each.id for each in meters)),
        or_(r.bucket >= first, r.meter_id.in_(lasting)),
        r.bucket < end,
    )
    return {row.project_id for row in await work.execute(query)}


def _summed(meter: Meter, row: Any) -> Usage:
    events = int(row.events)
    units = int(row.high) * metering.SPLIT + int(row.low)
    made = {
        Aggregation.COUNT: Decimal(events),
        Aggregation.SUM: Decimal(units).scaleb(-PLACES),
        Aggregation.MAX: Decimal(row.largest).scaleb(-PLACES),
    }[meter.aggregation]
    return Usage(made, events)
