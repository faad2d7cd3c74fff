"""Two servers on one database: callers who race for the same things through both."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from tests import servers
from tests.processes import Child
from tests.soak.books import Journal
from tests.soak.ground import WAITS_TOLD, Ground, on_postgres
from tests.soak.load import Load
from tests.soak.script import Op, charge, event, grant, move, tokens
from tests.soak.sizes import ROUNDS, SECONDS
from tests.soak.wire import Answer, Connection

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(SECONDS)]

RACERS = 10
"""Of each server."""
EVENTS = 40
DEADLOCK = "deadlock detected"


@pytest.fixture
def postgres() -> Iterator[Child]:
    with servers.own_postgres(servers.DURABLE | WAITS_TOLD) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Racer:
    number: int
    load: Load
    connection: Connection

    async def ask(self, asked: list[Op]) -> list[tuple[Op, Answer]]:
        """Ask one after the other, in an order of one's own."""
        order = list(asked)
        Random(self.number).shuffle(order)  # noqa: S311 - a seed that can be told
        return [(op, await self.load.until_acknowledged(self.connection, op)) for op in order]


async def test_two_servers_do_everything_once_and_never_deadlock(
    postgres: Child, tmp_path: Path
) -> None:
    ground = await on_postgres(postgres, tmp_path, wallets=2)
    async with AsyncExitStack() as stack:
        urls = [(await stack.enter_async_context(ground.serving())).url for _ in range(2)]
        journal = Journal(ground)
        await journal.begin(urls[0])
        racers = []
        for n in range(2 * RACERS):
            load = Load(ground, urls[n % 2], iter(()), journal)
            connection = await stack.enter_async_context(Connection(load.url))
            racers.append(Racer(n, load, connection))

        for each in range(ROUNDS):
            await _race(ground, racers, journal, each)

        assert {racer.load.gone.count for racer in racers} == {0}
        await journal.compare(urls[0])
    assert _deadlocks(postgres) == 0


async def _race(ground: Ground, racers: list[Racer], journal: Journal, each: int) -> None:
    """Let everybody ask for the same charges and grant, and for a transfer and a batch of events.

    The transfers go both ways, and the batches say the same events forwards and backwards.
    """
    by_event, by_key = charge(ground, each * 100 + 20), charge(ground, each * 100 + 21)
    same = [by_event, by_key, grant(ground, each)]
    answers = await asyncio.gather(
        *(
            racer.ask([*same, _transfer(ground, racer, each), _batch(ground, racer, each)])
            for racer in racers
        )
    )
    accepted = 0
    for told in answers:
        for op, answer in told:
            if op.name == "record_usage":
                accepted += answer.must()["accepted"]
            if op not in same:
                journal.note(op, answer)
    assert accepted == EVENTS, "of all who send an event, one recorded it"
    for op in same:
        bodies = [answer.must() for told in answers for asked, answer in told if asked is op]
        assert len(bodies) == len(racers)
        assert len({body["transaction_id"] for body in bodies}) == 1
        if op is by_event:
            assert [body["duplicate"] for body in bodies].count(False) == 1
        else:
            assert all(body == bodies[0] for body in bodies), "a key has one answer"
        journal.note(op, Answer(200, bodies[0]))


def _transfer(ground: Ground, racer: Racer, each: int) -> Op:
    source, target = ground.wallets if racer.number % 4 < 2 else reversed(ground.wallets)
    amount = tokens(each * 100 + racer.number)
    return move(ground, source, target, amount, key=f"transfer-{each}-{racer.number}")


def _batch(ground: Ground, racer: Racer, each: int) -> Op:
    events: list[dict[str, Any]] = [event(each, n) for n in range(EVENTS)]
    if racer.number % 4 < 2:
        events.reverse()
    return Op(name="record_usage", make=lambda: {"project_id": ground.project, "events": events})


def _deadlocks(server: Child) -> int:
    return server.log.read_text("utf-8").count(DEADLOCK)


async def test_a_deadlock_would_be_in_the_log(postgres: Child) -> None:
    url = make_url(postgres.url)
    here, there = [
        await asyncpg.connect(host=str(url.query["host"]), user=url.username) for _ in range(2)
    ]
    await here.execute("begin; select pg_advisory_xact_lock(1)")
    await there.execute("begin; select pg_advisory_xact_lock(2)")
    crossed = await asyncio.gather(
        here.execute("select pg_advisory_xact_lock(2)"),
        there.execute("select pg_advisory_xact_lock(1)"),
        return_exceptions=True,
    )
    await here.close()
    await there.close()

    assert [type(each) for each in crossed].count(asyncpg.DeadlockDetectedError) == 1
    assert _deadlocks(postgres) == 1
