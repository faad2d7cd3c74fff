"""A provider that is away for long: what was asked for is given in the end, and once."""

from typing import Any

import pytest

from core import jobs, payments
from tests.core.settling.selling import Sold, sold
from tests.core.wallets.bank import told
from tests.world import OPERATOR, World

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

    given = await this.shop.must("get_refund", refund_id=asked["id"])
    assert (asked["state"], given["state"]) == ("asked", "succeeded")
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

    given = await this.shop.must("get_refund", refund_id=asked["id"])
    assert (asked["state"], given["state"]) == ("asked", "succeeded")
    assert len([*this.shop.provider.all(payments.Refund)]) == 1
    await this.shop.must_agree()


async def given_up(world: World) -> tuple[Sold, dict[str, Any]]:
    """Have a refund asked for until nobody asks any more."""
    this = await sold(world)
    this.shop.gateway.away = True
    asked = (await this.refund("4", key="once")).unwrap()
    await pass_hours(this, 60)
    [(_, facts)] = await told(world, "refund.given_up")
    assert (facts["payment_id"], facts["amount"]) == (this.payment, "4.00")
    this.shop.gateway.away = False
    await pass_hours(this, 3)
    assert not [*this.shop.provider.all(payments.Refund)]
    return this, asked


async def test_a_refund_that_was_given_up_is_asked_for_again_by_an_operator_and_once(
    world: World,
) -> None:
    this, asked = await given_up(world)
    named = {"project_id": this.shop.project, "refund_id": asked["id"]}

    again = await this.shop.must("retry_refund", OPERATOR, **named)

    assert (again["id"], again["state"]) == (asked["id"], "succeeded")
    assert (await this.record())["refunded"] == "4.00"
    assert await this.shop.refused("retry_refund", OPERATOR, **named) == "refund_answered"
    assert await this.shop.refused("retry_refund", this.shop.admin, **named) == "not_allowed"
    assert len([*this.shop.provider.all(payments.Refund)]) == 1
    await this.shop.must_agree()


async def test_a_refund_whose_answer_was_lost_before_it_was_given_up_is_found_again(
    world: World,
) -> None:
    this = await sold(world)
    this.shop.gateway.lost_answers = 1
    asked = (await this.refund("4")).unwrap()
    this.shop.gateway.away = True
    await pass_hours(this, 60)
    this.shop.gateway.forget_keys()
    this.shop.gateway.away = False
    named = {"project_id": this.shop.project, "refund_id": asked["id"]}

    again = await this.shop.must("retry_refund", OPERATOR, **named)

    assert again["state"] == "succeeded"
    assert len([*this.shop.provider.all(payments.Refund)]) == 1
    await this.shop.must_agree()


async def test_a_refund_of_what_the_bank_disputes_meanwhile_is_not_asked_for_again(
    world: World,
) -> None:
    this, asked = await given_up(world)
    this.shop.provider.dispute(this.external)
    await this.shop.hear()
    named = {"project_id": this.shop.project, "refund_id": asked["id"]}

    assert await this.shop.refused("retry_refund", OPERATOR, **named) == "payment_disputed"
