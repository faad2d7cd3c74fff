"""Less than the price buys nothing, but for what the provider itself took off."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from core import payments
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.payments import CheckoutState, PaidState, Told
from tests.core.checkouts.shop import Shop, open_shop
from tests.core.reconciling.test_reconciling import reconciled
from tests.core.settling.selling import Sold
from tests.core.wallets.bank import told
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

EVENTS = ("payment_intent.succeeded", "checkout.session.completed")
SHORT = {"clearing USD/2": 600, "exchange USD/2": 600}


async def paid_less(world: World, *, promoted: bool = False) -> tuple[Shop, dict[str, Any]]:
    """Have six dollars paid for a pack of ten."""
    shop = await open_shop(world, bonus_credits="100")
    checkout = await shop.buy()
    shop.provider.pay_less(await shop.page_of(checkout), 400, promoted=promoted)
    return shop, checkout


@pytest.mark.parametrize("order", [EVENTS, EVENTS[::-1]])
async def test_less_than_the_price_buys_nothing_and_its_money_is_booked(
    world: World, order: tuple[str, str]
) -> None:
    shop, checkout = await paid_less(world)
    for event in order * 2:
        await shop.hear(event, again=True)

    payment = await shop.must("get_payment", payment_id=checkout["payment_id"])
    assert (payment["status"], payment["amount"], payment["received"]) == (
        "underpaid",
        "10.00",
        "6.00",
    )
    assert await shop.available() == "0.000000"
    assert await shop.accounts() == SHORT
    page = await shop.poll(checkout)
    assert (page["state"], page["payment_status"]) == ("complete", "underpaid")
    [(_, facts)] = await told(world, "payment.underpaid")
    assert (facts["amount"], facts["received"]) == ("10.00", "6.00")
    assert await told(world, "payment.succeeded") == []
    for status, count in {"underpaid": 1, "succeeded": 0}.items():
        listed = await shop.must("list_payments", status=status)
        assert len(listed["items"]) == count
    await shop.must_agree()


@pytest.mark.parametrize("order", [EVENTS, EVENTS[::-1]])
async def test_what_the_providers_promotion_took_off_is_no_shortage(
    world: World, order: tuple[str, str]
) -> None:
    shop, checkout = await paid_less(world, promoted=True)
    await shop.hear(order[0])
    if order == EVENTS:
        # The payment alone does not say why it is less.
        waits = await shop.must("get_payment", payment_id=checkout["payment_id"])
        assert waits["status"] == "pending"
    await shop.hear(order[1])

    payment = await shop.must("get_payment", payment_id=checkout["payment_id"])
    assert (payment["status"], payment["received"]) == ("succeeded", "6.00")
    assert await shop.available() == "1100.000000"
    await shop.must_agree()


async def test_a_shortage_is_named_by_every_reconciliation_until_it_is_given_back(
    world: World,
) -> None:
    shop, checkout = await paid_less(world)
    this = Sold(shop, checkout["payment_id"])

    report, [found] = await reconciled(this)
    assert (report["state"], found["kind"], found["object"]) == ("different", "amount", "payment")
    assert (found["our_id"], found["theirs"]) == (this.payment, "6.00 USD")
    assert found["ours"] == "underpaid: 10.00 USD was asked for"

    given = (await this.refund()).unwrap()
    assert (given["state"], given["amount"]) == ("succeeded", "6.00")
    assert (given["credits_taken_back"], given["credits_lost"]) == ("0.000000", "0.000000")
    assert (await reconciled(this))[0]["state"] == "clean"
    assert "exchange USD/2" not in await shop.accounts()
    await shop.must_agree()


async def test_an_operator_may_grant_what_less_is_worth_and_it_stays_granted(
    world: World,
) -> None:
    shop, checkout = await paid_less(world)
    await shop.hear()
    gift = {"project_id": shop.project, "wallet_id": shop.wallet, "amount": "600"}
    await shop.must("grant_credits", OPERATOR, **gift)
    opened = shop.provider.dispute(shop.provider.find(payments.Payment, "pi_fake000001").id)
    shop.provider.decide(opened.id, payments.DisputeState.LOST)
    await shop.hear()

    assert await shop.available() == "600.000000"
    assert (await shop.must("get_payment", payment_id=checkout["payment_id"]))["disputed"] == "6.00"
    await shop.must_agree()


async def test_a_page_that_is_paid_with_nothing_and_no_promotion_fails(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = shop.provider.find(payments.Checkout, await shop.page_of(checkout))
    free = replace(page, state=CheckoutState.COMPLETE, paid=PaidState.NOTHING_DUE, url=None)
    none = Money(0, Asset("USD", 2))
    shop.provider.keep(replace(free, total=none), "checkout.session.completed")
    await shop.hear()

    payment = await shop.must("get_payment", payment_id=checkout["payment_id"])
    assert (payment["status"], payment["failure"]["provider_code"]) == ("failed", "underpaid")
    assert await shop.available() == "0.000000"


async def test_a_refund_of_what_is_not_weighed_yet_waits_for_its_page(world: World) -> None:
    shop, checkout = await paid_less(world, promoted=True)
    external = next(shop.provider.all(payments.Payment)).id
    await shop.gateway.refund(payments.RefundDraft(payment_id=external), key="by hand")
    await shop.hear("refund.created")
    assert (await shop.must("list_refunds"))["items"] == []

    await shop.hear(*EVENTS)
    world.clock.advance(minutes=5)
    await shop.hear()

    [refund] = (await shop.must("list_refunds"))["items"]
    assert (refund["amount"], refund["credits_taken_back"]) == ("6.00", "1100.000000")
    assert refund["payment_id"] == checkout["payment_id"]
    await shop.must_agree()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("received = 601", "601 was paid; 600 is booked"),
        ("underpaid_at = null", "should have booked it, and does not"),
    ],
)
async def test_the_proof_sees_that_a_shortage_is_not_what_is_booked(
    world: World, change: str, says: str
) -> None:
    shop, _ = await paid_less(world)
    await shop.hear()
    async with world.owner() as connection:
        await connection.execute(text(f"update payments_payments set {change}"))

    with pytest.raises(AssertionError, match=says):
        await shop.must_agree()


async def test_what_is_told_of_an_off_session_payment_is_weighed_at_once(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    async with world.owner() as connection:
        await connection.execute(text("update payments_payments set purpose = 'top_up'"))
    short = Told(status=payments.Status.SUCCEEDED, received=Money(999, Asset("USD", 2)))
    async with world.database.begin(SYSTEM) as work:
        here = work.within(shop.project)
        record = await payments.fulfil(here, checkout["payment_id"], short)

    assert record.status is payments.Status.UNDERPAID
