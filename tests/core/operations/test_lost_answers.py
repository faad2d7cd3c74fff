"""When the answer to COMMIT is lost, the call is still done exactly once, and says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from core.audit import reading
from core.db.work import Database, Work
from core.kernel.caller import Caller
from tests.core.ledger.books import ADA, balances, open_wallet
from tests.core.operations.corner_shop import ask, buy
from tests.core.operations.till import pay
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Unreliable(Database):
    """Loses the connection just before or just after some commits."""

    losses: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def begin(self, caller: Caller) -> AsyncIterator[Work]:
        loss = self.losses.pop(0) if self.losses else None
        async with Database.begin(self, caller) as work:
            yield work
            if loss == "before":
                raise ConnectionError
        if loss == "after":
            raise ConnectionError


def unreliable(world: World, *losses: str) -> World:
    database = world.database
    lossy = Unreliable(
        database.engines, database.clock, database.ids, database.digest_key, losses=list(losses)
    )
    return replace(world, gate=replace(world.gate, database=lossy))


async def receipts(world: World) -> list[str]:
    async with world.database.read(OPERATOR) as work:
        rows = await reading.invocations(
            work, reading.Filter(equals=(("decision", "allowed"),)), None, 100
        )
    return [receipt for row in rows for receipt in row["touched"]]


@pytest.mark.parametrize(
    "losses", [("before",), ("after",), ("before", "after"), ("before", "before")]
)
@pytest.mark.parametrize("key", [None, "k1"])
async def test_a_lost_connection_is_tried_again_and_done_once(
    world: World, losses: tuple[str, ...], key: str | None
) -> None:
    outcome = await ask(unreliable(world, *losses), buy, agent(), key, thing="bread")

    assert outcome.error is None
    assert await receipts(world) == [outcome.body["receipt"]]


@pytest.mark.parametrize(
    "losses", [("before",), ("after",), ("before", "after"), ("before", "before")]
)
@pytest.mark.parametrize("key", [None, "k"])
async def test_a_lost_unit_that_many_share_is_tried_again_and_done_once_for_each(
    world: World, losses: tuple[str, ...], key: str | None
) -> None:
    await open_wallet(world, ADA, "100")
    lossy = unreliable(world, *losses)
    asked = [ask(lossy, pay, agent(), key and f"{key}{n}", thing=f"thing {n}") for n in range(5)]
    asked.append(ask(lossy, pay, agent(), thing="too dear", price="1000"))

    *paid, refused = await asyncio.gather(*asked)

    assert [each.error for each in paid] == [None] * 5
    assert not any(each.replayed for each in paid)
    assert refused.error is not None
    assert refused.error.code == "insufficient_funds"
    told = [each.body["transaction_id"] for each in paid]
    assert sorted(await receipts(world)) == sorted(told)
    assert (await balances(world))["revenue"] == "5.00"


async def test_a_connection_that_stays_lost_is_answered_as_busy_with_nothing_done(
    world: World,
) -> None:
    outcome = await ask(unreliable(world, *["before"] * 3), buy, agent(), thing="bread")

    assert outcome.error is not None
    assert outcome.error.code == "busy"
    assert await receipts(world) == []


async def test_a_caller_who_goes_away_leaves_all_or_nothing(world: World) -> None:
    async def impatient(n: int) -> None:
        task = asyncio.create_task(ask(world, buy, agent(), f"k{n}", thing="bread"))
        await asyncio.sleep(0.002 * n)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    await asyncio.gather(*map(impatient, range(10)))
    outcomes = [await ask(world, buy, agent(), f"k{n}", thing="bread") for n in range(10)]

    assert not any(each.error for each in outcomes)
    assert len(set(await receipts(world))) == 10
