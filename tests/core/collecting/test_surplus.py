"""Money that comes twice, too much, too little, or for nothing: none of it is lost."""

import pytest

from tests.core.collecting.till import SURPLUS, Till, open_till
from tests.core.topups.pump import DECLINED
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

PAID = {"clearing USD/2": 10000, "revenue USD/2": 10000}


async def waiting(world: World) -> tuple[Till, str, str]:
    """Have an invoice that waits for somebody on a page; return it, and the page's name."""
    till = await open_till(world, card=False)
    invoice = await till.collect()
    return till, invoice.id, await till.page()


async def test_paid_by_the_link_and_by_the_card_the_second_money_goes_back(world: World) -> None:
    till, invoice_id, page = await waiting(world)
    await till.keep_card()

    # Somebody pays on the page at the very moment at which the card is charged.
    till.provider.pay(page)
    await till.must("collect_invoice", invoice_id=invoice_id)
    await till.work_off()
    await till.hear()
    await till.work_off()

    assert str((await till.invoice(invoice_id)).state) == "paid"
    assert len(till.paid()) == 2
    told = await till.told_of(SURPLUS)
    assert (told["amount"], told["invoice_state"]) == ("100.00", "paid")
    [refund] = (await till.must("list_refunds"))["items"]
    assert (refund["id"], refund["state"], refund["amount"]) == (
        told["refund_id"],
        "succeeded",
        "100.00",
    )
    assert await till.accounts() == PAID
    await till.must_agree()


async def test_money_for_a_void_invoice_goes_back_and_the_trail_says_why(world: World) -> None:
    till, invoice_id, page = await waiting(world)
    here = {"project_id": till.project, "invoice_id": invoice_id}
    await till.must("void_invoice", OPERATOR, **here, reason="A mistake")

    till.provider.pay(page)
    await till.hear()
    await till.work_off()
    await till.hear()
    await till.work_off()

    told = await till.told_of(SURPLUS)
    assert (told["invoice_state"], told["amount"]) == ("void", "100.00")
    [refund] = (await till.must("list_refunds"))["items"]
    assert refund["state"] == "succeeded"
    assert await till.accounts() == {}
    refused = await till.refused("collect_invoice", invoice_id=invoice_id)
    assert refused == "invoice_not_in_state"
    await till.must_agree()


async def test_of_too_much_the_rest_goes_back(world: World) -> None:
    till, invoice_id, page = await waiting(world)
    here = {"project_id": till.project, "invoice_id": invoice_id}
    # Nobody has heard yet that 60 of the 100 were credited.
    line = (await till.must("get_invoice", OPERATOR, **here))["lines"][0]
    part = [{"line_id": line["line_id"], "amount": "60.00"}]
    await till.must("create_credit_note", OPERATOR, **here, reason="Half of it", lines=part)
    till.provider.pay(page)

    await till.hear()
    await till.work_off()
    await till.hear()
    await till.work_off()

    invoice = await till.invoice(invoice_id)
    assert (str(invoice.state), invoice.figures.paid) == ("paid", 4000)
    assert [each["amount"] for each in (await till.must("list_refunds"))["items"]] == ["60.00"]
    assert await till.accounts() == {"clearing USD/2": 4000, "revenue USD/2": 4000}
    await till.must_agree()


async def test_too_little_pays_a_part_and_the_rest_stays_due(world: World) -> None:
    till, invoice_id, page = await waiting(world)

    till.provider.pay_less(page, 3000)
    await till.hear()
    await till.work_off()

    invoice = await till.invoice(invoice_id)
    assert (str(invoice.state), invoice.figures.paid, invoice.figures.due) == ("open", 7000, 3000)
    assert (await till.attempts())[0]["state"] == "failed"
    await till.again(invoice_id)
    assert (await till.attempts())[-1]["amount"] == "30.00"
    assert str((await till.invoice(invoice_id)).state) == "paid"
    assert await till.accounts() == PAID
    await till.must_agree()


async def test_a_refund_of_a_surplus_that_the_provider_refuses_is_named_by_reconciliation(
    world: World,
) -> None:
    till, invoice_id, page = await waiting(world)
    here = {"project_id": till.project, "invoice_id": invoice_id}
    await till.must("void_invoice", OPERATOR, **here)
    till.provider.pay(page)
    await till.hear()
    await till.work_off()
    await till.hear()
    await till.work_off()
    [refund] = (await till.must("list_refunds"))["items"]
    till.provider.fail_refund(refund["provider_refund_id"])
    await till.hear()
    await till.work_off()
    world.clock.advance(minutes=20)

    report = await till.must("reconcile_payments", OPERATOR)
    await till.work_off()
    named = {"reconciliation_id": report["id"]}
    found = await till.must("list_reconciliation_differences", OPERATOR, **named)

    assert "settles nothing of" in str(found), found
    await till.must_agree()


async def test_a_declined_card_and_a_paid_link_of_one_invoice_are_paid_once(world: World) -> None:
    till = await open_till(world, decline=DECLINED)
    invoice = await till.collect()

    page = await till.must("create_invoice_checkout", till.member, invoice_id=invoice.id)
    till.provider.pay(await till.page_of(page))
    await till.hear()
    await till.work_off()

    assert str((await till.invoice(invoice.id)).state) == "paid"
    assert await till.accounts() == PAID
    assert [each["state"] for each in await till.attempts()] == ["failed", "succeeded"]
