"""A card fails on the 31st: mails on their days, suspension, another card, and all is as before."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import dunning, jobs, parties, subscriptions
from core.dunning import tables
from core.kernel.caller import ANONYMOUS
from core.messaging import mailing
from core.payments import Method
from tests.core.collecting.till import Till, open_till
from tests.core.ledger.books import unit
from tests.core.subscriptions.counter import day
from tests.core.topups.pump import DECLINED
from tests.core.wallets.bank import open_wallet
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

BERLIN = ZoneInfo("Europe/Berlin")
FEE = {
    "key": "fee",
    "name": "Fee",
    "kind": "recurring",
    "prices": {"usd": {"model": "flat", "amount": "30"}},
}
CREDITS = {"amount": "100", "asset": "CREDIT/6"}


async def subscribed(world: World, at: datetime) -> tuple[Till, str]:
    """Have a subscription that begins and is paid then, at 30 dollars and 100 credits a month."""
    world.clock.instant = at
    till = await open_till(world)
    till.wallet = await open_wallet(world, till.project, asset="CREDIT/6")
    here = {"project_id": till.project}
    await till.must("update_project", OPERATOR, **here, name="Ada", time_zone="Europe/Berlin")
    await till.must("create_product", OPERATOR, product_key="app", name="App")
    await till.must("create_price_book", OPERATOR, book_key="usd", name="USD", currency="USD/2")
    plan = {"plan_key": "pro", "product_key": "app", "name": "Pro", "items": [FEE]}
    await till.must("create_plan", OPERATOR, **plan, included_credits=CREDITS)
    await till.must("publish_plan", OPERATOR, plan_key="pro")
    async with unit(world, till.project) as work:
        await parties.set_details(work, {"email": "books@ada.test"})
        await jobs.install(work, (*subscriptions.SCHEDULES, *dunning.SCHEDULES))
    one = await till.must("create_subscription", plan_key="pro", currency="USD/2")
    await till.work_off()
    return till, str(one["id"])


async def go(till: Till, until: datetime) -> None:
    """Let time pass until then, from due date to due date of whatever dunning has planned."""
    s = tables.steps.c
    while True:
        async with unit(till.world, till.project) as work:
            query = select(s.due_at).where(s.done_at.is_(None)).order_by(s.due_at).limit(1)
            due = (await work.execute(query)).scalar_one_or_none()
        if due is None or due > until:
            break
        await at(till, due + timedelta(seconds=31))
    await at(till, until)


async def at(till: Till, instant: datetime) -> None:
    till.world.clock.instant = max(instant, till.world.clock.instant)
    await till.work_off()


async def letters(till: Till) -> list[mailing.Kept]:
    async with unit(till.world, till.project) as work:
        kept = await mailing.kept(work, "https://bursar.test", limit=200)
    told = [each for each in reversed(kept) if each.address == "books@ada.test"]
    return [each for each in told if each.purpose in {"dunning", "renewal_notice"}]


async def state(till: Till, subscription_id: str) -> str:
    told = await till.must("get_subscription", subscription_id=subscription_id)
    return str(told["state"])


async def test_a_card_fails_on_the_31st_and_another_one_puts_everything_right(world: World) -> None:
    till, one = await subscribed(world, day("2025-12-31T08:00"))
    [card] = till.provider.all(Method)
    assert await state(till, one) == "active"
    assert await till.available() == "100.000000"

    await go(till, day("2026-01-24T08:05"))
    till.provider.declines[card.id] = DECLINED
    await go(till, day("2026-01-31T08:01"))
    assert await state(till, one) == "past_due"
    await go(till, day("2026-02-14T08:05"))

    assert [
        f"{each.created_at.astimezone(BERLIN):%m-%d %H} {each.subject}"
        for each in await letters(till)
    ] == [
        "01-24 09 Ada: Pro renews on 2026-01-31",
        "02-07 09 Ada: a payment of 30.00 USD did not go through",
        "02-11 09 Ada: 30.00 USD is still to be paid",
        "02-13 09 Ada: 30.00 USD is still to be paid",
        "02-14 03 Ada: last warning about 30.00 USD",
        "02-14 09 Ada: access is suspended",
    ]
    assert await state(till, one) == "suspended"
    assert len(till.asked_to_pay()) == 6
    assert (await till.must("get_billing_status"))["banner"] == "suspended"

    await go(till, day("2026-02-16T12:00"))
    [token] = re.findall(r"/billing/card/(\S+)", (await letters(till))[-1].text or "")
    await till.must("open_card_update", ANONYMOUS, token=token)
    await till.work_off()
    page = await till.must("open_card_update", ANONYMOUS, token=token)
    till.provider.pay(await till.page_of(page))
    await till.hear()
    await till.work_off()

    assert await state(till, one) == "active"
    [run] = (await till.must("list_dunning_runs"))["items"]
    assert (run["outcome"], run["closed_at"][:16]) == ("recovered", "2026-02-16T12:00")
    assert await till.available() == "200.000000"
    await go(till, day("2026-02-21T08:05"))
    await go(till, day("2026-02-28T08:05"))
    assert (await state(till, one), len(await letters(till))) == ("active", 7)
    assert await till.accounts() == {
        "clearing USD/2": 9000,
        "deferred USD/2": 9000,
        "wallet CREDIT/6": 300_000_000,
        "promotions CREDIT/6": 300_000_000,
    }
    await till.must_agree()


async def test_days_are_kept_over_the_night_in_which_the_clocks_change_and_the_end_of_a_month(
    world: World,
) -> None:
    till, one = await subscribed(world, day("2026-02-20T08:00"))
    [card] = till.provider.all(Method)
    till.provider.declines[card.id] = DECLINED

    await go(till, day("2026-03-13T08:05"))
    await go(till, day("2026-03-20T08:01"))
    await go(till, day("2026-04-03T07:05"))

    assert [f"{each.created_at.astimezone(BERLIN):%m-%d %H}" for each in await letters(till)] == [
        *("03-13 09", "03-27 09", "03-31 09", "04-02 09", "04-03 03", "04-03 09")
    ]
    assert await state(till, one) == "suspended"
    await till.must_agree()
