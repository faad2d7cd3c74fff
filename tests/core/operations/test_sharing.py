"""Calls that share a unit are committed together, and each is answered as if it were alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from core.audit import reading
from core.db.work import Database, Work
from core.kernel.caller import Caller
from core.operations import gathering
from core.operations.perform import Gate, Outcome
from tests.core.ledger.books import ADA, balances, entry_count, open_wallet, proof
from tests.core.operations.corner_shop import ask
from tests.core.operations.till import COLLIDED, pay
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _nobody_has_collided() -> None:
    COLLIDED.clear()


@dataclass(frozen=True, slots=True)
class Counted(Database):
    """Counts the units that are begun."""

    begun: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def begin(self, caller: Caller) -> AsyncIterator[Work]:
        self.begun.append(caller.subject)
        async with Database.begin(self, caller) as work:
            yield work


def counted(world: World) -> Counted:
    """Have the world's gate count its units."""
    d = world.database
    database = Counted(d.engines, d.clock, d.ids, d.digest_key)
    world.gate = replace(world.gate, database=database)
    return database


async def pay_all(world: World, *sent: dict[str, Any]) -> list[Outcome]:
    return list(await asyncio.gather(*(ask(world, pay, agent(), **each) for each in sent)))


async def trail(world: World) -> Counter[tuple[str, str | None]]:
    async with world.database.read(OPERATOR) as work:
        rows = await reading.invocations(work, reading.Filter(), None, 100)
    return Counter((row["decision"], row["error_code"]) for row in rows)


async def test_a_crowd_shares_one_unit_and_is_written_down_one_by_one(world: World) -> None:
    await open_wallet(world, ADA, "100")
    database = counted(world)

    outcomes = await pay_all(world, *({"thing": f"thing {n}"} for n in range(50)))

    assert len({each.body["transaction_id"] for each in outcomes}) == 50
    assert len(database.begun) == 1
    assert await trail(world) == {("allowed", None): 50}
    assert (await balances(world))["revenue"] == "50.00"
    assert (await proof(world)).differences == []


async def test_one_alone_has_a_unit_of_its_own(world: World) -> None:
    await open_wallet(world, ADA, "100")
    database = counted(world)

    for n in range(3):
        await ask(world, pay, agent(), thing=f"thing {n}")

    assert len(database.begun) == 3


async def test_two_that_name_the_same_thing_do_not_share_a_unit(world: World) -> None:
    await open_wallet(world, ADA, "100")
    database = counted(world)

    await pay_all(world, {"thing": "wine"}, *[{"thing": "bread"}] * 3)

    assert len(database.begun) == 3


async def test_a_refused_call_leaves_nothing_but_its_row_in_the_trail(world: World) -> None:
    await open_wallet(world, ADA, "10")
    sent = [{"thing": f"thing {n}", "key": f"k{n}", "price": "4"} for n in range(5)]

    outcomes = await pay_all(world, *sent)

    assert Counter(each.error and each.error.code for each in outcomes) == {
        None: 2,
        "insufficient_funds": 3,
    }
    assert await entry_count(world) == 6
    assert await trail(world) == {("allowed", None): 2, ("refused", "insufficient_funds"): 3}
    refused = next(n for n, each in enumerate(outcomes) if each.error)
    again = await ask(world, pay, agent(), f"k{refused}", thing=f"thing {refused}", price="1")
    assert (again.error, again.replayed) == (None, False)
    assert (await proof(world)).differences == []


async def test_a_call_that_cannot_be_done_does_not_take_the_others_with_it(world: World) -> None:
    await open_wallet(world, ADA, "100")
    things = ["first", "second", "a bug", "third"]

    done = await asyncio.gather(
        *(ask(world, pay, agent(), thing=each) for each in things), return_exceptions=True
    )

    assert [type(each) for each in done] == [Outcome, Outcome, ZeroDivisionError, Outcome]
    assert await trail(world) == {("allowed", None): 3, ("failed", "internal_error"): 1}
    assert (await balances(world))["revenue"] == "3.00"


