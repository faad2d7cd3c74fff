"""Choose the real things and wire them together. The only module that knows all of them.

`opened()` gives one process its installation: keys, database, limits, the trail, the gate, and the
operations of the engine and of `auth`. What serves it is made in `serving`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from auth.identity import Identity
from auth.jobs import SCHEDULES as AUTH_SCHEDULES
from auth.operations import OPERATIONS as AUTH_OPERATIONS
from core import (
    clocks,
    exporting,
    inbox,
    jobs,
    payments,
    printing,
    projects,
    revenue,
    shelving,
    surface,
    topups,
)
from core.audit import Trail
from core.checkouts import ReturnPages
from core.db.engine import Engines, open_engines
from core.db.work import Database
from core.jobs import Runtime, Schedule
from core.kernel.caller import PlatformRole
from core.kernel.clock import Clock, SystemClock
from core.kernel.ids import Ulids
from core.kernel.proving import Proof
from core.operations.cache import Cache, MemoryCache
from core.operations.gathering import finish_begun
from core.operations.given import Given
from core.operations.limits import MemoryLimiter, Rate, RateLimiter
from core.operations.operation import Operation, RateClass
from mcp_server.adapters.redis_cache import RedisCache
from mcp_server.adapters.redis_connection import RedisConnection
from mcp_server.adapters.redis_limits import RedisLimiter
from mcp_server.adapters.typst_pdf import TypstRenderer
from mcp_server.http.metrics import MeasuredGate, Metrics
from mcp_server.http.readings import money, readings
from mcp_server.paying import Paying, open_paying
from mcp_server.sandbox import MayControl
from mcp_server.secrets import InstallationKeys, load_keys
from mcp_server.settings import Settings, WrongSetting, load_settings

OPERATIONS: tuple[Operation[Any, Any], ...] = (*surface.OPERATIONS, *AUTH_OPERATIONS)
SCHEDULES: tuple[Schedule, ...] = (*surface.SCHEDULES, *AUTH_SCHEDULES)
JOBS = {each.name: each for each in (*surface.JOBS, *(each.job for each in AUTH_SCHEDULES))}

PROVING_POOL = 1
LIFETIMES = {"summarize_usage": 60.0}
"""Seconds that a remembered answer of each kind lives: how long a new time zone may go unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Everything one process has. It holds no state that another process would need."""

    settings: Settings
    keys: InstallationKeys
    clock: Clock
    engines: Engines
    probes: Engines
    """A pool of its own for readiness: being busy is no reason to be taken out of service."""
    database: Database
    redis: RedisConnection | None
    limiter: RateLimiter
    trail: Trail
    metrics: Metrics
    paying: Paying
    runtime: Runtime
    """The jobs, and the ports they may use: for workers, and for calls that wait for a job."""
    gate: MeasuredGate
    operations: Mapping[str, Operation[Any, Any]]

    async def prove(self) -> Proof:
        """Prove the books over a connection of its own, which may take as long as it needs."""
        engines = open_engines(
            self.settings.database_direct_url or self.settings.database_url,
            pool_size=PROVING_POOL,
            statement_seconds=surface.SECONDS_MAX,
            reads_whole_tables=True,
        )
        database = Database(engines, self.clock, self.database.ids, self.keys.digest)
        try:
            return await surface.prove(database)
        finally:
            await engines.dispose()


@asynccontextmanager
async def opened(
    settings: Settings | None = None, clock: Clock | None = None
) -> AsyncIterator[Installation]:
    """Open the installation, and close every connection afterwards."""
    installation = _wire(settings or load_settings(), clock or SystemClock())
    try:
        yield installation
    finally:
        await finish_begun()
        await jobs.finish_hastened()
        await installation.trail.write_floods()
        await installation.paying.close()
        if installation.redis:
            await installation.redis.close()
        await installation.probes.dispose()
        await installation.engines.dispose()


def _wire(settings: Settings, clock: Clock) -> Installation:
    keys = _keys(settings)
    engines = open_engines(
        settings.database_url,
        pool_size=settings.database_pool_size,
        pool_timeout=settings.database_pool_timeout,
        behind_pooler=settings.database_behind_pooler,
    )
    times = clocks.Keeper() if settings.is_test else None
    database = Database(engines, clock, Ulids(clock), keys.digest, times)
    redis_url = settings.redis_url.get_secret_value()
    redis = RedisConnection(redis_url) if redis_url else None
    memory = MemoryLimiter(clock)
    limiter: RateLimiter = RedisLimiter(redis, memory) if redis else memory
    cache: Cache = RedisCache(redis, LIFETIMES) if redis else MemoryCache(clock, LIFETIMES)
    trail, metrics = Trail(database), Metrics(readings(engines, database), [money(database)])
    paying = open_paying(settings, keys, clock, _may_control(database))
    pages = ReturnPages(settings.public_url, settings.allowed_origins)
    ports = {
        "gateway": paying.gateway,
        inbox.HANDLERS: surface.HANDLERS,
        topups.PAGES: pages,
        shelving.EVENT_NAMES: exporting.event_names,
        printing.PRINTER: TypstRenderer(),
        clocks.FALLING_DUE: surface.FALLING_DUE,
        clocks.CONSUMERS: surface.SUBSCRIPTIONS,
    }
    runtime = Runtime(database, JOBS, ports)
    return Installation(
        settings=settings,
        keys=keys,
        clock=clock,
        engines=engines,
        probes=open_engines(
            settings.database_url,
            pool_size=1,
            pool_timeout=1,
            behind_pooler=settings.database_behind_pooler,
        ),
        database=database,
        redis=redis,
        limiter=limiter,
        trail=trail,
        metrics=metrics,
        paying=paying,
        runtime=runtime,
        gate=MeasuredGate(
            database,
            trail,
            limiter,
            rates(settings),
            projects.find_project,
            metrics,
            cache=cache,
            hasten=partial(jobs.run_now, runtime),
            given=_given(settings, paying, pages),
        ),
        operations={each.name: each for each in OPERATIONS},
    )


def _given(settings: Settings, paying: Paying, pages: ReturnPages) -> Given:
    """Return what operations may know of this installation."""
    return {
        **({clocks.InTestMode: clocks.InTestMode()} if settings.is_test else {}),
        **surface.knowledge(),
        payments.Limits: paying.gateway.limits,
        ReturnPages: pages,
        revenue.ReportingZone: revenue.ReportingZone(ZoneInfo(settings.reporting_time_zone)),
        printing.Printer: printing.Printer(TypstRenderer()),
    }


def _may_control(database: Database) -> MayControl:
    """Let operators, and nobody else, decide what the stand-in for Stripe does next."""

    async def may(http: Request) -> bool:
        caller = await Identity(database).person(http.cookies)
        return caller.platform_role is PlatformRole.OPERATOR

    return may


def _keys(settings: Settings) -> InstallationKeys:
    try:
        return load_keys(settings.secrets_dir)
    except (OSError, ValueError) as error:
        raise WrongSetting("BURSAR_SECRETS_DIR", str(error)) from error


def rates(settings: Settings) -> dict[RateClass, Rate]:
    """Return how often one caller may call one operation, by its class."""
    minute = 60
    return {
        RateClass.READ: Rate(settings.rate_read, minute),
        RateClass.WRITE: Rate(settings.rate_write, minute),
        RateClass.USAGE: Rate(settings.rate_usage, minute),
        RateClass.SENSITIVE: Rate(settings.rate_sensitive, minute),
        RateClass.STRICT: Rate(settings.rate_strict, minute),
    }
