"""Another installation on the same account: its objects are told to us, and are none of ours."""

from dataclasses import replace

import pytest

from core import inbox, payments
from core.inbox import State
from core.kernel.caller import SYSTEM
from core.payments import Checkout, Payment, RefundDraft
from tests.core.checkouts.shop import Shop, open_shop
from tests.core.reconciling.test_reconciling import reconciled
from tests.core.settling.selling import Sold
from tests.world import World

pytestmark = pytest.mark.anyio

THEIRS = {
    "project_id": "prj_01jd3x8k5vq2m7r9t4w6y0z1ab",
    "payment_id": "pay_01jd3x8k5vq2m7r9t4w6y0z1ab",
    "checkout_id": "chk_01jd3x8k5vq2m7r9t4w6y0z1ab",
}


ABOUT_PAYMENTS = {"checkout", "payment_intent", "charge", "refund"}


async def theirs(world: World, *, elsewhere: bool) -> Shop:
    """Have another installation sell, give back and lose, in words like ours."""
    shop = await open_shop(world)
    page = await shop.page_of(await shop.buy())
    ours, named = shop.provider.find(Checkout, page), THEIRS["checkout_id"]
    there = replace(ours, metadata=THEIRS, elsewhere=elsewhere, reference=named)
    shop.provider.kept[page] = there
    shop.provider.pay(page)
    paid = next(shop.provider.all(Payment))
    shop.provider.kept[paid.id] = replace(paid, metadata=THEIRS, elsewhere=elsewhere)
    shop.provider.tell_of_charge(paid.id, "charge.succeeded")
    await shop.gateway.refund(RefundDraft(payment_id=paid.id), key="by them")
    shop.provider.dispute(paid.id, inquiry=True)
    await shop.hear()
    return shop


async def states(shop: Shop) -> set[State]:
    found = set()
    for each in shop.provider.events:
        async with shop.world.database.read(SYSTEM) as work:
            event = await inbox.find_event(work, inbox.STRIPE, each.id)
        if event and event.type.split(".")[0] in ABOUT_PAYMENTS:
            found.add(event.state)
    return found


async def test_what_another_installation_made_is_ignored_and_no_difference(world: World) -> None:
    shop = await theirs(world, elsewhere=True)

    assert await states(shop) == {State.IGNORED}
    report, found = await reconciled(Sold(shop, ""))
    assert (report["state"], found) == ("clean", [])
    assert report["counts"]["foreign"] >= 3
    await shop.must_agree()


async def test_what_carries_our_mark_and_is_not_here_yet_is_waited_for(world: World) -> None:
    shop = await theirs(world, elsewhere=False)

    assert await states(shop) == {State.WAITING}
    assert (await reconciled(Sold(shop, "")))[0]["state"] == "different"


async def test_what_we_know_is_ours_whatever_mark_it_carries(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    shop.provider.kept[page] = replace(shop.provider.find(Checkout, page), elsewhere=True)
    shop.provider.pay(page)
    paid = next(shop.provider.all(Payment))
    shop.provider.kept[paid.id] = replace(paid, elsewhere=True)
    await shop.hear()

    told = await shop.must("get_payment", payment_id=checkout["payment_id"])
    assert told["status"] == str(payments.Status.SUCCEEDED)
    await shop.must_agree()
