"""What is measured by looking, each time somebody scrapes: how full and how far behind we are."""

from typing import Any

from core import inbox, messaging, revenue
from core.db.engine import Engines
from core.db.work import Database
from core.kernel.caller import SYSTEM
from mcp_server.http.metrics import Reading
from mcp_server.http.panels import Figures, Panel


def readings(engines: Engines, database: Database) -> dict[str, tuple[str, Reading]]:
    """Make the gauges of one process: name to (help, how to ask)."""

    async def waiting() -> float:
        return (await _backlog(database)).waiting

    async def lag() -> float:
        found = await _backlog(database)
        if found.oldest_at is None:
            return 0
        return (database.clock.now() - found.oldest_at).total_seconds()

    async def writing() -> float:
        return _in_use(engines.writer)

    async def reading() -> float:
        return _in_use(engines.reader)

    async def unhandled() -> float:
        return (await _inbox(database)).waiting

    async def parked() -> float:
        return (await _inbox(database)).parked

    return {
        "bursar_inbox_waiting": ("Events of Stripe's that are not handled yet.", unhandled),
        "bursar_inbox_parked": ("Events of Stripe's that were given up.", parked),
        "bursar_outbox_waiting": ("Domain events that are not told yet.", waiting),
        "bursar_outbox_lag_seconds": ("Age of the oldest event that is not told yet.", lag),
        "bursar_pool_writers_in_use": ("Connections at work in the pool that writes.", writing),
        "bursar_pool_readers_in_use": ("Connections at work in the pool that reads.", reading),
    }


def money(database: Database) -> Panel:
    """Make the gauges of revenue, by currency: read once a minute, however often somebody asks."""

    async def ask() -> Figures:
        async with database.read(SYSTEM) as work:
            found = await revenue.figures(work)
        return {f"bursar_{name}": each for name, each in found.items()}

    return Panel(
        {f"bursar_{name}": what for name, what in revenue.FIGURES.items()}, "currency", ask
    )


async def _backlog(database: Database) -> messaging.Backlog:
    async with database.read(SYSTEM) as work:
        return await messaging.backlog(work)


async def _inbox(database: Database) -> inbox.Backlog:
    async with database.read(SYSTEM) as work:
        return await inbox.backlog(work)


def _in_use(engine: Any) -> float:
    in_use: int = engine.pool.checkedout()
    return in_use
