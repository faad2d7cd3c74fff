"""Which usage invoices bill, and whose: what is claimed for one is charged to no wallet any more.

A claim is of a meter and a time, of everything used in it: also of what is recorded later, but for
what is charged in the unit that records it. Whoever claims locks the meter's row of the project,
and whoever charges what was recorded before shares it; so what is claimed is counted as it stays.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select

from core.claims import tables
from core.db.together import Order, Step
from core.db.upsert import insert_if_absent
from core.db.work import Work, canonical
from core.kernel.errors import EngineError
from core.kernel.period import Period
from core.usage import UsageBilled


class Named(NamedTuple):
    """An event that was recorded before."""

    meter_id: str
    event_id: str
    occurred_at: datetime


async def _unclaimed(items: Sequence[tuple[Work, Named]]) -> Sequence[EngineError | None]:
    """Refuse events that an invoice bills, or will."""
    outcomes: list[EngineError | None] = []
    for work, each in items:
        b, c = tables.meters.c, tables.claims.c
        locked = select(b.since_at).where(
            b.project_id == work.project_id, b.meter_id == each.meter_id
        )
        if (await work.execute(locked.with_for_update(read=True))).first() is None:
            outcomes.append(None)
            continue
        claimed = select(c.claimed_by).where(
            c.project_id == work.project_id,
            c.meter_id == each.meter_id,
            c.start_at <= each.occurred_at,
            c.end_at > each.occurred_at,
        )
        row = (await work.execute(claimed)).first()
        outcomes.append(UsageBilled(each.event_id, row.claimed_by) if row else None)
    return outcomes


UNCLAIMED: Step[Named, None] = Step(Order.LOOK + 3, _unclaimed)
"""Make sure that no invoice bills an event. Whoever would claim it waits for this unit."""


async def bill_in_arrears(work: Work, meter_ids: Sequence[str]) -> None:
    """Note that usage of these meters will be billed, before any of it is claimed."""
    for meter_id in sorted(set(meter_ids)):
        row = {"project_id": work.project_id, "meter_id": meter_id, "since_at": work.now}
        await insert_if_absent(work, tables.meters, row)


async def claim(work: Work, meter_id: str, period: Period, *, by: str) -> None:
    """Claim what was used of a meter in a period, as far as nobody else has."""
    b = tables.meters.c
    this = select(b.since_at).where(b.project_id == work.project_id, b.meter_id == meter_id)
    await bill_in_arrears(work, [meter_id])
    await work.execute(this.with_for_update())
    for each in _without(period, [one for one, _ in await _claims(work, meter_id, period)]):
        row = {
            "project_id": work.project_id,
            "meter_id": meter_id,
            "start_at": each.start_at,
            "end_at": each.end_at,
            "claimed_by": by,
            "claimed_at": work.now,
        }
        row["digest"] = work.digest(*map(canonical, row.values()))
        await work.execute(insert(tables.claims), row)


async def claimable(work: Work, meter_id: str, period: Period, *, by: str) -> list[Period]:
    """Return the parts of a period in which nobody else has claimed the meter, in order."""
    claims = await _claims(work, meter_id, period)
    return _without(period, [each for each, whose in claims if whose != by])


async def _claims(work: Work, meter_id: str, period: Period) -> list[tuple[Period, str]]:
    c = tables.claims.c
    query = (
        select(c.start_at, c.end_at, c.claimed_by)
        .where(
            c.project_id == work.project_id,
            c.meter_id == meter_id,
            c.start_at < period.end_at,
            c.end_at > period.start_at,
        )
        .order_by(c.start_at)
    )
    found = await work.execute(query)
    return [(Period(row.start_at, row.end_at), row.claimed_by) for row in found]


def _without(period: Period, taken: Sequence[Period]) -> list[Period]:
    """Return what is left of a period without these, which do not overlap and are in order."""
    left, at = [], period.start_at
    for each in taken:
        if at < each.start_at:
            left.append(Period(at, each.start_at))
        at = max(at, each.end_at)
    if at < period.end_at:
        left.append(Period(at, period.end_at))
    return left
