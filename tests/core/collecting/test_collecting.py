"""An invoice that is issued is collected by itself: by card, or by a page that people are sent."""

import pytest

from core.payments import CheckoutDraft, Payment, PaymentDeclined, PaymentState
from tests.core.bills.bills import line
from tests.core.collecting.till import (
    BEGUN,
    CANCELED,
    FAILED,
    NEEDS_ACTION,
    PROCESSING,
    SUCCEEDED,
    open_till,
)
from tests.core.topups.pump import ASKS, DECLINED
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

ALL = (BEGUN, PROCESSING, NEEDS_ACTION, SUCCEEDED, FAILED, CANCELED)
STOLEN = PaymentDeclined("Your card was declined.", "card_declined", "stolen_card")


async def test_what_is_due_is_paid_with_the_kept_card_and_booked_as_paid(world: World) -> None:
    till = await open_till(world)

    invoice = await till.collect()

    assert (str(invoice.state), invoice.figures.paid, invoice.figures.due) == ("paid", 10000, 0)
    [paid] = till.paid()
    assert (paid.received.amount, paid.metadata["invoice_id"]) == (10000, invoice.id)
    assert await till.happened(*ALL) == [BEGUN, SUCCEEDED]
    [attempt] = await till.attempts()
    told = await till.told_of(SUCCEEDED)
    assert (attempt["state"], attempt["payment_id"]) == ("succeeded", told["payment_id"])
    assert told["invoice_id"] == invoice.id
    # What was paid is where the provider holds it, and nobody owes anything.
    assert await till.accounts() == {"clearing USD/2": 10000, "revenue USD/2": 10000}
    assert till.asked_to_pay() == [f"{attempt['id']}:pay"]
    await till.hear()
    await till.work_off()
    assert (await till.accounts())["clearing USD/2"] == 10000
    await till.must_agree()


async def test_what_wallets_paid_is_not_asked_for_and_nothing_is_asked_where_nothing_is_due(
    world: World,
) -> None:
    till = await open_till(world)

    await till.collect("nothing", line("seat", "0.00"))

    assert await till.happened(*ALL) == []
    assert till.asked_to_pay() == []


async def test_a_decline_is_told_with_its_reason_and_whether_another_day_may_help(
    world: World,
) -> None:
    till = await open_till(world, decline=DECLINED)

    invoice = await till.collect()

    assert (str(invoice.state), invoice.figures.due) == ("open", 10000)
    told = await till.told_of(FAILED)
    assert (told["reason"], told["code"]) == ("Your card was declined.", "insufficient_funds")
    assert (told["permanent"], told["declined"]) == (False, True)
    [made] = till.provider.all(Payment)
    # It can never be paid after all, beside the next attempt.
    assert made.state == PaymentState.CANCELED

    till.provider.declines.clear()
    await till.again(invoice.id)

    assert str((await till.invoice(invoice.id)).state) == "paid"
    assert await till.happened(*ALL) == [BEGUN, FAILED, BEGUN, SUCCEEDED]
    assert [each["turn"] for each in await till.attempts()] == [1, 2]


async def test_after_a_card_was_stolen_the_same_card_is_said_to_be_of_no_use(
    world: World,
) -> None:
    till = await open_till(world, decline=STOLEN)

    await till.collect()

    assert (await till.told_of(FAILED))["permanent"] is True


async def test_where_the_bank_asks_for_the_customer_a_link_is_mailed_and_it_is_no_decline(
    world: World,
) -> None:
    till = await open_till(world, decline=ASKS)

    invoice = await till.collect()

    assert await till.happened(*ALL) == [BEGUN, NEEDS_ACTION]
    told = await till.told_of(NEEDS_ACTION)
    assert (told["invoice_id"], told["why"]) == (invoice.id, "authentication_required")
    [mail] = await till.mails()
    assert (mail.address, mail.subject) == ("owner@example.com", "Acme: Your bank asks for you")
    assert told["url"] in (mail.text or "")
    assert "100.00 USD" in (mail.text or "")

    await till.pay_page()

    assert str((await till.invoice(invoice.id)).state) == "paid"
    assert await till.happened(*ALL) == [BEGUN, NEEDS_ACTION, SUCCEEDED]
    assert [each.received.amount for each in till.paid()] == [10000]
    await till.must_agree()


async def test_without_a_kept_method_exactly_that_invoice_is_on_a_page_that_people_are_sent(
    world: World,
) -> None:
    till = await open_till(world, card=False)

    invoice = await till.collect()

    assert (await till.told_of(NEEDS_ACTION))["why"] == "no_payment_method"
    [mail] = await till.mails()
    assert mail.subject == f"Acme: Invoice {invoice.number} is due"
    draft = till.provider.details[await till.page()]
    assert isinstance(draft, CheckoutDraft)
    assert [(each.name, each.unit and each.unit.amount) for each in draft.lines] == [
        (f"Invoice {invoice.number}", 10000)
    ]
    await till.pay_page()
    assert str((await till.invoice(invoice.id)).state) == "paid"
    assert await till.happened(FAILED) == []
    await till.must_agree()


async def test_a_link_that_nobody_used_ends_the_attempt_and_the_next_one_sends_another(
    world: World,
) -> None:
    till = await open_till(world, card=False)
    invoice = await till.collect()

    world.clock.advance(days=1)
    await till.work_off()

    told = await till.told_of(FAILED)
    assert (told["code"], told["permanent"], told["declined"]) == ("link_not_used", False, False)

    await till.again(invoice.id)

    assert len(await till.mails()) == 2
    await till.pay_page()
    assert str((await till.invoice(invoice.id)).state) == "paid"


async def test_a_payment_that_takes_days_is_waited_for_and_told_when_it_bounces(
    world: World,
) -> None:
    till = await open_till(world, card=False)
    invoice = await till.collect()
    page = await till.page()

    till.provider.pay_later(page)
    await till.hear()
    await till.work_off()

    assert (await till.attempts())[-1]["state"] == "processing"
    assert str((await till.invoice(invoice.id)).state) == "open"

    till.provider.bounce(page)
    await till.hear()
    await till.work_off()

    assert await till.happened(*ALL) == [BEGUN, NEEDS_ACTION, PROCESSING, FAILED]


async def test_an_invoice_that_is_settled_elsewhere_is_not_asked_for_any_more(
    world: World,
) -> None:
    till = await open_till(world, card=False)
    invoice = await till.collect()
    page = await till.page()

    here = {"project_id": till.project, "invoice_id": invoice.id}
    await till.must("pay_invoice", OPERATOR, **here, amount="40.00", payment_reference="bank 1")
    await till.work_off()

    # Of what is left another page is opened; on the first one nobody can pay any more.
    assert [each["state"] for each in await till.attempts()] == ["canceled", "needs_action"]
    assert (await till.attempts())[-1]["amount"] == "60.00"
    assert str(till.provider.kept[page].state) == "expired"

    await till.must("pay_invoice", OPERATOR, **here, amount="60.00", payment_reference="bank 2")
    await till.work_off()

    assert await till.happened(FAILED) == []
    assert [each["state"] for each in await till.attempts()] == ["canceled", "canceled"]
    await till.must_agree()


async def test_what_the_provider_cannot_take_is_left_to_be_paid_in_another_way(
    world: World,
) -> None:
    till = await open_till(world)

    invoice = await till.collect("one", line("seat", "0.30"))

    assert await till.happened(*ALL) == [BEGUN, CANCELED]
    assert (await till.told_of(CANCELED))["code"] == "amount_too_small"
    assert str((await till.invoice(invoice.id)).state) == "open"
    assert till.asked_to_pay() == []
