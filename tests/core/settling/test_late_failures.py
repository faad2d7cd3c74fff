"""A refund fails of a payment that a bank disputes: nobody gets the same money twice."""

import pytest

from core.payments import DisputeState
from tests.core.settling.selling import Sold, sold
from tests.world import World

pytestmark = pytest.mark.anyio


async def refunded_and_disputed(world: World, amount: str) -> tuple[Sold, str, str]:
    """Give some of it back; then the bank disputes all of it."""
    this = await sold(world, bonus_credits="100")
    given = (await this.refund(amount)).unwrap()
    opened = this.shop.provider.dispute(this.external)
    await this.shop.hear()
    return this, str(given["provider_refund_id"]), opened.id


@pytest.mark.parametrize("amount", ["4", "10"])
async def test_a_refund_that_fails_after_the_dispute_was_lost_gives_no_credits_back(
    world: World, amount: str
) -> None:
    this, refund, dispute = await refunded_and_disputed(world, amount)
    this.shop.provider.decide(dispute, DisputeState.LOST)
    await this.shop.hear()
    assert await this.shop.available() == "0.000000"

    this.shop.provider.fail_refund(refund)
    await this.shop.hear()

    assert await this.shop.available() == "0.000000"
    told = await this.dispute()
    assert (told["credits_taken_back"], told["credits_lost"]) == ("1100.000000", "0.000000")
    accounts = await this.shop.accounts()
    assert accounts.keys() == {"clearing USD/2", "fees USD/2"}
    await this.hear_again()
    assert await this.shop.accounts() == accounts
    await this.shop.must_agree()


async def test_a_refund_that_fails_before_the_dispute_is_decided_is_frozen_with_the_rest(
    world: World,
) -> None:
    this, refund, dispute = await refunded_and_disputed(world, "4")
    assert (await this.dispute())["frozen_credits"] == "660.000000"

    this.shop.provider.fail_refund(refund)
    await this.shop.hear()

    assert (await this.dispute())["frozen_credits"] == "1100.000000"
    assert await this.shop.available() == "0.000000"
    this.shop.provider.decide(dispute, DisputeState.WON)
    await this.shop.hear()
    assert await this.shop.available() == "1100.000000"
    await this.shop.must_agree()


async def test_a_refund_that_fails_after_the_dispute_was_won_gives_everything_back(
    world: World,
) -> None:
    this, refund, dispute = await refunded_and_disputed(world, "4")
    this.shop.provider.decide(dispute, DisputeState.WON)
    this.shop.provider.fail_refund(refund)
    await this.shop.hear()

    assert await this.shop.available() == "1100.000000"
    await this.hear_again()
    assert await this.shop.available() == "1100.000000"
    await this.shop.must_agree()


async def test_a_part_that_was_lost_is_taken_once_however_often_it_is_heard(world: World) -> None:
    this = await sold(world, bonus_credits="100")
    opened = this.shop.provider.dispute(this.external, part=500)
    this.shop.provider.decide(opened.id, DisputeState.LOST)
    await this.shop.hear()
    assert await this.shop.available() == "550.000000"

    await this.hear_again()

    assert await this.shop.available() == "550.000000"
    assert (await this.dispute())["credits_taken_back"] == "550.000000"
    await this.shop.must_agree()
