"""Have the provider told of a plan: of what is sold of it now, and of what is not any more.

Nobody calls outside here. What is wanted is written down under a revision, with a job that does it;
a later revision takes its place.
"""

from sqlalchemy import update

from core import catalog, jobs
from core.catalog import Plan
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.jobs import Errand
from core.shelving import finding, tables
from core.shelving.model import ShelfState
from core.shelving.syncing import errand_of


async def ask(work: Work, plan: Plan) -> Errand | None:
    """Have the provider told how the plan is sold now. None where it was never published."""
    row = _first(work, plan)
    known = await finding.shelf_of(work, plan.id, lock=True)
    if known is None:
        if not await catalog.versions(work, plan, limit=1):
            return None
        if not await insert_if_absent(work, tables.shelves, row):
            known = await finding.shelf_of(work, plan.id, lock=True)
    revision = known.revision + 1 if known else 1
    if known:
        s = tables.shelves.c
        waiting = {"state": str(ShelfState.WAITING), "code": None, "reason": None}
        values = {**waiting, "revision": revision, "name": plan.name}
        await work.execute(update(tables.shelves).where(s.plan_id == plan.id).values(values))
    errand = errand_of(plan.id, revision)
    platform = work.within(errand.project_id)
    await jobs.enqueue(platform, errand.job, key=errand.key, **errand.arguments)
    return errand


def _first(work: Work, plan: Plan) -> dict[str, object]:
    return {
        "plan_id": plan.id,
        "plan_key": plan.key,
        "revision": 1,
        "attempt": 0,
        "name": plan.name,
        "state": str(ShelfState.WAITING),
        "synced_revision": 0,
        "created_at": work.now,
    }
