"""Give a project a version of a plan, and take it back. One at most for each product line.

What a subscription holds only that subscription changes; what staff assigned gives way to it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from sqlalchemy import insert, select, update

from core.catalog import PlanVersion
from core.db.work import Work
from core.entitlements import events, resolving, standing, tables
from core.entitlements.errors import PlanHeldBySubscription, PlanNotHeld
from core.entitlements.model import OPERATOR, Assignment, Version
from core.operations.errors import invalid

WITHDRAWN: Literal["withdrawn"] = "withdrawn"
REPLACED, MIGRATED = "replaced", "migrated"


async def assign(
    work: Work,
    project_id: str,
    version: PlanVersion,
    *,
    source: str,
    anchor_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Assignment:
    """Have the project hold this published version from now on, instead of another of its line.

    `anchor_at` is where billing periods are counted from: when left out, from where those of the
    version before were, or from now. To assign what is held already changes nothing. Raises
    PlanHeldBySubscription where another than `source` holds the line, unless staff assigned it.
    """
    assert version.published_at, "a draft is held by nobody"
    if ends_at is not None and ends_at <= work.now:
        raise invalid("ends_at", "must lie in the future")
    here = work.within(project_id)
    await standing.lock(here)
    before = await open_one(here, version.product_key)
    active = before if before and before.is_active_at(work.now) else None
    if active and active.source not in {source, OPERATOR}:
        raise PlanHeldBySubscription(version.product_key, active.source)
    made = Assignment(
        id=work.ids.new("asg"),
        project_id=project_id,
        product_key=version.product_key,
        version_id=version.id,
        source=source,
        assigned_by=work.caller.subject[:160],
        anchor_at=anchor_at or (active.anchor_at if active else work.now),
        starts_at=work.now,
        ends_at=ends_at,
    )
    if active and _says_the_same(active, made):
        return active
    if before:
        await _close(here, before, REPLACED)
    await work.execute(insert(tables.assignments), row_of(made))
    await standing.changed(here, [project_id])
    work.record("assigned", made.id)
    told = Version.of(version)
    instead = active.version_id if active else None
    await events.tell_assigned(here, made, told, instead_of=instead)
    return made


def _says_the_same(one: Assignment, other: Assignment) -> bool:
    """Tell whether nothing would change, whoever asks for it and when."""
    asked = replace(other, id=one.id, assigned_by=one.assigned_by, starts_at=one.starts_at)
    return asked == one


async def withdraw(work: Work, project_id: str, product_key: str, *, source: str) -> Assignment:
    """Take the plan of this product line from the project, now.

    Raises PlanNotHeld where there is none, and PlanHeldBySubscription where another than `source`
    holds it.
    """
    here = work.within(project_id)
    await standing.lock(here)
    held = await open_one(here, product_key)
    if held is None or not held.is_active_at(work.now):
        raise PlanNotHeld(product_key)
    if held.source != source:
        raise PlanHeldBySubscription(product_key, held.source)
    await _close(here, held, WITHDRAWN)
    await standing.changed(here, [project_id])
    work.record("withdrawn", held.id)
    version = await resolving.version(here, held.version_id)
    await events.tell(here, events.WITHDRAWN, held.id, events.facts_of(held, version))
    return replace(held, closed_at=work.now)


async def open_one(work: Work, product_key: str) -> Assignment | None:
    """Return what was assigned last of the product line and not closed; it may have ended."""
    a = tables.assignments.c
    query = select(tables.assignments).where(
        a.project_id == work.project_id, a.product_key == product_key, a.closed_at.is_(None)
    )
    row = (await work.execute(query)).first()
    return resolving.assignment_of(row) if row else None


async def _close(work: Work, held: Assignment, why: str) -> None:
    a = tables.assignments.c
    this = update(tables.assignments).where(
        a.project_id == work.project_id, a.id == held.id, a.closed_at.is_(None)
    )
    closed = await work.execute(this.values(closed_at=work.now, closed_for=why))
    assert closed.rowcount == 1, "the project is locked"


def row_of(assignment: Assignment) -> dict[str, object]:
    """Write an open assignment as its row."""
    row = {name: getattr(assignment, name) for name in assignment.__slots__}
    return {name: value for name, value in row.items() if name != "closed_at"}
