"""Events come in any order: what is older never takes the place of what is newer."""

import itertools

import pytest

from core import inbox
from core.inbox import Hearing, State
from tests.core.inbox.office import Marking, Office, office, paid
from tests.effects import leave_mark, marks
from tests.world import World

pytestmark = pytest.mark.anyio

TERMINAL = {"refunded", "lost"}


async def snapshot_only(hearing: Hearing) -> None:
    """Apply the event's own snapshot, if it is news."""
    async with hearing.begin() as work:
        if await hearing.is_news(work):
            await leave_mark(work, hearing.event.snapshot["status"])
        await hearing.handled(work)


@pytest.mark.parametrize("order", [*itertools.permutations((1, 2, 3))])
async def test_in_whatever_order_snapshots_come_the_latest_is_applied_last(
    world: World, order: tuple[int, ...]
) -> None:
    here = office(world, snapshot_only)
    for n in order:
        await here.deliver(paid(f"evt_{n}", about="pi_1", seconds=n, status=f"state {n}"))
        await here.hear()

    applied = await marks(world)
    assert applied == sorted(applied)
    assert applied[-1] == "state 3"
    assert [(await here.event(f"evt_{n}")).state for n in order] == [State.HANDLED] * 3


async def test_of_two_snapshots_of_one_second_the_second_to_come_is_not_believed(
    world: World,
) -> None:
    here = office(world, snapshot_only)
    for name in ("evt_1", "evt_2"):
        await here.deliver(paid(name, about="pi_1", status=name))
        await here.hear()

    assert await marks(world) == ["evt_1"]


async def test_every_object_has_an_order_of_its_own(world: World) -> None:
    here = office(world, snapshot_only)
    await here.deliver(paid("evt_1", about="pi_1", seconds=9, status="one"))
    await here.hear()
    await here.deliver(paid("evt_2", about="pi_2", seconds=1, status="other"))
    await here.hear()

    assert await marks(world) == ["one", "other"]


async def test_an_event_whose_handling_failed_has_not_moved_its_object_on(world: World) -> None:
    async def failing(hearing: Hearing) -> None:
        async with hearing.begin() as work:
            assert await hearing.is_news(work)
            raise ConnectionError

    here = office(world, failing)
    await here.deliver(paid("evt_2", about="pi_1", seconds=2, status="late"))
    await here.hear()
    here.handlers |= office(world, snapshot_only).handlers
    await here.deliver(paid("evt_1", about="pi_1", seconds=1, status="early"))
    await here.hear()
    assert await marks(world) == ["early"]

    await here.hear_to_the_end()
    assert await marks(world) == ["early", "late"]


async def test_whoever_was_overtaken_while_reading_reads_again(world: World) -> None:
    """The first reads, is stalled, and meanwhile the second reads what is newer and writes it."""
    states = iter(["old", "new", "new"])
    stalled: list[str] = []

    async def converging(hearing: Hearing) -> None:
        seen = await hearing.standing()
        read = next(states)
        if not stalled:
            stalled.append(read)
            await here.hear()  # the other event of this object is handled by another worker
        async with hearing.begin() as work:
            await hearing.follow(work, seen)
            await leave_mark(work, f"{hearing.event.external_id} {read}")
            await hearing.handled(work)

    here = office(world, converging)
    await here.deliver(paid("evt_1", about="pi_1"), paid("evt_2", about="pi_1"))
    await here.hear()

    assert stalled == ["old"]
    applied = await marks(world)
    assert sorted(applied) == ["evt_1 new", "evt_2 new"]
    assert [(await here.event(each)).attempt for each in ("evt_1", "evt_2")] == [0, 0]


async def test_whoever_is_overtaken_again_and_again_tries_later(world: World) -> None:
    async def overtaken(hearing: Hearing) -> None:
        marking.heard.append(hearing.event.external_id)
        raise inbox.Overtaken(hearing.event.object_id or "")

    marking = Marking()
    here = office(world, overtaken)
    await here.deliver(paid("evt_1"))
    await here.hear()

    event = await here.event()
    assert (event.state, event.attempt) == (State.WAITING, 1)
    assert len(marking.heard) == inbox.jobs.HEARINGS_MAX


async def test_what_was_read_counts_as_news_of_its_event(world: World) -> None:
    async def converging(hearing: Hearing) -> None:
        seen = await hearing.standing()
        async with hearing.begin() as work:
            await hearing.follow(work, seen)
            await hearing.handled(work)

    here = office(world, converging)
    await here.deliver(paid("evt_2", about="pi_1", seconds=2))
    await here.hear()
    late = office(world, snapshot_only)
    await late.deliver(paid("evt_1", about="pi_1", seconds=1, status="older"))
    await late.hear()

    assert await marks(world) == []


async def test_what_has_no_id_stands_alone(world: World) -> None:
    here = Office(world, {"invoice.upcoming": snapshot_only})
    for n in (2, 1):
        told = paid(f"evt_{n}", seconds=n, status=f"notice {n}") | {"type": "invoice.upcoming"}
        del told["data"]["object"]["id"]
        await here.deliver(told)
    await here.hear()

    assert sorted(await marks(world)) == ["notice 1", "notice 2"]


def test_a_state_that_ends_things_is_never_left() -> None:
    assert inbox.progressed(None, "paid", terminal=TERMINAL) == "paid"
    assert inbox.progressed("open", "paid", terminal=TERMINAL) == "paid"
    assert inbox.progressed("paid", "refunded", terminal=TERMINAL) == "refunded"
    assert inbox.progressed("refunded", "paid", terminal=TERMINAL) == "refunded"
    assert inbox.progressed("lost", "refunded", terminal=TERMINAL) == "lost"
