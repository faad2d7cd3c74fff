"""The rows of reconciliations: what was compared, when, and every difference that was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update

from core.db.work import Work
from core.reconciling.errors import ReconciliationNotFound
from core.reconciling.tables import differences, reconciliations


class Kind(StrEnum):
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    STATUS = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing on which our books and the provider's lists do not agree."""

    kind: Kind
    object: str
    about_project_id: str | None = None
    our_id: str | None = None
    external_id: str | None = None
    ours: str | None = None
    theirs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    id: str
    state: str
    start_at: datetime
    end_at: datetime
    counts: Mapping[str, int]
    differences: int
    error: str | None
    asked_by: str
    created_at: datetime
    finished_at: datetime | None


async def open_report(work: Work, start_at: datetime, end_at: datetime) -> Reconciliation:
    """Write down that a window is about to be compared."""
    row = {
        "id": work.ids.new("rcn"),
        "state": "running",
        "start_at": start_at,
        "end_at": end_at,
        "counts": {},
        "differences": 0,
        "asked_by": work.caller.subject[:160],
        "created_at": work.now,
    }
    await work.execute(insert(reconciliations), row)
    return await find_report(work, str(row["id"]))


async def close_report(
    work: Work, report_id: str, found: Sequence[Difference], counts: Mapping[str, int]
) -> None:
    """Keep what came of it. One that was closed before is left as it is."""
    state = "different" if found else "clean"
    values = {"counts": dict(counts), "differences": len(found), "state": state}
    if not await _finish(work, report_id, values):
        return
    rows = [
        {
            "reconciliation_id": report_id,
            "number": number,
            "kind": str(each.kind),
            "object": each.object,
            "about_project_id": each.about_project_id,
            "our_id": each.our_id,
            "external_id": each.external_id,
            "ours": each.ours and each.ours[:255],
            "theirs": each.theirs and each.theirs[:255],
        }
        for number, each in enumerate(found, 1)
    ]
    if rows:
        await work.execute(insert(differences), rows)


async def fail_report(work: Work, report_id: str, error: str) -> None:
    """Keep that it was given up, and why."""
    await _finish(work, report_id, {"state": "failed", "error": error[:500]})


async def _finish(work: Work, report_id: str, values: Mapping[str, Any]) -> bool:
    r = reconciliations.c
    this = update(reconciliations).where(r.id == report_id, r.finished_at.is_(None))
    return (await work.execute(this.values(**values, finished_at=work.now))).rowcount == 1


async def find_report(work: Work, report_id: str) -> Reconciliation:
    """Find one. Raises ReconciliationNotFound."""
    query = select(reconciliations).where(reconciliations.c.id == report_id)
    row = (await work.execute(query)).mappings().first()
    if row is None:
        raise ReconciliationNotFound(report_id)
    return Reconciliation(**row)


async def list_reports(work: Work, before: str | None, limit: int) -> list[Reconciliation]:
    """Return reconciliations, the latest first."""
    r = reconciliations.c
    query = select(reconciliations).order_by(r.id.desc()).limit(limit)
    if before is not None:
        query = query.where(r.id < before)
    return [Reconciliation(**row) for row in (await work.execute(query)).mappings()]


async def list_differences(work: Work, report_id: str, after: int, limit: int) -> list[Any]:
    """Return the differences that one reconciliation found, in the order it found them."""
    d = differences.c
    query = (
        select(differences)
        .where(d.reconciliation_id == report_id, d.number > after)
        .order_by(d.number)
        .limit(limit)
    )
    return list((await work.execute(query)).all())
