"""Read a project's usage as a price asks for it: from sums where they say enough.

Levels, groups and single events are read from the events by their index; single events are bounded.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select

from core import metering
from core.arrears.needing import Needs
from core.db.work import Work
from core.kernel.period import Period, Window, windows
from core.kernel.quantity import PLACES
from core.metering import Meter, tables
from core.pricing import Group, Usage

EVENTS_MAX = metering.TRANSACTIONS_MAX
EVENTS_BILLED_MAX = 1_000_000
"""An invoice waits for nobody to ask for a shorter period."""


async def usage_in(
    work: Work,
    meter: Meter,
    needs: Needs,
    period: Period,
    *,
    zone: ZoneInfo,
    uncharged: bool = False,
) -> Usage:
    """Return what the meter made of the unit's project's usage, with what the price needs of it.

    Windows are the months of the zone. `uncharged` leaves out what was charged to a wallet. Raises
    TooManyTransactions where each event is needed, and there are more than can be looked at.
    """
    if not needs.windows:
        return await _plain(work, meter, needs, period, uncharged=uncharged)
    parts = [
        Period(max(each.start_at, period.start_at), min(each.end_at, period.end_at))
        for each in windows(period, Window.MONTH, zone)
    ]
    each = [await _plain(work, meter, needs, part, uncharged=uncharged) for part in parts]
    return Usage.of_windows(each)


async def _plain(
    work: Work, meter: Meter, needs: Needs, period: Period, *, uncharged: bool
) -> Usage:
    if needs.amounts:
        return _made(needs, await _events(work, meter, period, uncharged=uncharged))
    names = needs.properties or None
    rows = await metering.summarize(work, meter, [period], names, uncharged=uncharged)
    if needs.properties:
        return Usage.of_groups(
            Group(metering.told_apart(row.group or "", needs.properties), _told(row))
            for row in rows
        )
    [row] = rows
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


async def _events(work: Work, meter: Meter, period: Period, *, uncharged: bool) -> Sequence[Any]:
    e, c = tables.events.c, tables.charges.c
    most = EVENTS_BILLED_MAX if uncharged else EVENTS_MAX
    order = e.occurred_at, e.received_at, e.position, e.event_id
    query = (
        select(e.quantity, e.properties)
        .where(
            e.project_id == work.project_id,
            e.meter_id == meter.id,
            # The bucket finds the rows by index; the instant cuts the first and last one exactly.
            e.bucket.between(*buckets(period)),
            e.occurred_at >= period.start_at,
            e.occurred_at < period.end_at,
        )
        .order_by(*order)
        .limit(most + 1)
    )
    if uncharged:
        charged = exists().where(c.project_id == e.project_id, c.event_id == e.event_id)
        query = query.where(~charged)
    found = (await work.execute(query)).all()
    if len(found) > most:
        raise metering.TooManyTransactions(meter.key, most)
    return found


def buckets(period: Period) -> tuple[int, int]:
    """Return the quarter hours in which it begins and ends."""
    start, end = (
        int(at.timestamp()) // metering.BUCKET_SECONDS for at in (period.start_at, period.end_at)
    )
    return start, end
