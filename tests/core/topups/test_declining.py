"""What does not work: declines, banks that ask for the customer, and what people are told of it."""

import pytest

from core import topups
from core.kernel.caller import SYSTEM
from core.payments import Payment, PaymentState
from tests.core.topups.pump import (
    ASKS,
    DECLINED,
    FAILED,
    NEEDS_ACTION,
    PAUSED,
    SUCCEEDED,
    open_pump,
)
from tests.core.wallets.bank import told
from tests.world import World

pytestmark = pytest.mark.anyio

FULL = "1090.000000"
MINUTE, HOUR, DAY = 60, 3600, 86_400


async def test_a_decline_is_tried_again_after_longer_and_longer_pauses_then_paused(
    world: World,
) -> None:
    pump = await open_pump(world, decline=DECLINED)
    tried = []

    for pause in (0, 10 * MINUTE, HOUR, 6 * HOUR):
        await pump.tick(max(0, pause - 30))
        await pump.tick(60)
        tried.append(len(await pump.attempts()))
    await pump.tick(DAY)

    assert tried == [1, 2, 3, 4]
    assert await pump.states() == ["failed"] * 4
    rule = await pump.rule()
    assert (rule["state"], rule["paused_for"]) == ("paused", "insufficient_funds")
    assert await pump.happened(FAILED, PAUSED) == [*[FAILED] * 4, PAUSED]
    [mail] = await pump.mails()
    assert mail.address == "owner@example.com"
    assert "Your card was declined." in (mail.text or "")
    assert await pump.available() == "90.000000"
    await pump.must_agree()


async def test_it_is_not_tried_again_before_the_pause_is_over(world: World) -> None:
    pump = await open_pump(world, decline=DECLINED)
    await pump.tick()

    await pump.tick(9 * MINUTE)
    async with world.database.begin(SYSTEM) as work:
        # Nor by whoever saw the wallet before it began to rest.
        assert await topups.begin(work.within(pump.project), pump.wallet) is None

    assert len(await pump.attempts()) == 1
    rule = await pump.rule()
    assert (rule["failures"], rule["rests_for"], rule["count_today"]) == (
        1,
        "insufficient_funds",
        0,
    )


async def test_what_failed_is_cancelled_there_and_shown_with_its_reason(world: World) -> None:
    pump = await open_pump(world, decline=DECLINED)

    await pump.tick()
    await pump.hear()

    [attempt] = await pump.attempts()
    assert attempt["failure"] == {
        "reason": "Your card was declined.",
        "provider_code": "card_declined",
        "decline_code": "insufficient_funds",
    }
    [payment] = (await pump.must("list_payments"))["items"]
    assert (payment["status"], payment["failure"]["decline_code"]) == (
        "canceled",
        "insufficient_funds",
    )
    [made] = pump.provider.all(Payment)
    assert made.state == PaymentState.CANCELED


async def test_one_that_succeeds_makes_the_failures_before_it_forgotten(world: World) -> None:
    pump = await open_pump(world, decline=DECLINED)
    await pump.tick()
    pump.provider.declines.clear()

    await pump.tick(10 * MINUTE)

    assert await pump.states() == ["failed", "succeeded"]
    rule = await pump.rule()
    assert (rule["failures"], rule["rests_until"]) == (0, None)
    assert await pump.available() == FULL


async def test_set_again_it_goes_on_with_the_method_that_works(world: World) -> None:
    pump = await open_pump(world, decline=DECLINED)
    for pause in (0, 10 * MINUTE, HOUR, 6 * HOUR):
        await pump.tick(pause + 30)
    assert (await pump.rule())["state"] == "paused"

    await pump.keep_card()
    again = await pump.set()
    await pump.tick()

    assert (again["state"], again["failures"], again["paused_for"]) == ("on", 0, None)
    assert (await pump.states())[-1] == "succeeded"
    assert await pump.available() == FULL


# -- Where the bank asks for the customer ---------------------------------------------------------


async def test_where_the_bank_asks_for_the_customer_a_link_is_sent_and_what_is_paid_by_it_counts(
    world: World,
) -> None:
    pump = await open_pump(world, decline=ASKS)
    await pump.tick()
    await pump.tick()

    [attempt] = await pump.attempts()
    assert attempt["state"] == "needs_action"
    checkout = await pump.must("get_checkout", checkout_id=attempt["checkout_id"])
    assert (checkout["price"], checkout["credits"], checkout["wallet_id"]) == (
        "10.00",
        "1000.000000",
        pump.wallet,
    )
    [mail] = await pump.mails()
    assert checkout["url"] in (mail.text or "")
    [(_, asked)] = await told(world, NEEDS_ACTION)
    assert (asked["url"], asked["checkout_id"]) == (checkout["url"], checkout["id"])
    await pump.tick(HOUR)
    assert len(await pump.attempts()) == len(await pump.mails()) == 1

    pump.provider.pay(await pump.page_of(checkout))
    await pump.hear()
    await pump.tick()

    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    assert len(pump.paid()) == 1
    [(_, succeeded)] = await told(world, SUCCEEDED)
    assert succeeded["payment_id"] == checkout["payment_id"]
    rule = await pump.rule()
    assert (rule["failures"], rule["spent_today"]) == (0, "10.00")
    await pump.must_agree()


async def test_the_payment_that_the_bank_stopped_can_not_be_paid_beside_the_link(
    world: World,
) -> None:
    pump = await open_pump(world, decline=ASKS)

    await pump.tick()

    [stopped] = pump.provider.all(Payment)
    assert stopped.state == PaymentState.CANCELED
    [attempt] = await pump.attempts()
    payment = await pump.must("get_payment", payment_id=attempt["payment_id"])
    assert (payment["status"], payment["failure"]["provider_code"]) == (
        "canceled",
        "authentication_required",
    )


async def test_a_link_that_nobody_uses_is_a_failure_when_its_time_is_over(world: World) -> None:
    pump = await open_pump(world, decline=ASKS)
    await pump.tick()
    await pump.tick()

    await pump.tick(23 * HOUR)
    await pump.tick()

    [attempt] = await pump.attempts()
    assert (attempt["state"], attempt["failure"]["provider_code"]) == ("failed", "link_not_used")
    assert (await pump.rule())["failures"] == 1
    assert await pump.available() == "90.000000"


async def test_disabled_while_a_link_is_out_it_can_still_be_paid(world: World) -> None:
    pump = await open_pump(world, decline=ASKS)
    await pump.tick()
    await pump.tick()
    [attempt] = await pump.attempts()
    await pump.must("disable_auto_top_up", wallet_id=pump.wallet)
    checkout = await pump.must("get_checkout", checkout_id=attempt["checkout_id"])

    pump.provider.pay(await pump.page_of(checkout))
    await pump.hear()
    await pump.tick()

    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    assert (await pump.rule())["state"] == "off"


async def test_an_answer_that_was_lost_makes_one_link(world: World) -> None:
    pump = await open_pump(world, decline=ASKS)
    pump.gateway.lost_answers = 2

    for _ in range(4):
        await pump.tick(30)

    assert await pump.states() == ["needs_action"]
    assert len(await pump.mails()) == 1
    assert [name for name, _ in pump.gateway.asked].count("open_checkout") == 2
