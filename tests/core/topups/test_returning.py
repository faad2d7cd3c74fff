"""Whoever gets money back is not charged again because the credits went with it."""

from collections.abc import Awaitable, Callable

import pytest

from tests.core.topups.pump import PAUSED, Pump, open_pump
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio


async def refund_all(pump: Pump, payment_id: str) -> None:
    here = {"project_id": pump.project, "payment_id": payment_id}
    await pump.must("refund_payment", OPERATOR, **here)


async def dispute(pump: Pump, payment_id: str) -> None:
    record = await pump.must("get_payment", payment_id=payment_id)
    pump.provider.dispute(record["provider_payment_id"])
    await pump.hear()


@pytest.mark.parametrize("go_back", [refund_all, dispute])
async def test_a_payment_that_went_back_pauses_what_made_it(
    world: World, go_back: Callable[[Pump, str], Awaitable[None]]
) -> None:
    pump = await open_pump(world)
    for _ in range(3):
        await pump.tick()
    [paid] = (await pump.must("list_payments", status="succeeded"))["items"]

    await go_back(pump, paid["id"])
    for _ in range(3):
        await pump.tick()

    assert len(pump.paid()) == 1
    rule = await pump.rule()
    assert (rule["state"], rule["paused_for"]) == ("paused", "payment_went_back")
    assert await pump.happened(PAUSED) == [PAUSED]
    assert [each.subject.rsplit(": ", 1)[1] for each in await pump.mails()] == [
        "Auto top-up is paused"
    ]

    world.clock.advance(seconds=1)
    await pump.set()
    for _ in range(3):
        await pump.tick()
    assert len(pump.paid()) == 2
