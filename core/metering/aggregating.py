"""What a meter made of a project's usage, as numbers: what is asked wherever usage is priced.

From the sums of quarter hours wherever those suffice, otherwise from the events, by their index.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select

from core.db.work import Work
from core.kernel.period import Period
from core.kernel.quantity import PLACES
from core.metering import meters, tables
from core.metering.choosing import told_apart
from core.metering.summarizing import summarize
from core.usage import TooManyTransactions, bucket_of

TRANSACTIONS_MAX = 10_000
_ZERO = Decimal(0)


async def aggregate(work: Work, project_id: str, meter_key: str, period: Period) -> Decimal:
    """Return what the meter made of the project's usage in the period; nothing is zero."""
    [value] = await aggregate_windows(work, project_id, meter_key, [period])
    return value


async def aggregate_windows(
    work: Work, project_id: str, meter_key: str, parts: Sequence[Period]
) -> list[Decimal]:
    """Return what the meter made of each part of a period; nothing is zero.

    The parts follow each other without a gap, and all but the first begin on quarter hours.
    """
    here = work.within(project_id)
    meter = await meters.find(here, meter_key)
    told = {row.period: row.value for row in await summarize(here, meter, parts, None)}
    return [Decimal(told.get(part) or _ZERO) for part in parts]


async def aggregate_groups(
    work: Work, project_id: str, meter_key: str, period: Period, *, properties: Sequence[str]
) -> list[tuple[Mapping[str, str], Decimal]]:
    """Return what the meter made of the events of each combination of these properties' values.

    Properties that events lack are left out. Raises SummaryTooLarge beyond a thousand of them.
    """
    here, by = work.within(project_id), tuple(properties)
    meter = await meters.find(here, meter_key)
    rows = await summarize(here, meter, [period], by)
    return [(told_apart(row.group or "", by), Decimal(row.value or _ZERO)) for row in rows]


async def transactions(
    work: Work,
    project_id: str,
    meter_key: str,
    period: Period,
    *,
    most: int = TRANSACTIONS_MAX,
) -> tuple[Decimal, ...]:
    """Return the quantity of each event, in the order in which they occurred, for prices of each.

    Raises TooManyTransactions beyond so many.
    """
    meter = await meters.find(work.within(project_id), meter_key)
    e = tables.events.c
    query = (
        select(e.quantity)
        .where(
            e.project_id == project_id,
            e.meter_id == meter.id,
            e.bucket.between(bucket_of(period.start_at), bucket_of(period.end_at)),
            e.occurred_at >= period.start_at,
            e.occurred_at < period.end_at,
        )
        .order_by(e.bucket, e.occurred_at, e.received_at, e.position, e.event_id)
        .limit(most + 1)
    )
    found = (await work.execute(query)).scalars().all()
    if len(found) > most:
        raise TooManyTransactions(meter_key, most)
    return tuple(Decimal(quantity).scaleb(-PLACES) for quantity in found)
