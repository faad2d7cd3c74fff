"""One row for each project that was given something: the lock of its changes, and their stamp."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update

from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.entitlements import tables


async def lock(work: Work) -> None:
    """Let nobody else change what this unit's project was given until the unit ends."""
    row = {"project_id": work.project_id, "stamp": work.ids.new("ens")}
    await insert_if_absent(work, tables.standings, row)
    await lock_all(work, [work.project_id])


async def lock_all(work: Work, project_ids: Sequence[str]) -> None:
    """Lock several projects, whose rows are there, in one order, so that no two units ring."""
    s = tables.standings.c
    query = select(s.project_id).where(s.project_id.in_(project_ids)).order_by(s.project_id)
    await work.execute(query.with_for_update())


async def changed(work: Work, project_ids: Sequence[str]) -> None:
    """Put new stamps to what these projects were given: what was remembered of it is over.

    An identifier, and not a number that counts: if this unit is rolled back, the next one must not
    get a stamp under which somebody may have read what never came to be.
    """
    s = tables.standings.c
    new = update(tables.standings).where(s.project_id == bindparam("this_project"))
    rows = [{"this_project": each, "new_stamp": work.ids.new("ens")} for each in project_ids]
    await work.execute(new.values(stamp=bindparam("new_stamp")), rows)
