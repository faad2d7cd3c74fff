"""What is told of a charge: the processor's fee, and refunds that were made at the provider."""

from dataclasses import replace

import pytest

from core import payments
from core.inbox import STRIPE, State, find_event
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.payments import ProviderEvent, RefundDraft
from tests.core.settling.selling import Sold, sold
from tests.world import World

pytestmark = pytest.mark.anyio

FEE = 1000 * 29 // 1000 + 30


def tell(this: Sold, event_type: str, charge_id: str, metadata: dict[str, str]) -> ProviderEvent:
    """Have the provider tell of a charge, which it does as an object that we never read."""
    provider = this.shop.provider
    told = ProviderEvent(
        id=provider.new("evt"),
        type=event_type,
        occurred_at=this.shop.world.clock.now().replace(microsecond=0),
        live=False,
        api_version="fake",
        object_type="charge",
        object_id=charge_id,
        payload={"data": {"object": {"id": charge_id, "metadata": metadata}}},
    )
    provider.events.append(told)
    return told


def charge_of(this: Sold) -> str:
    return this.shop.provider.find(payments.Payment, this.external).charge_id or ""


async def state_of(world: World, event: ProviderEvent) -> State:
    async with world.database.read(SYSTEM) as work:
        found = await find_event(work, STRIPE, event.id)
    assert found is not None
    return found.state


async def test_the_processors_fee_is_booked_once_however_often_it_is_told(world: World) -> None:
    this = await sold(world)
    for event_type in ("charge.succeeded", "charge.updated", "charge.updated"):
        tell(this, event_type, charge_of(this), {})
    await this.shop.hear()

    accounts = await this.shop.accounts()
    assert (accounts["fees USD/2"], accounts["clearing USD/2"]) == (FEE, 1000 - FEE)
    await this.shop.must_agree()


async def test_a_refund_is_found_by_the_charge_alone(world: World) -> None:
    this = await sold(world)
    shop = this.shop
    await shop.gateway.refund(RefundDraft(payment_id=this.external), key="by hand")
    tell(this, "charge.refunded", charge_of(this), {})

    await shop.hear("charge.refunded")

    [told] = (await shop.must("list_refunds"))["items"]
    assert (told["state"], told["amount"]) == ("succeeded", "10.00")
    await shop.hear()
    assert len((await shop.must("list_refunds"))["items"]) == 1
    await shop.must_agree()


async def test_a_charge_of_ours_waits_for_its_payment_and_others_are_none_of_ours(
    world: World,
) -> None:
    this = await sold(world)
    ours = tell(this, "charge.succeeded", "ch_early", {"payment_id": this.payment})
    others = [
        tell(this, "charge.succeeded", "ch_others", names) for names in ({}, {"payment_id": "42"})
    ]
    await this.shop.hear()

    assert await state_of(world, ours) is State.WAITING
    assert [await state_of(world, each) for each in others] == [State.IGNORED] * 2


async def test_another_currency_that_is_settled_in_goes_through_exchange(world: World) -> None:
    this = await sold(world)
    provider, euro = this.shop.provider, Asset("EUR", 2)
    paid = provider.find(payments.Payment, this.external)
    moved = provider.find(payments.ProcessorTransaction, paid.processor_transaction_id or "")

    def euros(amount: int) -> Money:
        return Money(amount, euro)

    provider.keep(replace(moved, amount=euros(900), fee=euros(50), net=euros(850)))
    tell(this, "charge.updated", charge_of(this), {})
    await this.shop.hear()

    accounts = await this.shop.accounts()
    assert {name: n for name, n in accounts.items() if "CREDIT" not in name} == {
        "clearing EUR/2": 850,
        "fees EUR/2": 50,
        "exchange EUR/2": 900,
    }
    await this.shop.must_agree()


async def test_a_refund_of_nobodys_payment_is_none_of_ours(world: World) -> None:
    this = await sold(world)
    shop, provider = this.shop, this.shop.provider
    paid = provider.find(payments.Payment, this.external)
    provider.keep(replace(paid, id="pi_others", charge_id="ch_others", metadata={}))
    await shop.gateway.refund(RefundDraft(payment_id="pi_others"), key="by hand")
    await shop.hear()

    assert (await shop.must("list_refunds"))["items"] == []
    assert await state_of(world, provider.events[-1]) is State.IGNORED
