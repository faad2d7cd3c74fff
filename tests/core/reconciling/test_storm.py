"""After a storm of events the books are those of events in order, and the provider's."""

import asyncio
import random

import pytest

from core import inbox, jobs, payments
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.payments import DisputeState, ProviderEvent, RefundDraft
from tests.core.checkouts.shop import Shop, delivery_of, open_shop
from tests.core.reconciling.test_reconciling import reconciled
from tests.core.settling.selling import Sold
from tests.world import World

pytestmark = pytest.mark.anyio

PURCHASES = 12
SEED = 20261121


async def happen(shop: Shop) -> list[ProviderEvent]:
    """Sell packs; then give back, dispute and decide, all of it at the provider."""
    pages = [await shop.page_of(await shop.buy()) for _ in range(PURCHASES)]
    for n, page in enumerate(pages):
        paid = shop.provider.pay(page).payment_id or ""
        if n % 3 == 0:
            amount = shop.provider.find(payments.Payment, paid).amount
            part = RefundDraft(payment_id=paid, amount=Money(333, amount.asset))
            given = await shop.gateway.refund(part, key=f"part {n}")
            await shop.gateway.refund(RefundDraft(payment_id=paid), key=f"rest {n}")
            if n % 2 == 0:
                shop.provider.fail_refund(given.id)
        elif n % 3 == 1:
            opened = shop.provider.dispute(paid, inquiry=n == 4)
            end = DisputeState.LOST if n % 2 else DisputeState.WON
            shop.provider.decide(opened.id, DisputeState.WARNING_CLOSED if n == 4 else end)
    return [each for each in shop.provider.events if each.id not in shop.heard]


async def deliver(shop: Shop, events: list[ProviderEvent]) -> None:
    """Bring the events as they come, each to whichever of two workers is free."""
    for start in range(0, len(events), 10):
        async with shop.world.database.begin(SYSTEM) as work:
            await inbox.store(work, [delivery_of(each) for each in events[start : start + 10]])
        await asyncio.gather(*(jobs.run_due(shop.runtime) for _ in range(2)))
    for _ in range(20):
        shop.world.clock.advance(minutes=1)
        await jobs.run_due(shop.runtime)


async def test_a_storm_leaves_the_books_of_events_in_order_and_nothing_to_reconcile(
    world: World,
) -> None:
    shop = await open_shop(world, bonus_credits="77")
    events = await happen(shop)
    storm = events * 3
    random.Random(SEED).shuffle(storm)  # noqa: S311 - a storm that can be had again

    await deliver(shop, storm)

    accounts = await shop.accounts()
    live = {"lost": 0, "refunded": 0}
    for each in (await shop.must("list_payments", status="succeeded"))["items"]:
        for name, told in (("refunded", each["refunded"]), ("lost", each["disputed"])):
            live[name] += Money.of(told, Asset("USD", 2)).amount
    sold = PURCHASES * 1000
    assert accounts["exchange USD/2"] == sold - live["refunded"] - live["lost"]
    assert "disputed USD/2" not in accounts
    held = sum(each.amount.amount for each in shop.provider.all(payments.Refund))
    assert held > live["refunded"] > 0
    assert live["lost"] > 0
    await shop.must_agree()
    report, found = await reconciled(Sold(shop, ""))
    assert (report["state"], found) == ("clean", [])
    assert report["counts"]["missed_events"] == 0
    settled = await shop.accounts()
    await deliver(shop, storm)
    assert await shop.accounts() == settled
    await shop.must_agree()
