"""Find what a project was given: its plans and the exceptions made for it. See `remembering`."""

from typing import Any

from sqlalchemy import select

from core import catalog, metering
from core.catalog import QuotaWindow
from core.db.work import Work
from core.entitlements import tables
from core.entitlements.model import Assignment, Held, Holding, Mode, Override, Version
from core.entitlements.remembering import Remembered
from core.operations.given import given


def memory() -> Remembered:
    """Return what this process remembers, or a memory that is gone with the call."""
    return given(Remembered) or Remembered()


async def held_by(work: Work) -> Held:
    """Return all that this unit's project was given and that nobody took back."""
    s = tables.standings.c
    # The stamp is read first: what is read after it may be newer than it says, and never older.
    query = select(s.stamp).where(s.project_id == work.project_id)
    stamp: str | None = (await work.execute(query)).scalar_one_or_none()
    if stamp is None:
        return Held()
    kept = memory().held
    known = kept.get(work.project_id)
    if known is not None and known[0] == stamp:
        return known[1]
    return kept.put(work.project_id, (stamp, await _read(work)))[1]


async def _read(work: Work) -> Held:
    a, o = tables.assignments.c, tables.overrides.c
    query = select(tables.assignments).where(a.project_id == work.project_id, a.closed_at.is_(None))
    found = [assignment_of(row) for row in await work.execute(query.order_by(a.product_key))]
    holdings = [Holding(each, await version(work, each.version_id)) for each in found]
    exceptions = select(tables.overrides).where(o.project_id == work.project_id)
    overrides = [override_of(row) for row in await work.execute(exceptions)]
    return Held(holdings, {each.feature_key: each for each in overrides})


async def version(work: Work, version_id: str) -> Version:
    """Return what a published version gives."""
    kept = memory().versions
    known = kept.get(version_id)
    return known or kept.put(version_id, Version.of(await catalog.version_by_id(work, version_id)))


async def feature(work: Work, key: str) -> catalog.Feature:
    """Find a feature, an archived one too: who holds it keeps it. Raises FeatureNotFound."""
    kept = memory().features
    return kept.get(key) or kept.put(key, await catalog.find_feature(work, key))


async def meter(work: Work, key: str) -> metering.Meter:
    """Find the meter that counts a quota. Raises MeterNotFound."""
    kept = memory().meters
    return kept.get(key) or kept.put(key, await metering.find_meter(work, key))


def assignment_of(row: Any) -> Assignment:
    return Assignment(
        id=row.id,
        project_id=row.project_id,
        product_key=row.product_key,
        version_id=row.version_id,
        source=row.source,
        assigned_by=row.assigned_by,
        anchor_at=row.anchor_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        closed_at=row.closed_at,
    )


def override_of(row: Any) -> Override:
    return Override(
        feature_key=row.feature_key,
        mode=Mode(row.mode),
        most=row.most,
        per=QuotaWindow(row.per) if row.per else None,
        reason=row.reason,
        set_by=row.set_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
