"""A storm: deliveries in any order, again and again, at once, to workers that are killed in it.

It takes the ports of any handlers: `module:function`, called with the database by each worker. A
worker is a process of its own, so that killing it is what it is in life. For the workers time goes
faster, and jumps past the lease of whoever was killed: nobody waits a minute for what he left.
"""

import asyncio
import importlib
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from core import inbox
from core.db.engine import open_engines
from core.db.work import Database
from core.inbox import Endpoint, Intake, tables
from core.jobs import Runtime, Worker
from core.kernel.caller import SYSTEM
from core.kernel.ids import Ulids
from tests.world import DIGEST_KEY, START, World

Ports = Callable[[Database], Mapping[str, Any]]
SECONDS_MAX = 240.0
LOOK_SECONDS = 0.2
PACE = 10
"""How much faster time goes for the workers: what failed is tried again that much sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What falls: every event at least three times, and so many deliveries in all."""

    payloads: Sequence[dict[str, Any]]
    deliveries: int
    workers: int = 2
    kills: int = 2
    at_once: int = 50
    seed: int = 20261120
    seconds_max: float = SECONDS_MAX

    def falling(self) -> list[dict[str, Any]]:
        chance = random.Random(self.seed)  # noqa: S311 - it must fall the same way every time
        more = self.deliveries - 3 * len(self.payloads)
        assert more >= 0, "every event is delivered three times"
        falling = [*self.payloads] * 3 + chance.choices(self.payloads, k=more)
        chance.shuffle(falling)
        return falling


@dataclass(slots=True)
class Weather:
    """What came of it."""

    answers: Counter[bool] = field(default_factory=Counter)
    """How many deliveries told something new, and how many did not."""
    kills: int = 0
    seconds: float = 0.0


async def rage(world: World, storm: Storm, ports: str) -> Weather:
    """Deliver everything while workers handle it and are killed; return once nothing waits."""
    weather, crew = Weather(), _Crew(world.url, ports)
    began = time.monotonic()
    try:
        async with asyncio.timeout(storm.seconds_max):
            for _ in range(storm.workers):
                await crew.hire()
            await asyncio.gather(
                _deliver(world, storm, weather), _kill(world, storm, crew, weather)
            )
            while (await _backlog(world)).waiting:  # noqa: ASYNC110 - other processes tell nobody
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        await crew.dismiss()
    weather.seconds = time.monotonic() - began
    return weather


async def _deliver(world: World, storm: Storm, weather: Weather) -> None:
    # As many processes take them in as there are workers.
    intakes = [Intake(world.database) for _ in range(storm.workers)]
    falling = iter(enumerate(storm.falling()))

    async def caller() -> None:
        for n, payload in falling:
            delivery = inbox.read_event(payload, Endpoint.SNAPSHOT)
            is_new = await intakes[n % len(intakes)].receive(delivery, 500)
            weather.answers[is_new] += 1

    await asyncio.gather(*(caller() for _ in range(storm.at_once)))


async def _kill(world: World, storm: Storm, crew: "_Crew", weather: Weather) -> None:
    """Kill a worker each time that another part of all events was settled, and hire another."""
    for n in range(1, storm.kills + 1):
        share = len(storm.payloads) * n // (storm.kills + 2)
        while await _settled(world) < share:  # noqa: ASYNC110 - nor here
            await asyncio.sleep(LOOK_SECONDS)
        await crew.kill_one()
        weather.kills += 1
        await crew.hire()


async def _settled(world: World) -> int:
    query = select(func.count(tables.events.c.handled_at))
    async with world.database.read(SYSTEM) as work:
        return int((await work.execute(query)).scalar_one())


async def _backlog(world: World) -> inbox.Backlog:
    async with world.database.read(SYSTEM) as work:
        return await inbox.backlog(work)


class _Crew:
    """The workers, and how much time was skipped for them so far."""

    def __init__(self, url: str, ports: str) -> None:
        self._url, self._ports = url, ports
        self._began, self._skipped = time.monotonic(), 0.0
        self._at_work: list[Process] = []

    async def hire(self) -> None:
        passed = PACE * (time.monotonic() - self._began) + self._skipped
        self._at_work.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", __name__, self._url, self._ports, str(passed)
            )
        )

    async def kill_one(self) -> None:
        """Kill whoever works longest, in the middle of whatever it is doing."""
        worker = self._at_work.pop(0)
        assert worker.returncode is None, "a worker ended by itself"
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
        self._skipped += inbox.handle_event.lease_seconds + 1

    async def dismiss(self) -> None:
        for worker in self._at_work:
            with suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()


@dataclass(frozen=True, slots=True)
class _Passing:
    """A clock that began so long after the world did, and goes on at its pace."""

    began: datetime
    at: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return self.began + timedelta(seconds=PACE * (time.monotonic() - self.at))


async def _work(url: str, ports: Ports, passed: float) -> None:
    clock = _Passing(START + timedelta(seconds=passed))
    database = Database(open_engines(url), clock, Ulids(clock), DIGEST_KEY)
    job = inbox.handle_event
    await Worker(Runtime(database, {job.name: job}, ports(database))).run(asyncio.Event())


if __name__ == "__main__":
    _url, _named, _passed = sys.argv[1:]
    _module, _, _function = _named.partition(":")
    asyncio.run(_work(_url, getattr(importlib.import_module(_module), _function), float(_passed)))
