"""Money that goes back of an invoice: with a credit note, without one, or taken by a bank."""

import pytest

from core.payments import DisputeState
from tests.core.collecting.till import Till, open_till
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio


async def paid_invoice(world: World) -> tuple[Till, str, str]:
    """Have an invoice over $100 that was paid by card; return it, and its payment."""
    till = await open_till(world)
    invoice = await till.collect()
    await till.hear()
    await till.work_off()
    return till, invoice.id, (await till.attempts())[0]["payment_id"]


async def credit(till: Till, invoice_id: str, amount: str | None = None, **sent: object) -> str:
    here = {"project_id": till.project, "invoice_id": invoice_id}
    line = (await till.must("get_invoice", OPERATOR, **here))["lines"][0]
    if amount:
        sent["lines"] = [{"line_id": line["line_id"], "amount": amount}]
    made = await till.must("create_credit_note", OPERATOR, **here, reason="Outage", **sent)
    await till.work_off()
    await till.hear()
    await till.work_off()
    return str(made["number"])


async def test_a_credit_note_gives_a_part_back_as_money_and_then_the_rest(world: World) -> None:
    till, invoice_id, payment_id = await paid_invoice(world)

    first = await credit(till, invoice_id, "30.00", refund=True)

    assert await till.accounts() == {"clearing USD/2": 7000, "revenue USD/2": 7000}
    payment = await till.must("get_payment", payment_id=payment_id)
    assert payment["refunded"] == "30.00"
    await till.must_agree()

    second = await credit(till, invoice_id, refund=True)

    assert (first, second) == ("CN-2026-000001", "CN-2026-000002")
    assert await till.accounts() == {}
    invoice = await till.invoice(invoice_id)
    assert (str(invoice.state), invoice.figures.returned, invoice.figures.due) == ("paid", 10000, 0)
    # Nobody is asked for it again.
    assert len(await till.attempts()) == 1
    await till.must_agree()


async def test_what_did_not_come_through_the_provider_goes_into_a_wallet(world: World) -> None:
    till = await open_till(world, card=False)
    invoice = await till.collect()
    here = {"project_id": till.project, "invoice_id": invoice.id}
    await till.must("pay_invoice", OPERATOR, **here, amount="60.00", payment_reference="bank")
    await till.work_off()
    await till.pay_page()

    refused = await till.refused("create_credit_note", OPERATOR, **here, reason="X", refund=True)
    assert refused == "credit_wallet_missing"
    wallet = await till.must(
        "create_wallet", OPERATOR, project_id=till.project, name="W", asset="USD/2"
    )
    await credit(till, invoice.id, refund=True, wallet_id=wallet["id"])

    assert await till.accounts() == {"bank USD/2": 6000, "wallet USD/2": 6000}
    await till.must_agree()


async def test_a_refund_without_a_credit_note_leaves_the_invoice_owed_and_asks_nobody(
    world: World,
) -> None:
    till, invoice_id, payment_id = await paid_invoice(world)

    await till.refund(payment_id, amount="40.00")

    invoice = await till.invoice(invoice_id)
    assert (str(invoice.state), invoice.figures.due) == ("open", 4000)
    assert len(await till.attempts()) == 1
    assert (await till.accounts())["receivable USD/2"] == 4000
    await till.must_agree()


async def test_a_refund_that_fails_after_all_settles_the_invoice_again(world: World) -> None:
    till, invoice_id, payment_id = await paid_invoice(world)
    refund = await till.refund(payment_id)
    assert str((await till.invoice(invoice_id)).state) == "open"

    shown = await till.must("get_refund", refund_id=refund["id"])
    till.provider.fail_refund(shown["provider_refund_id"])
    await till.hear()
    await till.work_off()

    assert str((await till.invoice(invoice_id)).state) == "paid"
    await till.must_agree()


@pytest.mark.parametrize(
    ("end", "state"), [(DisputeState.WON, "paid"), (DisputeState.LOST, "open")]
)
async def test_a_dispute_that_is_lost_leaves_the_invoice_owed(
    world: World, end: DisputeState, state: str
) -> None:
    till, invoice_id, payment_id = await paid_invoice(world)
    record = await till.must("get_payment", payment_id=payment_id)

    dispute = till.provider.dispute(record["provider_payment_id"])
    await till.hear()
    await till.work_off()
    assert str((await till.invoice(invoice_id)).state) == "paid"
    till.provider.decide(dispute.id, end)
    await till.hear()
    await till.work_off()

    assert str((await till.invoice(invoice_id)).state) == state
    await till.must_agree()
