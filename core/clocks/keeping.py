"""The rows of test clocks, and what each process has in mind of them.

A call must know what time it is before anything else, and nearly no project has a clock. So a
process keeps in mind which projects do, and looks again once a second: that one small look is all
that a project without a clock ever costs. For a project with one the row is read in each unit, and
locked by a unit that writes, so that the clock stands still until that is committed. Whoever
advances a clock says so first, and waits until every process has looked.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from math import inf
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clocks.errors import ClockExists, ClockNotFound, TooManyClocks
from core.clocks.model import CLOCKS_MAX, Clock
from core.clocks.tables import clocks
from core.db.times import OwnTime
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.clock import stopwatch

FRESH_SECONDS = 1.0
SETTLE_SECONDS = 2.0
"""After so long every process knows what was written about clocks."""

_SHOWN = clocks.c.project_id, clocks.c.shows_at, clocks.c.goal_at
_NAMES = tuple(each.name for each in fields(Clock))


class Keeper:
    """Keeps in mind, for one process, which projects have test clocks and what they show."""

    def __init__(
        self, *, fresh_seconds: float = FRESH_SECONDS, settle_seconds: float = SETTLE_SECONDS
    ) -> None:
        self.settle_seconds = settle_seconds
        self._fresh_seconds = fresh_seconds
        self._known: Mapping[str, OwnTime] = {}
        self._fresh_until = -inf
        self._forgotten = 0

    async def known(self, connection: AsyncConnection) -> Mapping[str, OwnTime]:
        """Return the clocks there are, by project; at most a second old unless one is moving."""
        if stopwatch() < self._fresh_until:
            return self._known
        asked = self._forgotten
        found = {row.project_id: _own(row) for row in await connection.execute(select(*_SHOWN))}
        # What was looked up before somebody changed it is good for this unit, and for no other.
        if asked == self._forgotten:
            moves = any(each.is_moving for each in found.values())
            self._known = found
            self._fresh_until = -inf if moves else stopwatch() + self._fresh_seconds
        return found

    async def exactly(self, work: Work) -> OwnTime | None:
        """Read the clock of the unit's project. In a unit that writes it then stands still."""
        query = select(*_SHOWN).where(clocks.c.project_id == work.project_id)
        query = query.with_for_update(read=True) if work.may_write else query
        row = (await work.execute(query)).first()
        return _own(row) if row else None

    def forget(self) -> None:
        """Look again the next time: something was changed."""
        self._fresh_until = -inf
        self._forgotten += 1


def _own(row: Any) -> OwnTime:
    return OwnTime(row.shows_at, row.goal_at is not None)


async def find(work: Work, *, lock: bool = False) -> Clock:
    """Return the clock of the unit's project; locked, nobody uses it meanwhile."""
    query = select(clocks).where(clocks.c.project_id == work.project_id)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise ClockNotFound(work.project_id)
    return Clock(**{name: getattr(row, name) for name in _NAMES})


async def create(work: Work, shows_at: datetime) -> Clock:
    """Give the unit's project a clock."""
    if (await work.execute(select(func.count()).select_from(clocks))).scalar_one() >= CLOCKS_MAX:
        raise TooManyClocks(CLOCKS_MAX)
    clock = Clock(
        project_id=work.project_id,
        shows_at=shows_at,
        goal_at=None,
        advance_id=None,
        steps=0,
        stopped_because=None,
        created_at=work.real_now,
        changed_at=work.real_now,
    )
    if not await insert_if_absent(work, clocks, {n: getattr(clock, n) for n in _NAMES}):
        raise ClockExists(work.project_id)
    _forget(work)
    return clock


def show(work: Work, at: datetime) -> None:
    """Have the unit go by this instant from here on, until it is written."""
    work.own_times = {**work.own_times, work.project_id: OwnTime(at, is_moving=True)}


async def change(work: Work, **values: Any) -> None:
    """Change the clock of the unit's project, whose row is locked; the unit goes by it at once."""
    this = update(clocks).where(clocks.c.project_id == work.project_id)
    await work.execute(this.values(values | {"changed_at": work.real_now}))
    if shows_at := values.get("shows_at"):
        show(work, shows_at)
    _forget(work)


async def remove(work: Work) -> None:
    await work.execute(delete(clocks).where(clocks.c.project_id == work.project_id))
    _forget(work)


def _forget(work: Work) -> None:
    if work.times is not None:
        work.after_commit(work.times.forget)
