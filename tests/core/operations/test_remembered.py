"""What is final is found out once, and told again to whoever may know it, and to nobody else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from sqlalchemy import event, update

from core.audit import reading
from core.db.engine import Engines, open_engines
from core.db.work import Work
from core.kernel.caller import Caller, PlatformRole, Role
from core.kernel.ids import compose
from core.operations import cache as caches
from core.operations.cache import Cache, MemoryCache
from core.operations.limits import Rate
from core.operations.operation import (
    Effect,
    ProjectRequest,
    RateClass,
    Request,
    Result,
    SecretResult,
    operation,
)
from core.operations.scopes import Toolset
from core.projects.tables import projects
from core.reporting.operations import summarize_usage
from mcp_server import wiring
from mcp_server.adapters.redis_cache import RedisCache
from mcp_server.adapters.redis_connection import RedisConnection
from tests import servers
from tests.core.metering.shop import Shop, use
from tests.world import AUDITOR, LIFETIMES, OPERATOR, PROJECT, FrozenClock, World, agent

pytestmark = pytest.mark.anyio

OTHER = compose("prj", 2)
BRAM = agent(project_id=OTHER)
PERIOD = {"start_at": "2026-11-01T00:00:00Z", "end_at": "2026-11-21T00:00:00Z"}
OVER = datetime(2026, 12, 27, tzinfo=UTC)
"""35 days, and one, after the end of the period."""


@dataclass
class Noted:
    """A cache that notes how it is called, and how many units are open meanwhile."""

    cache: Cache
    engines: Engines
    called: list[str] = field(default_factory=list)
    open_units: list[int] = field(default_factory=list)

    def _note(self, call: str) -> None:
        pools: list[Any] = [self.engines.reader.pool, self.engines.writer.pool]
        self.called.append(call)
        self.open_units.append(sum(each.checkedout() for each in pools))

    async def get(self, kind: str, key: str) -> Any:
        self._note("get")
        return await self.cache.get(kind, key)

    async def put(self, kind: str, key: str, value: Any) -> None:
        self._note("put")
        await self.cache.put(kind, key, value)

    async def forget(self, kind: str, key: str) -> None:
        await self.cache.forget(kind, key)


@dataclass
class Desk:
    """Two projects with usage that is over, and a count of the units that read it."""

    shop: Shop
    cache: Noted
    reads: list[Any]

    @property
    def world(self) -> World:
        return self.shop.world

    async def ask(self, caller: Caller | None = None, **more: Any) -> str:
        """Return how many calls were made, or the code of the refusal."""
        sent: dict[str, Any] = {"meter_key": "calls"} | PERIOD | more
        outcome = await self.shop.perform(summarize_usage, caller=caller, **sent)
        if outcome.error:
            return outcome.error.code
        value: str = outcome.body["rows"][0]["value"]
        return value

    def with_cache(self, cache: Cache) -> "Desk":
        noted = Noted(cache, self.cache.engines)
        world = replace(self.world, gate=replace(self.world.gate, cache=noted))
        return Desk(Shop(world), noted, self.reads)


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    """Let the gate read through a pool that nothing else uses, so that its units can be counted."""
    own = open_engines(world.url, pool_size=2)
    engines = replace(world.engines, reader=own.reader)
    reads: list[Any] = []
    cache = Noted(MemoryCache(world.clock, LIFETIMES), engines)
    gate = replace(world.gate, database=replace(world.database, engines=engines), cache=cache)
    shop = await Shop.open(replace(world, gate=gate))
    await shop.project(OTHER)
    await shop.record(use("a"))
    await shop.record(use("a"), use("b"), use("c"), caller=BRAM)
    world.clock.instant = OVER
    event.listen(own.reader.sync_engine, "checkout", lambda *_: reads.append(_))
    yield Desk(shop, cache, reads)
    await own.dispose()


async def trail(world: World) -> list[dict[str, Any]]:
    async with world.database.read(OPERATOR) as work:
        sought = reading.Filter(equals=(("operation", "summarize_usage"),))
        return list(reversed(await reading.invocations(work, sought, None, 100)))


async def test_what_is_final_is_read_once_and_no_unit_is_open_while_the_cache_is_called(
    desk: Desk,
) -> None:
    assert [await desk.ask(), await desk.ask()] == ["1", "1"]

    assert len(desk.reads) == 1
    assert desk.cache.called == ["get", "put", "get"]
    assert desk.cache.open_units == [0, 0, 0]


async def test_one_question_in_other_words_is_one_question(desk: Desk) -> None:
    words: list[dict[str, Any]] = [
        {},
        {"project_id": PROJECT},
        {"window": "none", "group_by": None},
        {"end_at": "2026-11-21T01:00:00+01:00"},
        {"caller": OPERATOR, "project_id": PROJECT},
        {"caller": AUDITOR, "project_id": PROJECT},
        {"caller": replace(AUDITOR, project_id=PROJECT)},
    ]

    assert [await desk.ask(**each) for each in words] == ["1"] * len(words)
    assert len(desk.reads) == 1


async def test_another_question_is_another_answer(desk: Desk) -> None:
    await desk.ask()

    assert await desk.ask(meter_key="free") == "0"
    assert await desk.ask(end_at="2026-11-19T00:00:00Z") == "0"
    assert len(desk.reads) == 3


async def test_no_project_is_told_what_another_one_was(desk: Desk) -> None:
    staff = [OPERATOR, AUDITOR]

    assert [await desk.ask(each) for each in (agent(), BRAM, agent(), BRAM)] == ["1", "3"] * 2
    assert [await desk.ask(each, project_id=PROJECT) for each in staff] == ["1", "1"]
    assert [await desk.ask(each, project_id=OTHER) for each in staff] == ["3", "3"]


async def test_who_names_another_project_is_told_nothing_and_the_cache_is_not_asked(
    desk: Desk,
) -> None:
    await desk.ask(OPERATOR, project_id=PROJECT)
    desk.cache.called.clear()
    bound = replace(OPERATOR, project_id=OTHER)

    assert await desk.ask(BRAM, project_id=PROJECT) == "project_not_found"
    assert await desk.ask(bound, project_id=PROJECT) == "project_not_found"
    assert await desk.ask(OPERATOR) == "invalid_request"
    assert desk.cache.called == []
    assert await desk.ask(OPERATOR, project_id=compose("prj", 3)) == "project_not_found"
    assert desk.cache.called == ["get"]


async def test_whose_a_key_of_the_operators_is_only_the_database_knows(desk: Desk) -> None:
    async with desk.world.database.begin(OPERATOR) as work:
        named = update(projects).where(projects.c.id == PROJECT).values(external_key="ada")
        await work.execute(named)
    await desk.ask()
    desk.cache.called.clear()

    told = [await desk.ask(each, external_key="ada") for each in (agent(), OPERATOR, BRAM)]

    assert told == ["1", "1", "project_not_found"]
    assert desk.cache.called == []


async def test_what_late_events_may_change_is_found_out_every_time(desk: Desk) -> None:
    desk.world.clock.instant = datetime(2026, 12, 25, tzinfo=UTC)
    assert await desk.ask() == "1"
    late = use("late", occurred_at="2026-11-20T12:00:00Z")
    desk.world.clock.advance(hours=-12)
    assert await desk.shop.record(late) == [("accepted", None)]

    desk.world.clock.instant = OVER
    desk.world.clock.advance(microseconds=-1)

    assert await desk.ask() == "2"
    assert await desk.ask() == "2"
    assert len(desk.reads) == 3
    assert desk.cache.called == []
    outcome = await desk.shop.perform(summarize_usage, meter_key="calls")
    assert (outcome.error, desk.cache.called) == (None, [])


async def test_after_its_lifetime_an_answer_is_found_out_again(desk: Desk) -> None:
    async def zone() -> Any:
        sent: dict[str, Any] = {"meter_key": "calls", "window": "day"} | PERIOD
        return (await desk.shop.ask(summarize_usage, **sent))["time_zone"]

    assert await zone() == "UTC"
    async with desk.world.database.begin(OPERATOR) as work:
        moved = update(projects).where(projects.c.id == PROJECT).values(time_zone="Asia/Tokyo")
        await work.execute(moved)
    desk.world.clock.advance(seconds=59)
    assert await zone() == "UTC"

    desk.world.clock.advance(seconds=1)

    assert await zone() == "Asia/Tokyo"


async def test_a_refusal_is_not_remembered(desk: Desk) -> None:
    assert await desk.ask(meter_key="unknown") == "meter_not_found"
    assert await desk.ask(meter_key="unknown") == "meter_not_found"
    assert len(desk.reads) == 2
    assert desk.cache.called == ["get", "get"]


async def test_processes_share_what_redis_remembers_and_do_without_when_it_is_away(
    desk: Desk,
) -> None:
    with servers.redis_server() as server:
        one, other = RedisConnection(server.url), RedisConnection(server.url)
        desks = [desk.with_cache(RedisCache(each, wiring.LIFETIMES)) for each in (one, other)]
        assert [await each.ask() for each in desks] == ["1", "1"]
        assert [await each.ask(BRAM) for each in desks] == ["3", "3"]
        assert len(desk.reads) == 2
        server.stop()

        assert [await each.ask() for each in desks] == ["1", "1"]

        assert len(desk.reads) == 4
        assert one.degraded
        await one.close()
        await other.close()


@dataclass
class Broken:
    """A cache that raises at every call, or has kept something else."""

    kept: Any = None

    async def get(self, kind: str, key: str) -> Any:
        if self.kept is None:
            raise ValueError(kind, key)
        return self.kept

    async def put(self, kind: str, key: str, value: Any) -> None:
        raise ValueError(kind, key, value)

    async def forget(self, kind: str, key: str) -> None:
        raise ValueError(kind, key)


@pytest.mark.parametrize("kept", [None, ["not", "an", "answer"]])
async def test_a_broken_cache_is_as_if_there_were_none(desk: Desk, kept: Any) -> None:
    broken = desk.with_cache(Broken(kept))

    assert [await broken.ask(), await broken.ask()] == ["1", "1"]
    assert len(desk.reads) == 2
    assert broken.cache.called == ["get", "put"] * 2


async def test_what_is_told_again_is_written_down_as_any_read_is(desk: Desk) -> None:
    for _ in range(2):
        await desk.ask(OPERATOR, project_id=PROJECT)
    assert len(desk.reads) == 1

    first, second = await trail(desk.world)

    assert (second["project_id"], second["decision"]) == (PROJECT, "allowed")
    assert second["arguments"]["meter_key"] == "calls"
    assert first["id"] != second["id"]
    differs = {"id", "duration_us"}
    assert {k: v for k, v in first.items() if k not in differs} == {
        k: v for k, v in second.items() if k not in differs
    }


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (replace(agent(), scopes=frozenset({"wallets:read"})), "insufficient_scope"),
        (replace(agent(), role=None), "not_allowed"),
    ],
)
async def test_who_may_not_ask_is_not_told_what_is_remembered(
    desk: Desk, caller: Caller, code: str
) -> None:
    assert await desk.ask() == "1"
    desk.cache.called.clear()

    assert await desk.ask(caller) == code
    assert desk.cache.called == []
    assert (await trail(desk.world))[-1]["error_code"] == code


async def test_who_asks_too_often_is_not_told_what_is_remembered(desk: Desk) -> None:
    rates = dict.fromkeys(RateClass, Rate(calls=2, seconds=60))
    world = replace(desk.world, gate=replace(desk.world.gate, rates=rates))
    hurried = replace(desk, shop=Shop(world))

    assert [await hurried.ask() for _ in range(3)] == ["1", "1", "rate_limited"]


class Told(Result):
    n: int


async def touch(work: Work, request: ProjectRequest) -> Told:
    """Take a request about a project."""
    return Told(n=1)


async def greet(work: Work, request: Request) -> Told:
    """Take a request about nothing."""
    return Told(n=1)


class Secret(SecretResult):
    secret_fields: ClassVar[frozenset[str]] = frozenset({"secret"})

    secret: str | None


async def confide(work: Work, request: ProjectRequest) -> Secret:
    """Take a request about a project, and show a secret."""
    return Secret(secret="s")


@pytest.mark.parametrize(
    ("handle", "more"),
    [
        (touch, {"effect": Effect.CHANGE}),
        (touch, {"effect": Effect.READ, "batched": True}),
        (touch, {"effect": Effect.READ, "anyone": True}),
        (touch, {"effect": Effect.READ, "public": True}),
        (greet, {"effect": Effect.READ}),
        (confide, {"effect": Effect.READ}),
    ],
)
def test_only_a_read_of_a_project_is_declared_remembered(handle: Any, more: Any) -> None:
    declare = operation(
        "GET /v1/n",
        title="N",
        toolset=Toolset.METERING,
        platform=PlatformRole.AUDITOR,
        project=Role.VIEWER,
        remembered=lambda _request, _now: True,
        **more,
    )

    with pytest.raises(AssertionError, match="remembered"):
        declare(handle)


def test_whatever_is_declared_remembered_has_a_lifetime() -> None:
    declared = {each.name for each in wiring.OPERATIONS if each.remembered}

    assert declared == set(wiring.LIFETIMES) == {"summarize_usage"}


async def test_memory_is_bounded_by_bytes_and_tells_everybody_a_value_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(caches, "BYTES_MAX", 20)
    memory = MemoryCache(FrozenClock(), LIFETIMES)
    for key in "aab":
        await memory.put("kind", key, ["12345"])
    assert [await memory.get("kind", key) for key in "ab"] == [["12345"], ["12345"]]
    (await memory.get("kind", "a")).append("changed")

    await memory.put("kind", "c", ["1"])
    assert [await memory.get("kind", key) for key in "abc"] == [["12345"], None, ["1"]]

    await memory.put("kind", "d", "longer than there is room for")
    assert [await memory.get("kind", key) for key in "acd"] == [None, None, None]
