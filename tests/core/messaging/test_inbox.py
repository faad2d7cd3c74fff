"""What others tell us is stored before it is acted on, and acted on once."""

import asyncio
from collections import Counter

import pytest

from core import messaging
from core.kernel.caller import SYSTEM
from core.messaging import Received
from tests.world import World

pytestmark = pytest.mark.anyio


async def receive(world: World, external_id: str, *, source: str = "stripe") -> bool:
    async with world.database.begin(SYSTEM) as work:
        return await messaging.receive(work, source, external_id, {"type": external_id})


async def unhandled(world: World) -> list[str]:
    async with world.database.read(SYSTEM) as work:
        return [each.external_id for each in await messaging.unhandled(work, "stripe")]


async def test_what_is_told_twice_is_received_once_and_each_source_has_its_own_names(
    world: World,
) -> None:
    assert await receive(world, "evt_1") is True
    assert await receive(world, "evt_1") is False
    assert await receive(world, "evt_1", source="mail") is True

    async with world.database.read(SYSTEM) as work:
        assert await messaging.unhandled(work, "stripe") == [
            Received("stripe", "evt_1", {"type": "evt_1"}, world.clock.now())
        ]


async def test_what_is_not_handled_waits_in_the_order_it_came(world: World) -> None:
    for each in ("evt_3", "evt_1", "evt_2"):
        await receive(world, each)
        world.clock.advance(seconds=1)
    async with world.database.begin(SYSTEM) as work:
        assert await messaging.handled(work, "stripe", "evt_1")

    assert await unhandled(world) == ["evt_3", "evt_2"]


async def test_of_ten_who_receive_one_event_at_once_one_finds_it_new(world: World) -> None:
    answers = await asyncio.gather(*(receive(world, "evt_1") for _ in range(10)))

    assert Counter(answers) == {True: 1, False: 9}


async def test_of_ten_who_handle_one_event_at_once_one_may(world: World) -> None:
    await receive(world, "evt_1")

    async def handle() -> bool:
        async with world.database.begin(SYSTEM) as work:
            return await messaging.handled(work, "stripe", "evt_1")

    assert Counter(await asyncio.gather(*(handle() for _ in range(10)))) == {True: 1, False: 9}


async def test_what_was_handled_in_a_unit_that_failed_is_still_to_be_handled(world: World) -> None:
    await receive(world, "evt_1")

    async def handle_and_fail() -> None:
        async with world.database.begin(SYSTEM) as work:
            await messaging.handled(work, "stripe", "evt_1")
            raise LookupError

    with pytest.raises(LookupError):
        await handle_and_fail()

    assert await unhandled(world) == ["evt_1"]
