"""Make an exception for one project and one feature, and take it back."""

from sqlalchemy import delete

from core.db.upsert import upsert
from core.db.work import Work
from core.entitlements import events, resolving, standing, tables
from core.entitlements.errors import OverrideNotFound
from core.entitlements.model import Override
from core.kernel.quantity import as_text


async def override(work: Work, wanted: Override) -> None:
    """Have this hold for this unit's project, instead of an override that there may be."""
    await standing.lock(work)
    row = {name: getattr(wanted, name) for name in wanted.__slots__}
    words = {"mode": wanted.mode.value, "per": wanted.per.value if wanted.per else None}
    row |= words | {"project_id": work.project_id}
    await upsert(work, tables.overrides, row, key=["project_id", "feature_key"])
    await _changed(work, wanted, events.OVERRIDDEN)


async def remove(work: Work, feature_key: str) -> None:
    """Take the override back, so that what the plan says counts. Raises OverrideNotFound."""
    await standing.lock(work)
    held = await resolving.held_by(work)
    known = (held.overrides or {}).get(feature_key)
    if known is None:
        raise OverrideNotFound(feature_key)
    o = tables.overrides.c
    this = o.project_id == work.project_id, o.feature_key == feature_key
    await work.execute(delete(tables.overrides).where(*this))
    await _changed(work, known, events.OVERRIDE_REMOVED)


async def _changed(work: Work, told: Override, happened: str) -> None:
    await standing.changed(work, [work.project_id])
    work.record("overridden", told.feature_key)
    expires_at = told.expires_at
    facts = {
        "feature_key": told.feature_key,
        "mode": told.mode.value,
        "limit": as_text(told.most) if told.most is not None else None,
        "per": told.per.value if told.per else None,
        "reason": told.reason,
        "expires_at": expires_at.isoformat() if expires_at else None,
    }
    await events.tell(work, happened, told.feature_key, facts)
