"""The unit of work: one database transaction, at one instant, for one caller.

`Work` records what it does beside doing it (`effects`), so that any write can be quoted: run it,
describe its effects, roll it back. Nothing outside is called while it is open; what must happen
after the commit, and may be lost if the process dies, is left with `after_commit`.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Engines
from core.db.later import Later
from core.db.times import OwnTime, Times
from core.db.together import Item, Out, Step, take
from core.kernel.caller import Caller
from core.kernel.clock import Clock
from core.kernel.ids import Ids

SECONDS_MAX = 30
"""No unit lives longer, so a lock is never held, nor a row in doubt, for longer than this."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing a unit did or will do: `posted txn_…`, `published usage.charged`."""

    verb: str
    object_id: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Work:
    """What a use-case is given instead of a session, a clock and a global.

    `now` does not move while the work lasts, so everything it writes happened at one instant. Of a
    project with a test clock it is that clock's instant. What is about security, order, or anybody
    outside goes by `real_now`: see `core.db.times`.
    """

    connection: AsyncConnection
    real_now: datetime
    ids: Ids
    caller: Caller
    digest_key: bytes
    found_project_id: str | None = None
    """The project that `perform` found for this call; read it as `project_id`."""
    invocation_id: str | None = None
    """The trail's row for this call, so that what was done can be led back to who asked."""
    is_shared: bool = False
    """Other calls are in the same unit of work: see `core.db.together`."""
    later: Later = field(default_factory=Later)
    """What a shared unit has written and not yet sent."""
    times: Times | None = None
    """Who keeps the test clocks. None where no project may have one."""
    own_times: Mapping[str, OwnTime] = field(default_factory=dict)
    """Of the projects with a test clock, as far as this unit knows them."""
    may_write: bool = True
    effects: list[Effect] = field(default_factory=list)
    _after_commit: list[Callable[[], None]] = field(default_factory=list)

    @property
    def project_id(self) -> str:
        """The project this call is about: every query of project data filters on it."""
        assert self.found_project_id, "this operation does not name a project"
        return self.found_project_id

    @property
    def now(self) -> datetime:
        """The instant at which all of this happens, for the project that it is about."""
        if self.own_times and (own := self.own_times.get(self.found_project_id or "")):
            return own.at
        return self.real_now

    @property
    def own_time(self) -> OwnTime | None:
        """What the test clock of the unit's project shows, if it has one."""
        return self.own_times.get(self.found_project_id or "") if self.own_times else None

    async def keep_time(self) -> None:
        """Make sure what time it is for the unit's project, and that it stays so until the end.

        For whoever binds a unit to a project. It costs nothing where that has no test clock.
        """
        if self.times is None or self.own_time is None:
            return
        exact = await self.times.exactly(self)
        others = {key: own for key, own in self.own_times.items() if key != self.project_id}
        self.own_times = others | ({self.project_id: exact} if exact else {})

    def swept(self, project_id: ColumnElement[str]) -> tuple[ColumnElement[bool], ...]:
        """Say whose rows a look at what is due takes, by the column of their project.

        The project's that the unit is about; or, where it spans projects, those of all that have no
        test clock: theirs fall due by that, one project at a time.
        """
        if self.found_project_id:
            return (project_id == self.found_project_id,)
        return (project_id.not_in(sorted(self.own_times)),) if self.own_times else ()

    def within(self, project_id: str) -> "Work":
        """Return this same unit, about this project: for a call that makes or finds its own."""
        return replace(self, found_project_id=project_id)

    def shared_by(self, caller: Caller, invocation_id: str) -> "Work":
        """Return one call's part of this unit, which it shares with others."""
        return replace(self, caller=caller, invocation_id=invocation_id, is_shared=True, effects=[])

    def part_of(self, project_id: str) -> "Work":
        """Return the part of one project among many that go through this unit together."""
        return replace(self, found_project_id=project_id, is_shared=True, effects=[])

    async def together(self, step: Step[Item, Out], item: Item) -> Out:
        """Take a step once for every call of a shared unit, and get this call's own result."""
        return await take(step, self, item)

    async def leave(self, step: Step[Item, Any], item: Item) -> None:
        """Have a step taken that only writes, without waiting until the others have come to it.

        For what cannot be refused, and what nobody in the unit reads. Alone, it is done at once.
        """
        if self.is_shared:
            self.later.leave(self, step, item)
        else:
            await step.run([(self, item)])

    async def execute(
        self,
        statement: Executable,
        rows: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        await self.send_written()
        return await self.connection.execute(statement, rows)

    async def send_written(self) -> None:
        """Send what was kept back, because somebody reads or the unit ends: see `core.db.later`."""
        if self.later.writes or self.later.left:
            await self.later.send(self)

    def record(self, verb: str, object_id: str, **details: Any) -> None:
        self.effects.append(Effect(verb, object_id, details))

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do this once the unit is committed: a wake-up, an entry to forget. It may be lost."""
        self._after_commit.append(action)

    def committed(self) -> None:
        """Do what was left for after the commit. For `Database.begin` alone to call."""
        for action in self._after_commit:
            action()

    def digest(self, *values: str | int | None) -> bytes:
        """Sixteen bytes that only a holder of the installation's key can make for these values.

        Stored beside a protected row, they show a byte that was changed behind our back.
        """
        packed = orjson.dumps(values)
        return hashlib.blake2b(packed, digest_size=16, key=self.digest_key).digest()


_PLAIN = frozenset({str, int, type(None)})


def canonical(value: Any) -> str | int | None:
    """Write any column's value as one text or number, the same before and after the database."""
    if type(value) in _PLAIN or isinstance(value, str | int):
        plain: str | int | None = value
        return plain
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes):
        return value.hex()
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


@dataclass(frozen=True, slots=True)
class Database:
    engines: Engines
    clock: Clock
    ids: Ids
    digest_key: bytes
    times: Times | None = None
    """Who keeps the test clocks of projects, in an installation that may have some."""

    @asynccontextmanager
    async def begin(self, caller: Caller) -> AsyncIterator[Work]:
        """Commit on the way out, roll back on any exception. Nothing else in the code commits."""
        async with asyncio.timeout(SECONDS_MAX):
            async with self.engines.writer.begin() as connection:
                work = await self._work(connection, caller)
                yield work
                await work.send_written()
        work.committed()

    @asynccontextmanager
    async def read(self, caller: Caller, *, seconds: float = SECONDS_MAX) -> AsyncIterator[Work]:
        """Read one consistent state without waiting for writers. Writing is an error."""
        async with asyncio.timeout(seconds), self.engines.reader.connect() as opened:
            connection = await opened.execution_options(**self.engines.read_options)
            async with connection.begin():
                yield await self._work(connection, caller, may_write=False)

    async def _work(
        self, connection: AsyncConnection, caller: Caller, *, may_write: bool = True
    ) -> Work:
        work = Work(connection, self.clock.now(), self.ids, caller, self.digest_key)
        work.may_write = may_write
        if self.times is not None:
            work.times, work.own_times = self.times, await self.times.known(connection)
        return work
