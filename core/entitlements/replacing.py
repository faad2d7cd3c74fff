"""Have many projects hold another version at once: those that hold one by an old assignment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update

from core import messaging
from core.db.work import Work
from core.entitlements import events, resolving, standing, tables
from core.entitlements.holders import holds_now
from core.entitlements.holding import MIGRATED
from core.entitlements.model import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From which version to which, in whose name, and which assignments are old enough."""

    migration_id: str
    from_version_id: str
    to_version_id: str
    before_id: str
    """Assignments that were made later are a choice of their own."""
    moved_by: str

    @property
    def chosen(self) -> list[ColumnElement[bool]]:
        a = tables.assignments.c
        return [a.version_id == self.from_version_id, a.id < self.before_id]


async def count(work: Work, move: Move) -> int:
    """Count the projects that are to be moved."""
    query = select(func.count()).select_from(tables.assignments)
    rows = await work.execute(query.where(*move.chosen, *holds_now(work)))
    return int(rows.scalar_one())


async def next_projects(work: Work, move: Move, after: str | None, limit: int) -> list[str]:
    """Return the projects that are to be moved, by their ids, after this one."""
    a = tables.assignments.c
    query = select(a.project_id).where(*move.chosen, *holds_now(work))
    if after is not None:
        query = query.where(a.project_id > after)
    rows = await work.execute(query.order_by(a.project_id).limit(limit))
    return [row.project_id for row in rows]


async def move_all(work: Work, move: Move, project_ids: Sequence[str]) -> int:
    """Move those of these projects that are still to be moved, and return how many were."""
    await standing.lock_all(work, project_ids)
    a = tables.assignments.c
    # Read under the locks: who changed before we had them chose, and is left alone.
    still = [a.project_id.in_(project_ids), *move.chosen, *holds_now(work)]
    rows = await work.execute(select(tables.assignments).where(*still))
    held = [resolving.assignment_of(row) for row in rows]
    if not held:
        return 0
    closing = update(tables.assignments).where(*still)
    closed = await work.execute(closing.values(closed_at=work.now, closed_for=MIGRATED))
    assert closed.rowcount == len(held), "the projects are locked"
    made = [_row(work, move, each) for each in held]
    await work.execute(insert(tables.assignments), made)
    await standing.changed(work, [each.project_id for each in held])
    start = await resolving.version(work, move.from_version_id)
    goal = await resolving.version(work, move.to_version_id)
    told = {"migration_id": move.migration_id, "from": start.named, "to": goal.named}
    await messaging.publish_many(
        [
            (work.within(each.project_id), events.MOVED, row["id"], told | {"source": each.source})
            for each, row in zip(held, made, strict=True)
        ]
    )
    return len(held)


def _row(work: Work, move: Move, before: Assignment) -> dict[str, Any]:
    """Say the same of the new version as of the one before: from whom, since when counted."""
    return {
        "project_id": before.project_id,
        "id": work.ids.new("asg"),
        "product_key": before.product_key,
        "version_id": move.to_version_id,
        "source": before.source,
        "assigned_by": move.moved_by,
        "anchor_at": before.anchor_at,
        "starts_at": work.now,
        "ends_at": before.ends_at,
        "migration_id": move.migration_id,
    }
