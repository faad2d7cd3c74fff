"""What must be done outside for an answer is done once, by one process, with no unit open."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from sqlalchemy import select

from core import audit, jobs
from core.audit import reading
from core.db.work import Work
from core.jobs import Errand, JobContext, Retry, Runtime, job, run_now
from core.jobs import tables as job_tables
from core.kernel.caller import SYSTEM, PlatformRole, Role
from core.kernel.errors import EngineError, Kind
from core.operations.fields import Name
from core.operations.given import given
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, ProjectRequest, Result, operation
from core.operations.perform import Call, Outcome
from core.operations.scopes import Toolset
from tests.core.wallets.bank import open_project
from tests.world import World, agent

pytestmark = pytest.mark.anyio


@dataclass(eq=False)
class NoSuchShop(EngineError):
    """There is no shop for {thing}."""

    code = "no_such_shop"
    kind = Kind.REFUSED
    thing: str


@dataclass
class Shop:
    """Somebody outside who may be slow, away, or die in the middle."""

    sold: list[str] = field(default_factory=list)
    at_once: int = 0
    at_once_max: int = 0
    seconds: float = 0
    failures: int = 0
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def sell(self, thing: str) -> None:
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        self.entered.set()
        try:
            await self.open.wait()
            if self.failures:
                self.failures -= 1
                raise ConnectionError
            self.sold.append(thing)
        finally:
            self.at_once -= 1


@job("fetch_thing", outside=True, retry=Retry(attempts=3))
async def fetch_thing(context: JobContext, *, thing: str) -> None:
    """Ask outside, and write down what came of it where `_answer` looks for it."""
    shop: Shop = context.port("shop")
    await shop.sell(thing)
    async with context.begin() as work:
        await audit.record(work, "thing.fetched", thing)


class Fetch(ProjectRequest):
    thing: Name


class Fetched(Result):
    order: str
    thing: str
    project_id: str
    state: str


def _errand(order: Fetched, _now: datetime) -> Errand:
    told = {"thing": order.thing}
    return Errand(job=fetch_thing, key=order.order, project_id=order.project_id, arguments=told)


async def _answer(work: Work, order: Fetched) -> Fetched:
    fetched = await _was_fetched(work, order.thing)
    if fetched and order.thing == "cheese":
        raise NoSuchShop(order.thing)
    return order.model_copy(update={"state": "fetched"}) if fetched else order


async def _was_fetched(work: Work, thing: str) -> bool:
    sought = reading.Filter(
        project_id=work.project_id, equals=(("action", "thing.fetched"), ("object_id", thing))
    )
    return bool(await reading.events(work, sought, None, 1))


@operation(
    "POST /v1/projects/{project_id}/fetches",
    title="Fetch",
    toolset=Toolset.WALLETS,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    raises=(NoSuchShop,),
    afterwards=Afterwards(errand=_errand, answer=_answer),
)
async def fetch(work: Work, request: Fetch) -> Fetched:
    """Have a thing fetched from outside."""
    order = work.ids.new("ord")
    await jobs.enqueue(work, fetch_thing, key=order, thing=request.thing)
    return Fetched(
        order=order, thing=request.thing, project_id=work.project_id, state=given(str) or "ordered"
    )


@dataclass
class Process:
    """One process of an installation: its gate, and the runtime that does its jobs."""

    world: World
    runtime: Runtime
    seconds: float = 20

    async def hasten(self, errand: Errand) -> None:
        await run_now(self.runtime, errand, seconds=self.seconds)

    async def ask(self, project: str, thing: str, key: str | None = None) -> Outcome:
        gate = replace(self.world.gate, hasten=self.hasten)
        caller = agent(Role.MEMBER, project)
        sent = {"thing": thing}
        call = Call(caller=caller, arguments=sent, door="test", idempotency_key=key)
        return await gate.perform(fetch, call)

    async def work(self) -> int:
        """Do what is due, as a worker would."""
        return await jobs.run_due(self.runtime)


def process(world: World, shop: Shop, seconds: float = 20) -> Process:
    known = {fetch_thing.name: fetch_thing}
    return Process(world, Runtime(world.database, known, {"shop": shop}), seconds)


def open_shop(failures: int = 0) -> Shop:
    shop = Shop(failures=failures)
    shop.open.set()
    return shop


async def orders(world: World) -> list[tuple[bool, int]]:
    """Of each order: whether it is finished, and how often it was tried."""
    j = job_tables.jobs.c
    async with world.database.read(SYSTEM) as work:
        query = select(j.finished_at, j.attempt).where(j.name == "fetch_thing").order_by(j.id)
        return [(row.finished_at is not None, row.attempt) for row in await work.execute(query)]


async def test_a_caller_is_answered_with_what_came_of_the_call_outside(world: World) -> None:
    project, shop = await open_project(world), open_shop()

    outcome = await process(world, shop).ask(project, "bread")

    assert outcome.unwrap()["state"] == "fetched"
    assert shop.sold == ["bread"]
    assert await orders(world) == [(True, 1)]


async def test_without_a_process_that_hastens_the_answer_tells_how_far_it_is(world: World) -> None:
    project, shop = await open_project(world), open_shop()
    call = Call(caller=agent(Role.MEMBER, project), arguments={"thing": "bread"}, door="test")

    outcome = await world.gate.perform(fetch, call)

    assert outcome.unwrap()["state"] == "ordered"
    assert shop.sold == []
    assert await process(world, shop).work() == 1
    assert shop.sold == ["bread"]


async def test_a_replay_does_nothing_again_and_is_answered_as_things_stand_now(
    world: World,
) -> None:
    project, shop = await open_project(world), Shop()
    here = process(world, shop, seconds=0.05)
    first = (await here.ask(project, "bread", "k")).unwrap()
    assert first["state"] == "ordered", "the shop has not answered in time"
    shop.open.set()
    await jobs.finish_hastened()

    again = await here.ask(project, "bread", "k")

    assert again.replayed
    assert again.unwrap() == first | {"state": "fetched"}
    assert shop.sold == ["bread"]


async def test_what_outlives_its_caller_is_finished_and_not_begun_again(world: World) -> None:
    project, shop = await open_project(world), Shop()
    here = process(world, shop, seconds=0.05)
    await here.ask(project, "bread")

    assert await here.work() == 0, "it is being done"
    shop.open.set()
    await jobs.finish_hastened()

    assert shop.sold == ["bread"]
    assert await orders(world) == [(True, 1)]


async def test_a_process_that_dies_before_it_began_leaves_it_to_a_worker(world: World) -> None:
    project, shop = await open_project(world), open_shop()

    async def die(_errand: Errand) -> None:
        raise SystemError

    dying = replace(world.gate, hasten=die)
    call = Call(
        caller=agent(Role.MEMBER, project),
        arguments={"thing": "bread"},
        door="test",
        idempotency_key="k",
    )
    with pytest.raises(SystemError):
        await dying.perform(fetch, call)

    other = process(world, shop)
    assert await other.work() == 1
    assert (await other.ask(project, "bread", "k")).unwrap()["state"] == "fetched"
    assert shop.sold == ["bread"]


async def test_a_process_that_dies_after_the_call_is_followed_by_another_attempt(
    world: World,
) -> None:
    project, shop = await open_project(world), Shop()
    here = process(world, shop)
    asked = asyncio.create_task(here.ask(project, "bread", "k"))
    await shop.entered.wait()
    # What a process that is killed leaves behind: an attempt, a lease, and no word.
    [dying] = jobs.hastening._begun  # noqa: SLF001 - there is no kinder way to be killed
    dying.cancel()
    assert (await asked).unwrap()["state"] == "ordered"
    assert await orders(world) == [(False, 1)]

    shop.open.set()
    assert await here.work() == 0, "the lease has not run out"
    world.clock.advance(seconds=61)
    assert await here.work() == 1

    assert (await here.ask(project, "bread", "k")).unwrap()["state"] == "fetched"
    assert await orders(world) == [(True, 2)]


async def test_what_fails_outside_is_told_as_unfinished_and_tried_again_later(
    world: World,
) -> None:
    project, shop = await open_project(world), open_shop(failures=1)
    here = process(world, shop)

    assert (await here.ask(project, "bread", "k")).unwrap()["state"] == "ordered"
    assert (await here.ask(project, "bread", "k")).unwrap()["state"] == "ordered"
    assert await orders(world) == [(False, 1)], "a second attempt waits for its pause"
    world.clock.advance(seconds=10)

    assert (await here.ask(project, "bread", "k")).unwrap()["state"] == "fetched"


async def test_a_refusal_from_outside_is_the_answer_and_stays_it(world: World) -> None:
    project, shop = await open_project(world), open_shop()
    here = process(world, shop)

    refusals = [await here.ask(project, "cheese", "k") for _ in range(2)]

    assert [each.error and each.error.code for each in refusals] == ["no_such_shop"] * 2
    assert [each.body for each in refusals] == [{}, {}]
    assert shop.sold == ["cheese"]


async def test_of_two_processes_one_does_it_and_both_are_answered(world: World) -> None:
    project, shop = await open_project(world), Shop()
    one, other = process(world, shop), process(world, shop)
    asked = [asyncio.create_task(each.ask(project, "bread", "k")) for each in (one, other)]
    workers = [asyncio.create_task(each.work()) for each in (one, other)]
    await asyncio.sleep(0.2)
    shop.open.set()

    answers = await asyncio.gather(*asked)
    await asyncio.gather(*workers)

    assert [each.unwrap()["state"] for each in answers] == ["fetched"] * 2
    assert shop.sold == ["bread"]
    assert shop.at_once_max == 1


async def test_what_nobody_has_asked_for_yet_is_asked_for_when_it_is_hastened(
    world: World,
) -> None:
    project, shop = await open_project(world), open_shop()
    told = {"thing": "bread"}
    errand = Errand(job=fetch_thing, key="look", project_id=project, arguments=told)

    await asyncio.gather(*(process(world, shop).hasten(errand) for _ in range(5)))

    assert shop.sold == ["bread"]
    async with world.database.read(SYSTEM) as work:
        assert await _was_fetched(work.within(project), "bread"), "it was done for its project"


async def test_an_operation_knows_of_its_installation_what_it_was_given(world: World) -> None:
    project = await open_project(world)
    call = Call(caller=agent(Role.MEMBER, project), arguments={"thing": "bread"}, door="test")

    told = await replace(world.gate, given={str: "closed on Sundays"}).perform(fetch, call)

    assert told.unwrap()["state"] == "closed on Sundays"
    assert (await world.gate.perform(fetch, call)).unwrap()["state"] == "ordered"
