"""Read the past usage of many projects at once, from the sums that are kept of it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select

from core import metering
from core.arrears import buckets
from core.db.work import Work
from core.kernel.period import Period
from core.kernel.quantity import PLACES
from core.metering import Aggregation, Meter, tables
from core.pricing import Usage

BUCKET_SECONDS = metering.BUCKET_SECONDS
SUMMED = {Aggregation.COUNT, Aggregation.SUM, Aggregation.MAX}
"""What the sums of quarter hours tell of many projects at once."""


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
    first, end = buckets(period)
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
    first, end = buckets(period)
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
