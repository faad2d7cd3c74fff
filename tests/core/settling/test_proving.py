"""The proof sees whatever was changed of disputes, fees and payouts, in rows or in books."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from core import surface
from core.payments import DisputeState, Payout
from tests.core.reconciling.test_reconciling import reconciled
from tests.core.settling.selling import Sold, sold
from tests.world import World

pytestmark = pytest.mark.anyio


async def paid_out(world: World) -> Sold:
    """Have a payment that was lost to a bank, and a payout of what is left."""
    this = await sold(world, bonus_credits="100")
    opened = this.shop.provider.dispute(this.external)
    this.shop.provider.decide(opened.id, DisputeState.LOST)
    await this.shop.hear()
    await reconciled(this)
    this.shop.provider.pay_out()
    await this.shop.hear()
    await this.shop.must_agree()
    return this


async def problems(world: World) -> list[str]:
    return [str(each) for each in (await surface.prove(world.database)).differences]


CHANGES = {
    "update settling_disputes set credits_taken = credits_taken - 1": "taken back for it is not",
    "update settling_disputes set bonus_taken = bonus_taken - 1": "taken back for it is not",
    "update settling_disputes set written_off = 999": "999 is written off, and something else",
    "delete from settling_disputes": "there is no such dispute",
    "update settling_movements set fee = fee + 1, net = net - 1": "is booked",
    "update settling_movements set amount = amount - 1, net = net - 1 "
    "where dispute_id is not null": "is disputed; -1000 booked",
    "update settling_movements set transaction_id = null": "are booked that no row tells of",
    "update settling_movements set external_id = 'other' where dispute_id is null": (
        "booked another one"
    ),
    "update settling_movements set payout_id = null": "at the bank that no row tells of",
    "update settling_movements set payout_id = 'po_other'": "po_other brought",
    "update settling_payouts set booked = booked + 1": "is said to be of it",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_was_changed_behind_our_back_is_found(world: World, change: str) -> None:
    await paid_out(world)

    async with world.owner() as connection:
        await connection.execute(text(change))

    found = await problems(world)
    assert any(CHANGES[change] in each for each in found), found


async def test_a_payout_that_failed_is_proven_too(world: World) -> None:
    this = await paid_out(world)
    [payout] = this.shop.provider.all(Payout)
    this.shop.provider.keep(replace(payout, state="failed"), "payout.failed")
    await this.shop.hear()

    assert await problems(world) == []
    async with world.owner() as connection:
        named = f"update settling_movements set payout_id = '{payout.id}'"
        await connection.execute(text(named))
    assert any("brought" in each for each in await problems(world))
