"""What a project used and spent in periods that begin and end on quarter hours: from sums alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import func, select

from core.db.work import Work
from core.kernel.money import Asset
from core.kernel.period import Period
from core.kernel.quantity import as_text, fraction_text
from core.metering import meters, tables
from core.metering.choosing import part_of
from core.metering.rollups import SPLIT
from core.metering.summarizing import summarize
from core.usage import Aggregation, Meter, bucket_of


@dataclass(frozen=True, slots=True)
class Used:
    """What one meter made of a period's events."""

    meter: Meter
    value: str | None
    """None for distinct values and for levels, which no sums can tell."""
    event_count: int


async def used_by_meter(work: Work, period: Period, limit: int) -> list[Used]:
    """Return what the project used of each meter, those with the most events first."""
    r = tables.rollups.c
    count = func.sum(r.event_count)
    query = (
        select(
            r.meter_id,
            count.label("event_count"),
            func.sum(r.quantity_high).label("high"),
            func.sum(r.quantity_low).label("low"),
            func.max(r.max_quantity).label("largest"),
        )
        .where(
            r.project_id == work.project_id,
            r.bucket >= bucket_of(period.start_at),
            r.bucket < bucket_of(period.end_at),
        )
        .group_by(r.meter_id)
        .order_by(count.desc(), r.meter_id)
        .limit(limit)
    )
    found = list(await work.execute(query))
    known = await meters.by_id(work, [row.meter_id for row in found])
    used = []
    for row in found:
        meter, told = known[row.meter_id], int(row.high) * SPLIT + int(row.low)
        values = {
            Aggregation.COUNT: str(int(row.event_count)),
            Aggregation.SUM: as_text(told),
            Aggregation.AVERAGE: fraction_text(Fraction(told, int(row.event_count))),
            Aggregation.MAX: as_text(row.largest),
        }
        value = values.get(meter.aggregation)
        if meter.aggregation in {Aggregation.LAST, Aggregation.BUCKETED_MAX}:
            [only] = await summarize(work, meter, [period], None)
            value = only.value
        used.append(Used(meter, value, int(row.event_count)))
    return used


async def spent(work: Work, parts: Sequence[Period]) -> dict[tuple[int, Asset], int]:
    """Return what charges took in each part, by its number and by asset; nothing is left out.

    The parts follow each other without a gap. What was reversed later is not taken off.
    """
    s = tables.spend.c
    starts = [bucket_of(each.start_at) for each in parts]
    # In a subquery, because Postgres does not recognise an expression with a parameter in it as
    # the one that it is to group by.
    each = (
        select(part_of(s.bucket, starts).label("part"), s.asset, s.amount_high, s.amount_low)
        .where(
            s.project_id == work.project_id,
            s.bucket >= starts[0],
            s.bucket < bucket_of(parts[-1].end_at),
        )
        .subquery("each_sum")
    )
    e = each.c
    high, low = func.sum(e.amount_high).label("high"), func.sum(e.amount_low).label("low")
    query = select(e.part, e.asset, high, low).group_by(e.part, e.asset)
    return {
        (row.part, Asset.parse(row.asset)): int(row.high) * SPLIT + int(row.low)
        for row in await work.execute(query)
    }