async def test_of_ten_at_once_with_one_key_exactly_one_is_done(world: World) -> None:
    await open_wallet(world, ADA, "100")

    outcomes = await pay_all(world, *[{"thing": "bread", "key": "k1"}] * 10)

    assert len({each.body["transaction_id"] for each in outcomes}) == 1
    assert sum(not each.replayed for each in outcomes) == 1
    assert (await balances(world))["revenue"] == "1.00"


async def test_of_two_processes_with_one_key_exactly_one_does_it(world: World) -> None:
    await open_wallet(world, ADA, "100")
    gates = [
        Gate(world.database, world.trail, world.gate.limiter, world.gate.rates, find)
        for find in [world.gate.find_project] * 2
    ]
    worlds = [replace(world, gate=gate) for gate in gates]

    outcomes = await asyncio.gather(
        *(
            ask(here, pay, agent(), f"k{n}", thing=f"thing {n}")
            for n in range(20)
            for here in worlds
        )
    )

    assert [each.error for each in outcomes] == [None] * 40
    assert len({each.body["transaction_id"] for each in outcomes}) == 20
    assert sum(not each.replayed for each in outcomes) == 20
    assert (await balances(world))["revenue"] == "20.00"
    assert (await proof(world)).differences == []


async def test_the_same_key_for_something_else_is_a_conflict_even_at_once(world: World) -> None:
    await open_wallet(world, ADA, "100")

    outcomes = await pay_all(world, *({"thing": each, "key": "k1"} for each in ("bread", "wine")))

    codes = [each.error and each.error.code for each in outcomes]
    assert codes == [None, "idempotency_key_reused"]
    assert (await balances(world))["revenue"] == "1.00"


async def test_a_unit_that_collided_is_run_again(world: World) -> None:
    await open_wallet(world, ADA, "100")
    database = counted(world)

    outcomes = await pay_all(
        world, {"thing": "first"}, {"thing": "a", "collisions": 2}, {"thing": "b"}
    )

    assert [each.error for each in outcomes] == [None] * 3
    assert len(database.begun) == 3
    assert (await balances(world))["revenue"] == "3.00"


async def test_whoever_always_collides_is_told_that_we_are_busy_and_the_others_are_served(
    world: World,
) -> None:
    await open_wallet(world, ADA, "100")

    outcomes = await pay_all(
        world, {"thing": "first"}, {"thing": "a", "collisions": 99}, {"thing": "b"}
    )

    assert [each.error and each.error.code for each in outcomes] == [None, "busy", None]
    assert (await balances(world))["revenue"] == "2.00"
    assert await trail(world) == {("allowed", None): 2, ("refused", "busy"): 1}


async def test_when_the_line_is_full_a_call_is_told_when_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_wallet(world, ADA, "100")
    monkeypatch.setattr(gathering, "WAITING_MAX", 4)

    outcomes = await pay_all(world, *({"thing": f"thing {n}"} for n in range(20)))

    busy = [each.error for each in outcomes if each.error]
    assert busy
    assert {error.code for error in busy} == {"busy"}
    assert all(error.facts["retry_after"] >= 1 for error in busy)
    assert (await balances(world))["revenue"] == f"{20 - len(busy)}.00"


async def test_a_caller_who_goes_away_is_served_all_the_same_and_so_are_the_others(
    world: World,
) -> None:
    await open_wallet(world, ADA, "100")
    tasks = [
        asyncio.create_task(ask(world, pay, agent(), f"k{n}", thing=f"thing {n}"))
        for n in range(10)
    ]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await gathering.finish_begun()

    again = await pay_all(world, *({"thing": f"thing {n}", "key": f"k{n}"} for n in range(10)))

    assert [each.error for each in again] == [None] * 10
    assert all(each.replayed for each in again[1::2])
    assert (await balances(world))["revenue"] == "10.00"
    assert (await proof(world)).differences == []
