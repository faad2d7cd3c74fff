"""Buying a pack: what is paid is credited once, whoever tells of it first, and nothing else is."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import checkouts, jobs, payments
from core.checkouts.following import look
from core.checkouts.tables import checkouts as page_table
from core.kernel.caller import SYSTEM
from core.payments import ProviderRefused, ProviderUnavailable
from tests.core.checkouts.shop import HERE, Shop, open_shop
from tests.core.wallets.bank import open_wallet, told
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

WALLET_FULL = "1000.000000"


async def test_a_pack_is_bought_on_the_providers_page_and_its_credits_come(world: World) -> None:
    shop = await open_shop(world, bonus_credits="50", expires_after_days=30)

    checkout = await shop.buy(quantity=2)

    assert (checkout["state"], checkout["payment_status"]) == ("open", "expected")
    assert checkout["url"].startswith("https://provider.test/pay/")
    assert (checkout["price"], checkout["currency"]) == ("20.00", "USD/2")
    assert await shop.available() == "0.000000"

    shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()

    after = await shop.poll(checkout)
    assert (after["state"], after["payment_status"], after["url"]) == (
        "complete",
        "succeeded",
        None,
    )
    assert await shop.available() == "2100.000000"
    assert await shop.accounts() == {
        "clearing USD/2": 20_00,
        "exchange USD/2": 20_00,
        "exchange CREDIT/6": -2_000_000_000,
        "promotions CREDIT/6": 100_000_000,
        "wallet CREDIT/6": 2_100_000_000,
    }
    await shop.must_agree()


async def test_what_was_bought_is_granted_on_the_packs_terms(world: World) -> None:
    shop = await open_shop(world, bonus_credits="50", expires_after_days=30)
    checkout = await shop.buy()
    shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()

    granted = await shop.must("list_grants", wallet_id=shop.wallet)

    in_a_month = (world.clock.now() + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    shown = {
        each["source"]: (each["amount"], each["priority"], each["expires_at"])
        for each in granted["items"]
    }
    assert shown == {
        "purchase": ("1000.000000", 100, in_a_month),
        "bonus": ("50.000000", 90, in_a_month),
    }
    world.clock.advance(days=31)
    assert await shop.available() == "0.000000"


async def test_a_payment_record_links_the_provider_and_the_ledger(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()

    [payment] = (await shop.must("list_payments"))["items"]

    assert payment == await shop.must("get_payment", payment_id=checkout["payment_id"])
    assert payment["provider_payment_id"] == page.payment_id
    assert payment["source_id"] == checkout["id"]
    assert payment["transaction_id"] == (await shop.poll(checkout))["transaction_id"]
    assert (payment["amount"], payment["received"], payment["refunded"]) == (
        "10.00",
        "10.00",
        "0.00",
    )
    [line] = (await shop.must("list_transactions", wallet_id=shop.wallet))["items"]
    assert (line["id"], line["reference"]) == (
        payment["transaction_id"],
        f"payment:{payment['id']}",
    )
    assert [kind for kind, _ in await told(world, "payment.succeeded", "wallet.credited")] == [
        "wallet.credited",
        "payment.succeeded",
    ]


async def test_of_ten_who_tell_of_one_payment_one_credits_it(world: World) -> None:
    shop = await open_shop(world, bonus_credits="1")
    checkout = await shop.buy()
    page = shop.provider.pay(await shop.page_of(checkout))
    looked = await look(shop.gateway, page.id)
    paid = await shop.gateway.read_payment(page.payment_id or "")

    async def fulfil_directly() -> None:
        async with world.database.begin(SYSTEM) as work:
            told = payments.Told.of_payment(paid)
            await payments.fulfil(work.within(shop.project), checkout["payment_id"], told)

    async def converge() -> None:
        async with world.database.begin(SYSTEM) as work:
            await checkouts.converge(work.within(shop.project), checkout["id"], looked)

    await asyncio.gather(
        shop.hear(),
        *(shop.poll(checkout) for _ in range(3)),
        *(fulfil_directly() for _ in range(3)),
        *(converge() for _ in range(3)),
    )

    assert await shop.available() == "1001.000000"
    assert len(await told(world, "payment.succeeded")) == 1
    await shop.must_agree()


@pytest.mark.parametrize("first", ["page", "payment event", "checkout event", "follow job"])
async def test_whoever_comes_first_fulfils_and_whoever_comes_later_changes_nothing(
    world: World, first: str
) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    shop.provider.pay(await shop.page_of(checkout))

    if first == "page":
        assert (await shop.poll(checkout))["payment_status"] == "succeeded"
    elif first == "payment event":
        await shop.hear("payment_intent.succeeded")
    elif first == "checkout event":
        await shop.hear("checkout.session.completed")
    else:
        world.clock.advance(hours=23)
        await jobs.run_due(shop.runtime)
    assert await shop.available() == WALLET_FULL
    await shop.hear()
    world.clock.advance(hours=24)
    await jobs.run_due(shop.runtime)

    assert await shop.available() == WALLET_FULL
    assert (await shop.poll(checkout))["state"] == "complete"
    assert len(await told(world, "payment.succeeded")) == 1


async def test_a_decline_grants_nothing_and_the_page_can_still_be_paid(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    shop.provider.decline(page)
    await shop.hear()

    declined = await shop.poll(checkout)
    assert (declined["state"], declined["payment_status"]) == ("open", "failed")
    assert declined["failure"] == "Your card was declined."
    assert await shop.available() == "0.000000"

    shop.provider.pay(page)
    world.clock.advance(seconds=3)
    paid = await shop.poll(checkout)

    assert (paid["payment_status"], paid["failure"]) == ("succeeded", None)
    assert await shop.available() == WALLET_FULL


async def test_a_method_that_takes_days_credits_when_the_money_comes(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    shop.provider.pay_later(page)
    await shop.hear()

    waiting = await shop.poll(checkout)
    assert (waiting["state"], waiting["payment_status"]) == ("complete", "pending")
    assert await shop.available() == "0.000000"

    shop.provider.settle(page)
    await shop.hear()

    assert await shop.available() == WALLET_FULL
    await shop.must_agree()


async def test_money_that_does_not_come_after_days_is_a_failed_payment(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    shop.provider.pay_later(page)
    await shop.hear()
    shop.provider.bounce(page)
    await shop.hear()

    payment = await shop.must("get_payment", payment_id=checkout["payment_id"])

    assert (payment["status"], payment["received"]) == ("failed", "0.00")
    assert payment["failure"]["reason"] == "The payment did not arrive."
    assert await shop.available() == "0.000000"


async def test_a_payment_that_takes_days_is_asked_after_even_if_no_event_comes(
    world: World,
) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    shop.provider.pay_later(page)
    world.clock.advance(hours=24)
    await jobs.run_due(shop.runtime)
    assert await shop.available() == "0.000000"
    shop.provider.settle(page)

    world.clock.advance(days=2)
    await jobs.run_due(shop.runtime)

    assert await shop.available() == WALLET_FULL


async def test_a_page_that_nobody_paid_is_over(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    shop.provider.expire(await shop.page_of(checkout))
    await shop.hear()

    over = await shop.poll(checkout)

    assert (over["state"], over["payment_status"], over["url"]) == ("expired", "canceled", None)
    assert await shop.available() == "0.000000"


async def test_a_page_whose_time_is_over_is_closed_even_if_no_event_comes(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()

    world.clock.advance(hours=23)
    await jobs.run_due(shop.runtime)

    assert (await shop.poll(checkout))["state"] == "expired"
    assert ("expire_checkout", f"{checkout['id']}:expire:1") in shop.gateway.asked


async def test_an_event_that_comes_after_the_end_changes_nothing(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    shop.provider.decline(page)
    shop.provider.pay(page)
    await shop.poll(checkout)
    before = await shop.must("get_payment", payment_id=checkout["payment_id"])

    await shop.hear("payment_intent.payment_failed")

    assert await shop.must("get_payment", payment_id=checkout["payment_id"]) == before


async def test_when_nobody_answers_the_events_own_picture_is_enough(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    shop.provider.pay(await shop.page_of(checkout))
    shop.gateway.away = True
    await shop.hear("checkout.session.completed")

    assert (await shop.poll(checkout))["payment_status"] == "succeeded"
    assert await shop.available() == WALLET_FULL
    await shop.must_agree()


async def test_an_event_of_a_page_whose_opening_was_not_written_down_finds_its_checkout(
    world: World,
) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    await forget_opening(shop, checkout)
    shop.provider.pay(page)

    await shop.hear()

    assert (await shop.poll(checkout))["payment_status"] == "succeeded"


async def test_a_promotion_that_covers_everything_grants_and_books_no_money(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    page = await shop.page_of(checkout)
    shop.provider.cover(page)
    await shop.hear()

    assert await shop.available() == WALLET_FULL
    assert await shop.accounts() == {
        "exchange CREDIT/6": -1_000_000_000,
        "wallet CREDIT/6": 1_000_000_000,
    }
    await shop.must_agree()


async def test_credits_in_the_currency_that_is_paid_in_are_one_entry_each(world: World) -> None:
    shop = await open_shop(world, asset="USD/2", credits="12.00")
    dollars = await open_wallet(world, shop.project)
    checkout = await shop.buy(wallet_id=dollars)
    shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()

    assert await shop.available(dollars) == "12.00"
    assert await shop.accounts() == {
        "clearing USD/2": 10_00,
        "exchange USD/2": -2_00,
        "wallet USD/2": 12_00,
    }
    await shop.must_agree()


# -- Opening --------------------------------------------------------------------------------------


async def test_one_key_opens_one_page_and_tells_of_it_as_it_is_now(world: World) -> None:
    shop = await open_shop(world)
    first = await shop.buy(key="once")
    shop.provider.pay(await shop.page_of(first))
    await shop.hear()

    again = await shop.buy(key="once")

    assert again["id"] == first["id"]
    assert (again["state"], again["payment_status"]) == ("complete", "succeeded")
    assert [name for name, _ in shop.gateway.asked].count("open_checkout") == 1


async def test_an_answer_that_was_lost_is_asked_for_again_and_one_page_is_opened(
    world: World,
) -> None:
    shop = await open_shop(world)
    shop.gateway.lost_answers = 1
    first = await shop.buy(key="once")
    assert (first["state"], first["url"]) == ("opening", None)
    world.clock.advance(seconds=5)

    again = await shop.buy(key="once")

    assert (again["id"], again["state"]) == (first["id"], "open")
    assert len([*shop.provider.all(payments.Customer)]) == 1
    assert len([*shop.provider.all(payments.Checkout)]) == 1


async def test_a_provider_that_is_away_is_asked_again_by_a_worker(world: World) -> None:
    shop = await open_shop(world)
    shop.gateway.away = True
    first = await shop.buy()
    assert (first["state"], first["url"]) == ("opening", None)
    shop.gateway.away = False

    world.clock.advance(seconds=5)
    await jobs.run_due(shop.runtime)

    assert (await shop.poll(first))["state"] == "open"


async def test_a_provider_that_stays_away_is_told_of_in_the_end(world: World) -> None:
    shop = await open_shop(world)
    shop.gateway.away = True
    first = await shop.buy(key="once")
    for _ in range(8):
        world.clock.advance(hours=1)
        await jobs.run_due(shop.runtime)

    refused = await shop.ask("create_checkout", shop.member, pack_key="starter", key="once")

    assert isinstance(refused.error, ProviderUnavailable)
    over = await shop.poll(first)
    assert (over["state"], over["payment_status"]) == ("refused", "canceled")


async def test_what_the_provider_refuses_is_told_in_its_words_each_time(world: World) -> None:
    shop = await open_shop(world)
    refusal = ProviderRefused("No such tax rate.", "tax_rate_missing", "line_items")
    await shop.buy()
    shop.gateway.failures = [refusal]

    answers = [
        await shop.ask("create_checkout", shop.member, pack_key="starter", key="once")
        for _ in range(2)
    ]

    for answer in answers:
        assert isinstance(answer.error, ProviderRefused)
        assert answer.error.facts == refusal.facts
    [refused] = (await shop.must("list_payments", status="canceled"))["items"]
    checkout = await shop.must("get_checkout", checkout_id=refused["source_id"])
    assert (checkout["state"], checkout["refusal"]) == ("refused", "No such tax rate.")


async def test_a_customer_that_was_deleted_there_is_made_again(world: World) -> None:
    shop = await open_shop(world)
    await shop.buy()
    [customer] = shop.provider.all(payments.Customer)
    del shop.provider.kept[customer.id]

    first = await shop.buy(key="once")
    world.clock.advance(seconds=5)
    again = await shop.buy(key="once")

    assert (first["state"], again["state"]) == ("opening", "open")
    [other] = shop.provider.all(payments.Customer)
    assert other.id != customer.id


async def test_ten_first_purchases_at_once_make_one_customer(world: World) -> None:
    shop = await open_shop(world)

    opened = await asyncio.gather(*(shop.buy() for _ in range(10)))

    assert {each["state"] for each in opened} == {"open"}
    assert len([*shop.provider.all(payments.Customer)]) == 1
    assert len({each["url"] for each in opened}) == 10


# -- What is refused before anybody is asked ------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"pack_key": "nothing"}, "pack_not_found"),
        ({"quantity": 0}, "invalid_request"),
        ({"quantity": 101}, "invalid_request"),
        ({"wallet_id": "wal_01jd3x8k5vq2m7r9t4w6y0z1ab"}, "wallet_not_found"),
        ({"success_url": "https://evil.test/"}, "return_url_not_allowed"),
        ({"success_url": "https://app.acme.test@evil.test/"}, "return_url_not_allowed"),
        ({"success_url": "https://app.acme.test.evil.test/"}, "return_url_not_allowed"),
        ({"success_url": "https://app.acme.test\\@evil.test/"}, "return_url_not_allowed"),
        ({"success_url": "http://app.acme.test/"}, "return_url_not_allowed"),
        ({"cancel_url": "https://bursar.test:444/"}, "return_url_not_allowed"),
        ({"cancel_url": "javascript:alert(1)"}, "invalid_request"),
        ({"project_id": "prj_01jd3x8k5vq2m7r9t4w6y0z1ab"}, "project_not_found"),
    ],
)
async def test_what_cannot_be_bought_is_refused_by_what_is_wrong(
    world: World, sent: dict[str, Any], code: str
) -> None:
    shop = await open_shop(world)
    asked = len(shop.gateway.asked)

    assert (
        await shop.refused("create_checkout", shop.member, **({"pack_key": "starter"} | sent))
        == code
    )
    assert len(shop.gateway.asked) == asked


async def test_a_wallet_must_hold_what_the_pack_gives(world: World) -> None:
    shop = await open_shop(world)
    dollars = await open_wallet(world, shop.project)

    code = await shop.refused("create_checkout", pack_key="starter", wallet_id=dollars)

    assert code == "wallet_holds_another"


async def test_people_come_back_to_where_they_may(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy(success_url="https://app.acme.test/thanks?x=1")
    draft = shop.provider.details[await shop.page_of(checkout)]

    assert draft.success_url == "https://app.acme.test/thanks?x=1"
    assert draft.cancel_url == HERE.own(
        "/checkout/canceled", project_id=shop.project, checkout_id=checkout["id"]
    )


async def test_what_is_archived_or_not_shown_to_a_project_is_not_sold_to_it(world: World) -> None:
    shop = await open_shop(world)
    await shop.sell(pack_key="secret", visibility="listed", visible_to=[])
    await shop.must("archive_credit_pack", OPERATOR, pack_key="starter")

    assert await shop.refused("create_checkout", pack_key="secret") == "pack_not_found"
    assert await shop.refused("create_checkout", pack_key="starter") == "pack_archived"


# -- Helpers --------------------------------------------------------------------------------------


async def forget_opening(shop: Shop, checkout: dict[str, Any]) -> None:
    """Take back what was written down of the page, as if the process had died before it was."""
    blank = {"state": "opening", "external_id": None, "url": None, "opened_at": None}
    async with shop.world.database.begin(SYSTEM) as work:
        this = update(page_table).where(page_table.c.id == checkout["id"])
        await work.execute(this.values(blank))
