"""What was settled long ago is forgotten; what is parked, or waits, is not."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core import inbox
from core.inbox import Hearing, tables
from core.kernel.caller import SYSTEM
from tests.core.inbox.office import PAID, Office, paid
from tests.stripe_events import snapshot
from tests.world import World

pytestmark = pytest.mark.anyio

KEPT = timedelta(days=90)


async def known(world: World) -> tuple[list[str], int]:
    """Return the events that are kept, and of how many objects it is known how far they are."""
    async with world.database.read(SYSTEM) as work:
        sought = inbox.Sought(source=inbox.STRIPE)
        events = await inbox.list_events(work, sought, None, 10)
        objects = (await work.execute(select(func.count()).select_from(tables.objects))).scalar()
    return sorted(each.external_id for each in events), objects or 0


async def forget(world: World) -> int:
    async with world.database.begin(SYSTEM) as work:
        return await inbox.forget_old(work)


async def test_after_three_months_what_was_settled_is_forgotten_and_the_rest_is_kept(
    world: World,
) -> None:
    async def handle(hearing: Hearing) -> None:
        async with hearing.begin() as work:
            await hearing.is_news(work)
            await hearing.handled(work)

    async def fail(_: Hearing) -> None:
        raise ConnectionError

    here = Office(world, {PAID: handle, "charge.failed": fail})
    began = world.clock.now()
    await here.deliver(
        paid("evt_handled"),
        snapshot("evt_ignored", "unheard.of", {"id": "x_1"}),
        snapshot("evt_parked", "charge.failed", {"id": "ch_1"}),
    )
    await here.hear_to_the_end()
    world.clock.instant = began + KEPT
    await here.deliver(snapshot("evt_waiting", "charge.failed", {"id": "ch_2"}))
    assert await forget(world) == 0

    world.clock.advance(seconds=1)
    assert await forget(world) == 3

    assert await known(world) == (["evt_parked", "evt_waiting"], 0)
