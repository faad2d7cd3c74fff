"""A small world to test in: one database, a clock that waits, identifiers that count."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf

from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import Trail
from core.clocks import InTestMode, Keeper
from core.db.engine import Engines, open_engines
from core.db.work import Database
from core.kernel.caller import Caller, CallerKind, PlatformRole, Role
from core.kernel.ids import compose
from core.operations.cache import MemoryCache
from core.operations.gathering import finish_begun
from core.operations.limits import MemoryLimiter, Rate
from core.operations.operation import RateClass
from core.operations.perform import FindProject, Gate
from core.operations.scopes import SCOPES
from core.printing import Printer
from core.surface import knowledge
from tests.fakes.renderer import FakeRenderer

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
DIGEST_KEY = b"a key for tests, thirty-two long"
RATES = dict.fromkeys(RateClass, Rate(calls=100_000, seconds=60))
LIFETIMES: defaultdict[str, float] = defaultdict(lambda: 60.0)
"""Of whatever is remembered: a minute."""

PROJECT = compose("prj", 1)
"""The project of callers made by `agent` unless they name another one."""


@dataclass
class FrozenClock:
    instant: datetime = START

    def now(self) -> datetime:
        return self.instant

    def advance(self, by: timedelta | None = None, **parts: float) -> None:
        self.instant += by or timedelta(**parts)


@dataclass
class CountingIds:
    """Identifiers that count, time-ordered as real ones are: `number("txn", 1)` is the first."""

    clock: FrozenClock
    last: Counter[str] = field(default_factory=Counter)

    def new(self, prefix: str) -> str:
        self.last[prefix] += 1
        milliseconds = int(self.clock.now().timestamp() * 1000)
        return compose(prefix, milliseconds << 80 | self.last[prefix])


OPERATOR = Caller(
    kind=CallerKind.SERVICE,
    subject="key:operator",
    platform_role=PlatformRole.OPERATOR,
    scopes=frozenset(SCOPES),
    label="operator's backend",
)
AUDITOR = Caller(
    kind=CallerKind.USER,
    subject="usr:auditor",
    platform_role=PlatformRole.AUDITOR,
    user_id=compose("usr", 9),
    scopes=frozenset(SCOPES),
)


def agent(role: Role = Role.MEMBER, project_id: str = PROJECT, *, number: int = 1) -> Caller:
    """An agent that acts for a person with this role in this project."""
    return Caller(
        kind=CallerKind.AGENT,
        subject=f"agt:{role}:{number}:{project_id[-6:]}",
        project_id=project_id,
        role=role,
        user_id=compose("usr", number),
        client_id=f"cli_{number}",
        scopes=frozenset(SCOPES),
        label="test agent",
    )


@dataclass
class World:
    """One database and everything that stands on it. Close it when the test is done."""

    url: str
    engines: Engines
    clock: FrozenClock
    database: Database
    trail: Trail
    gate: Gate
    owner_url: str = ""
    """On Postgres the role that runs is not the one that owns the tables."""

    @classmethod
    def open(
        cls, url: str, find_project: FindProject, *, pool_size: int = 12, owner_url: str = ""
    ) -> "World":
        clock = FrozenClock()
        engines = open_engines(url, pool_size=pool_size)
        # Nobody else works on this database, so that only what is changed here need be looked for.
        times = Keeper(fresh_seconds=inf, settle_seconds=0)
        database = Database(engines, clock, CountingIds(clock), DIGEST_KEY, times)
        trail = Trail(database)
        cache = MemoryCache(clock, LIFETIMES)
        limiter = MemoryLimiter(clock)
        known = {**knowledge(), Printer: Printer(FakeRenderer()), InTestMode: InTestMode()}
        gate = Gate(database, trail, limiter, RATES, find_project, cache=cache, given=known)
        return cls(url, engines, clock, database, trail, gate, owner_url)

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[AsyncConnection]:
        """Connect as whoever owns the tables, and so can take their guards away."""
        engines = open_engines(self.owner_url or self.url, pool_size=1)
        try:
            async with engines.writer.begin() as connection:
                yield connection
        finally:
            await engines.dispose()

    async def close(self) -> None:
        await finish_begun()
        await self.engines.dispose()
