"""A provider that is away for long: what was asked for is given in the end, and once."""

import pytest

from core import jobs, payments
from tests.core.settling.selling import Sold, sold
from tests.world import World

pytestmark = pytest.mark.anyio


async def pass_hours(this: Sold, hours: int) -> None:
    for _ in range(hours):
        this.shop.world.clock.advance(hours=1)
        await jobs.run_due(this.shop.runtime)


async def test_a_refund_is_given_once_the_provider_is_back_however_long_it_was_away(
    world: World,
) -> None:
    this = await sold(world)
    this.shop.gateway.away = True
    asked = (await this.refund("4", key="once")).unwrap()
    await pass_hours(this, 26)
    this.shop.gateway.away = False

    await pass_hours(this, 1)

    told = await this.shop.must("get_refund", refund_id=asked["id"])
    assert (asked["state"], told["state"]) == ("asked", "succeeded")
    await this.shop.must_agree()


async def test_a_refund_whose_answer_was_lost_is_found_when_its_key_is_forgotten(
    world: World,
) -> None:
    this = await sold(world)
    this.shop.gateway.lost_answers = 1
    asked = (await this.refund("4", key="once")).unwrap()
    this.shop.gateway.away = True
    await pass_hours(this, 26)
    this.shop.gateway.forget_keys()
    this.shop.gateway.away = False

    await pass_hours(this, 1)

    told = await this.shop.must("get_refund", refund_id=asked["id"])
    assert (asked["state"], told["state"]) == ("asked", "succeeded")
    assert len([*this.shop.provider.all(payments.Refund)]) == 1
    await this.shop.must_agree()
