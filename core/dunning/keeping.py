"""Runs, their steps and their log as they are kept: read, locked, and written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, or_, select, update

from core.campaigns import Campaign, Kind, Outcome, State, Step, Tone
from core.db.work import Work
from core.dunning import tables
from core.dunning.campaigns import read_terms
from core.dunning.errors import DunningRunNotFound

BY_MAX = 160
LOG_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is done about one invoice whose payment failed."""

    project_id: str
    id: str
    invoice_id: str
    subscription_id: str | None
    state: State
    outcome: Outcome | None
    campaign: Campaign
    failed_at: datetime
    ends_at: datetime
    reason: str | None
    method_id: str | None
    asked_at: datetime | None
    refused_method_id: str | None
    refused_at: datetime | None
    logged: int
    opened_at: datetime
    suspended_at: datetime | None
    closed_at: datetime | None


async def find(work: Work, run_id: str, *, lock: bool = False) -> Run:
    """Find a run of the unit's project. Raises DunningRunNotFound."""
    r = tables.runs.c
    query = select(tables.runs).where(r.project_id == work.project_id, r.id == run_id)
    row = (await work.execute(query.with_for_update() if lock else query)).mappings().first()
    if row is None:
        raise DunningRunNotFound(run_id)
    return _run(row)


async def of_invoice(work: Work, invoice_id: str, *, lock: bool = False) -> Run | None:
    """Return the latest run about an invoice of the unit's project, or None."""
    r = tables.runs.c
    query = (
        select(tables.runs)
        .where(r.project_id == work.project_id, r.invoice_id == invoice_id)
        .order_by(r.closed_at.is_not(None), r.id.desc())
        .limit(1)
    )
    row = (await work.execute(query.with_for_update() if lock else query)).mappings().first()
    return _run(row) if row else None


async def open_runs(work: Work) -> list[Run]:
    """Return the runs of the unit's project that are not over, the oldest first."""
    r = tables.runs.c
    query = (
        select(tables.runs)
        .where(r.project_id == work.project_id, r.closed_at.is_(None))
        .order_by(r.id)
    )
    return [_run(row) for row in (await work.execute(query)).mappings()]


async def list_before(work: Work, place: Any, limit: int, *, state: str | None) -> list[Run]:
    """Return runs, newest first: of this unit's project, or of all of them."""
    r = tables.runs.c
    query = select(tables.runs).order_by(r.project_id, r.id.desc()).limit(limit)
    if work.found_project_id:
        query = query.where(r.project_id == work.found_project_id)
    if state is not None:
        query = query.where(r.state == state)
    if place is not None:
        project_id, run_id = place
        here = and_(r.project_id == project_id, r.id < run_id)
        query = query.where(or_(r.project_id > project_id, here))
    return [_run(row) for row in (await work.execute(query)).mappings()]


async def change(work: Work, run: Run, **values: Any) -> None:
    r = tables.runs.c
    this = r.project_id == work.project_id, r.id == run.id
    await work.execute(update(tables.runs).where(*this).values(values))


async def write_steps(work: Work, run_id: str, steps: Sequence[Step]) -> None:
    rows = [
        {
            "project_id": work.project_id,
            "run_id": run_id,
            "number": each.number,
            "kind": str(each.kind),
            "tone": str(each.tone) if each.tone else None,
            "due_at": each.due_at,
        }
        for each in steps
    ]
    if rows:
        await work.execute(insert(tables.steps), rows)


async def steps_of(work: Work, *run_ids: str) -> dict[str, list[Step]]:
    """Return the steps of each of these runs, in order."""
    s = tables.steps.c
    query = (
        select(tables.steps)
        .where(s.project_id == work.project_id, s.run_id.in_(run_ids))
        .order_by(s.run_id, s.number)
    )
    found: dict[str, list[Step]] = {each: [] for each in run_ids}
    for row in await work.execute(query):
        found[row.run_id].append(
            Step(
                number=row.number,
                kind=Kind(row.kind),
                due_at=row.due_at,
                tone=Tone(row.tone) if row.tone else None,
                done_at=row.done_at,
                result=row.result,
            )
        )
    return found


async def finish(work: Work, run: Run, result: str, *steps: Step) -> None:
    """Mark these steps as done, or say why they are not."""
    s = tables.steps.c
    numbers = [each.number for each in steps]
    this = s.project_id == work.project_id, s.run_id == run.id, s.number.in_(numbers)
    change_ = update(tables.steps).where(*this, s.done_at.is_(None))
    await work.execute(change_.values(done_at=work.now, result=result))


async def put_off(work: Work, run: Run, step: Step, until: datetime) -> None:
    s = tables.steps.c
    this = s.project_id == work.project_id, s.run_id == run.id, s.number == step.number
    await work.execute(update(tables.steps).where(*this).values(due_at=until))


async def drop_rest(work: Work, run: Run) -> None:
    """Take none of the steps that are left."""
    s = tables.steps.c
    this = s.project_id == work.project_id, s.run_id == run.id, s.done_at.is_(None)
    await work.execute(update(tables.steps).where(*this).values(done_at=work.now, result="dropped"))


async def note(
    work: Work,
    run: Run,
    what: str,
    *,
    step: Step | None = None,
    attempt_id: str | None = None,
    **told: object,
) -> None:
    """Add a line to the run's log, which is only ever added to. Call with the run locked."""
    r = tables.runs.c
    this = r.project_id == work.project_id, r.id == run.id
    await work.execute(update(tables.runs).where(*this).values(logged=r.logged + 1))
    number = (await work.execute(select(r.logged).where(*this))).scalar_one()
    line = {
        "project_id": work.project_id,
        "run_id": run.id,
        "number": number,
        "at": work.now,
        "what": what,
        "step": step.number if step else None,
        "attempt_id": attempt_id,
        "done_by": work.caller.subject[:BY_MAX],
        "told": told,
    }
    await work.execute(insert(tables.log), line)


async def log_of(work: Work, run_id: str) -> list[Any]:
    """Return what was done in a run of the unit's project, in order."""
    g = tables.log.c
    query = (
        select(tables.log)
        .where(g.project_id == work.project_id, g.run_id == run_id)
        .order_by(g.number)
        .limit(LOG_MAX)
    )
    return list(await work.execute(query))


def _run(row: Any) -> Run:
    told = {name: row[name] for name in Run.__slots__ if name != "campaign"}
    told |= {"state": State(row["state"]), "outcome": row["outcome"] and Outcome(row["outcome"])}
    return Run(campaign=read_terms(row["campaign_key"], None, row["terms"]), **told)
