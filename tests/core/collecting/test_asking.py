"""People pay an invoice when they like: with a kept method of their choice, or on a page."""

import pytest

from core.payments import Method
from tests.core.collecting.till import FAILED, SUCCEEDED, open_till
from tests.core.topups.pump import DECLINED
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio


async def test_an_admin_pays_with_the_method_that_is_named(world: World) -> None:
    till = await open_till(world, decline=DECLINED)
    invoice = await till.collect()
    world.clock.advance(seconds=60)
    await till.keep_card()
    bad = [*till.provider.all(Method)][-1]
    kept = (await till.must("list_payment_methods"))["items"]
    good = next(each["id"] for each in kept if each["created_at"] > str(bad.created_at))

    paid = await till.must("collect_invoice", invoice_id=invoice.id, method_id=good)

    assert (paid["state"], paid["method_id"], paid["turn"]) == ("succeeded", good, 2)
    assert str((await till.invoice(invoice.id)).state) == "paid"
    await till.work_off()
    assert await till.happened(FAILED, SUCCEEDED) == [FAILED, SUCCEEDED]


async def test_a_page_that_is_open_is_answered_again_and_closed_by_who_pays_otherwise(
    world: World,
) -> None:
    till = await open_till(world, card=False)
    invoice = await till.collect()

    page = await till.must("create_invoice_checkout", till.member, invoice_id=invoice.id)
    assert page["id"] == (await till.attempts())[-1]["checkout_id"]
    assert (page["invoice_id"], page["price"], page["credits"]) == (invoice.id, "100.00", None)
    kept = await till.must(
        "create_invoice_checkout", invoice_id=invoice.id, keep_payment_method=True
    )
    await till.work_off()

    assert kept["id"] != page["id"]
    assert str(till.provider.kept[await till.page_of(page)].state) == "expired"
    assert [each["state"] for each in await till.attempts()] == ["canceled", "needs_action"]


async def test_what_is_not_owed_or_not_theirs_is_refused(world: World) -> None:
    till = await open_till(world)
    invoice = await till.collect()

    for name in ("collect_invoice", "create_invoice_checkout"):
        assert await till.refused(name, invoice_id=invoice.id) == "invoice_not_in_state"
        nobodys = {"invoice_id": "invc_01jd3x8k5vq2m7r9t4w6y0z1ab"}
        assert await till.refused(name, **nobodys) == "invoice_not_found"
    assert (
        await till.refused("collect_invoice", till.member, invoice_id=invoice.id) == "not_allowed"
    )
    here = {"project_id": till.project, "invoice_id": invoice.id}
    late = await till.refused(
        "pay_invoice", OPERATOR, **here, amount="1.00", payment_reference="bank"
    )
    assert late == "invoice_not_in_state"
    assert len(await till.attempts()) == 1
