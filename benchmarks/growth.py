"""Charges by the size of the ledger: up to ten million entries, each size against an empty ledger.

Both are copies of one database with the same wallets. A ledger that has grown would have been
vacuumed and analysed on its own by then, so it is; nothing else is done to it.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import ground, machine, report, table
from benchmarks.charges import charge, charging, open_wallets
from benchmarks.filling import Filler
from benchmarks.proving import prove_all
from benchmarks.rounds import Form, say, watched
from benchmarks.sample import Sample
from benchmarks.shops import make_project
from benchmarks.subjects import GROWTH, Subject
from benchmarks.watching import Watch
from core.kernel.clock import SystemClock
from mcp_server.settings import Settings
from mcp_server.wiring import opened
from tests.processes import Child

LEVELS = (100_000, 1_000_000, 10_000_000)
WALLETS = 1_000
WARMING_SECONDS = 0.3
DAYS = 30
EMPTY, GROWN = "bursar_empty", "bursar_grown"


@dataclass(frozen=True, slots=True)
class Ago:
    """A clock that is so far behind: what it dates has happened by now."""

    by: timedelta

    def now(self) -> datetime:
        return SystemClock().now() - self.by


@dataclass(slots=True)
class Growth:
    """One PostgreSQL with an empty ledger to copy from, and one that grows."""

    server: Child
    settings: Settings
    project_id: str
    wallets: Sequence[str]
    watch: Watch

    async def compare(self, name: str, form: Form) -> dict[str, list[Sample]]:
        """Charge the ledger as it has grown and an empty one, in turn."""
        samples: dict[str, list[Sample]] = {f"{name}_empty": [], name: []}
        for number in range(form.rounds):
            pair = list(samples) if number % 2 == 0 else list(samples)[::-1]
            for each in pair:
                sample = await (
                    self._grown(form.seconds) if each == name else self._empty(form.seconds)
                )
                samples[each].append(sample)
                say(f"round {number + 1}/{form.rounds}  {each:<22} {sample.rate:>10,.0f}")
        return samples

    async def _grown(self, seconds: float) -> Sample:
        return await self._measured(GROWN, seconds)

    async def _empty(self, seconds: float) -> Sample:
        """Every time a new copy: one that was charged before is empty no more."""
        await ground.make_database(self.server, f"{EMPTY}_now", template=EMPTY)
        sample = await self._measured(f"{EMPTY}_now", seconds)
        await ground.administer(self.server, f"drop database {EMPTY}_now with (force)")
        return sample

    async def _measured(self, database: str, seconds: float) -> Sample:
        async with opened(settings_of(self.settings, database)) as installation:
            measure = charging(installation.database, self.project_id, self.wallets)
            await watched(measure, WARMING_SECONDS, self.watch)
            return await watched(measure, seconds, self.watch)


async def main(limit: int, form: Form) -> int:
    began = time.perf_counter()
    levels = [each for each in LEVELS if each <= limit] or [limit]
    samples: dict[str, list[Sample]] = {}
    with ground.folder() as folder, ground.postgres(folder) as server:
        described = machine.describe(await ground.make_roles(server))
        growth = await _laid_out(server, folder)
        async with _filler(growth, levels[-1] // 2) as filler:
            for level in levels:
                await _fill(growth, filler, level)
                samples |= await growth.compare(name_of(level), form)
        async with opened(settings_of(growth.settings, GROWN)) as installation:
            proofs = await prove_all({"postgres": installation})
    clean = {"postgres": bool(proofs["postgres"]["clean"])}
    rows = [table.row(each, samples, clean=clean) for level in levels for each in subjects(level)]
    result = {
        "form": "growth",
        "seconds": round(time.perf_counter() - began, 1),
        "machine": described,
        "rows": [each.told() for each in rows],
        "prove": proofs,
    }
    return 0 if report.tell(result, "bench-growth.json") else 1


def subjects(level: int) -> tuple[Subject, Subject]:
    name = name_of(level)
    empty = Subject(
        f"{name}_empty", "charges with an empty ledger, in the same rounds", "charges/s"
    )
    grown = Subject(
        name,
        f"charges with {level:,} entries in the ledger",
        "charges/s",
        against=empty.name,
        goal=GROWTH,
        books="postgres",
    )
    return empty, grown


def name_of(level: int) -> str:
    return f"entries_{level}"


def settings_of(settings: Settings, database: str) -> Settings:
    """Return the settings of a copy of the installation in another database."""
    urls = {
        name: getattr(settings, name).replace(EMPTY, database)
        for name in ("database_url", "database_direct_url")
    }
    return settings.model_copy(update=urls)


async def _laid_out(server: Child, folder: Path) -> Growth:
    """Make the installation that all others are copies of, as if some weeks ago."""
    await ground.make_database(server, EMPTY)
    settings = await ground.settle(server, folder, EMPTY)
    async with opened(settings, Ago(timedelta(days=DAYS))) as installation:
        project_id = await make_project(installation, "books")
        wallets = await open_wallets(installation.database, project_id, WALLETS)
        await charge(installation.database, project_id, wallets)
    await ground.make_database(server, GROWN, template=EMPTY)
    assert server.process, "PostgreSQL is running"
    watch = Watch({"postgres": [server.process.pid]})
    return Growth(server, settings, project_id, wallets, watch)


@asynccontextmanager
async def _filler(growth: Growth, charges: int) -> AsyncIterator[Filler]:
    now = SystemClock().now()
    async with opened(settings_of(growth.settings, GROWN)) as installation:
        yield Filler(
            installation.database,
            ground.url_of(growth.server, GROWN),
            growth.project_id,
            now - timedelta(days=DAYS - 1),
            now,
            charges,
        )


async def _fill(growth: Growth, filler: Filler, entries: int) -> None:
    began = time.perf_counter()
    await filler.fill_to(entries // 2)
    await ground.administer(growth.server, "vacuum (analyze)", "checkpoint", database=GROWN)
    say(f"filled to {entries:,} entries in {time.perf_counter() - began:,.0f} s")
