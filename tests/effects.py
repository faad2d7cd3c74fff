"""Effects that tests can count: a mark is there if and only if the unit that left it committed."""

from sqlalchemy import select

from core import audit
from core.audit import tables
from core.db.work import Work
from core.kernel.caller import SYSTEM
from tests.world import World

MARKED = "test.marked"


async def leave_mark(work: Work, mark: str) -> None:
    await audit.record(work, MARKED, mark)


async def marks(world: World) -> list[str]:
    """Return every mark that was left, in order."""
    async with world.database.read(SYSTEM) as work:
        e = tables.events.c
        query = select(e.object_id).where(e.action == MARKED).order_by(e.id)
        return [row.object_id for row in await work.execute(query)]
