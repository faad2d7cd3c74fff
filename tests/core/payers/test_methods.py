"""Kept methods: left on the provider's page, mirrored here, chosen and given up by wish."""

from dataclasses import replace
from typing import Any

import pytest

from core import jobs, payers, payments
from core.kernel.caller import Role
from core.payments import ProviderRefused
from tests.core.checkouts.shop import Shop, open_shop
from tests.core.wallets.bank import open_project, told
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio


async def leave_card(shop: Shop) -> dict[str, Any]:
    """Leave a card on the provider's page, and return it as it is listed."""
    page = await shop.must("create_payment_method_setup", currency="USD/2")
    shop.provider.pay(await shop.page_of(page))
    after = await shop.poll(page)
    assert (after["state"], after["payment_id"]) == ("complete", None)
    return (await listed(shop))[0]


async def listed(shop: Shop) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await shop.must("list_payment_methods"))["items"]
    return items


def customer_of(shop: Shop) -> payments.Customer:
    [customer] = shop.provider.all(payments.Customer)
    return customer


async def test_a_card_is_left_on_the_providers_page_and_shown_as_a_receipt_shows_it(
    world: World,
) -> None:
    shop = await open_shop(world)

    card = await leave_card(shop)

    shown = {name: card[name] for name in ("kind", "brand", "last4", "expiry_month", "expiry_year")}
    assert shown == {
        "kind": "card",
        "brand": "visa",
        "last4": "4242",
        "expiry_month": 12,
        "expiry_year": 2034,
    }
    assert (card["is_default"], card["wished"]) == (False, None)
    assert await shop.accounts() == {}, "nothing was paid"
    assert len(await told(world, "payment_method.attached")) == 1


@pytest.mark.parametrize("how", ["page", "checkout event", "method event", "list"])
async def test_a_card_is_mirrored_by_whoever_hears_of_it_first(world: World, how: str) -> None:
    shop = await open_shop(world)
    page = await shop.must("create_payment_method_setup", currency="USD/2")
    shop.provider.pay(await shop.page_of(page))

    if how == "page":
        await shop.poll(page)
    elif how == "checkout event":
        await shop.hear("checkout.session.completed")
    elif how == "method event":
        await shop.hear("payment_method.attached")
    else:
        await listed(shop)
    await shop.hear()
    await shop.poll(page)

    async with world.database.read(OPERATOR) as work:
        kept = await payers.kept_methods(work.within(shop.project))
    assert [each.last4 for each in kept] == ["4242"]
    assert len(await told(world, "payment_method.attached")) == 1


async def test_a_method_is_chosen_for_payments_without_anybody_there(world: World) -> None:
    shop = await open_shop(world)
    first, second = await leave_card(shop), await leave_card(shop)

    chosen = await shop.must("set_default_payment_method", method_id=first["id"])

    assert (chosen["is_default"], chosen["wished"]) == (True, None)
    kept = {each["id"]: each["is_default"] for each in await listed(shop)}
    assert kept == {first["id"]: True, second["id"]: False}
    assert customer_of(shop).default_method_id is not None


async def test_a_method_that_is_given_up_is_forgotten_there_and_never_chosen_again(
    world: World,
) -> None:
    shop = await open_shop(world)
    card = await leave_card(shop)
    await shop.must("set_default_payment_method", method_id=card["id"])

    gone = await shop.must("detach_payment_method", method_id=card["id"])

    assert gone["detached_at"]
    assert not gone["is_default"]
    assert await listed(shop) == []
    assert [each.customer_id for each in shop.provider.all(payments.Method)] == [None]
    for name in ("set_default_payment_method", "detach_payment_method"):
        assert await shop.refused(name, method_id=card["id"]) == "payment_method_not_found"


async def test_what_the_provider_refuses_is_told_until_something_else_is_asked(
    world: World,
) -> None:
    shop = await open_shop(world)
    card = await leave_card(shop)
    shop.gateway.failures = [ProviderRefused("It was reported stolen.", "stolen")]
    sent = {"method_id": card["id"], "key": "once"}

    answers = [await shop.ask("set_default_payment_method", **sent) for _ in range(2)]

    for each in answers:
        assert isinstance(each.error, ProviderRefused)
        assert each.error.reason == "It was reported stolen."
    world.clock.advance(seconds=1)
    assert (await shop.must("set_default_payment_method", method_id=card["id"]))["is_default"]


async def test_a_provider_that_is_away_is_asked_later_and_the_wish_is_shown_meanwhile(
    world: World,
) -> None:
    shop = await open_shop(world)
    card = await leave_card(shop)
    shop.gateway.away = True

    wished = await shop.must("set_default_payment_method", method_id=card["id"])
    assert (wished["is_default"], wished["wished"]) == (False, "default")
    assert [each["id"] for each in await listed(shop)] == [card["id"]], "the mirror still tells"
    shop.gateway.away = False
    world.clock.advance(seconds=5)
    await jobs.run_due(shop.runtime)

    assert [(each["is_default"], each["wished"]) for each in await listed(shop)] == [(True, None)]


async def test_what_is_changed_at_the_provider_is_mirrored(world: World) -> None:
    shop = await open_shop(world)
    card = await leave_card(shop)
    await shop.hear()
    [method] = shop.provider.all(payments.Method)
    world.clock.advance(seconds=1)

    renewed = replace(method, expiry_year=2040)
    shop.provider.keep(renewed, "payment_method.automatically_updated")
    chosen = replace(customer_of(shop), default_method_id=method.id)
    shop.provider.keep(chosen, "customer.updated")
    await shop.hear()

    [after] = await listed(shop)
    assert (after["id"], after["expiry_year"], after["is_default"]) == (card["id"], 2040, True)

    shop.provider.keep(replace(renewed, customer_id=None), "payment_method.detached")
    await shop.hear()
    assert await listed(shop) == []


async def test_methods_of_strangers_on_the_same_account_are_none_of_ours(world: World) -> None:
    shop = await open_shop(world)
    await leave_card(shop)
    shop.provider.leave_method("cus_stranger")
    await shop.hear()

    assert len(await listed(shop)) == 1


async def test_a_customer_that_is_deleted_there_is_followed_by_another(world: World) -> None:
    shop = await open_shop(world)
    await leave_card(shop)
    first = customer_of(shop)
    shop.provider.keep(replace(first, deleted=True), "customer.deleted")
    await shop.hear()

    await shop.buy()

    made = [each.id for each in shop.provider.all(payments.Customer)]
    assert len(made) == 2
    assert len(await told(world, "customer.deleted")) == 1
    async with world.database.read(OPERATOR) as work:
        now = await payers.customer_of(work.within(shop.project))
    assert now
    assert (now.external_id, now.generation) == (made[0], 2)


async def test_a_method_is_found_in_its_own_project_only(world: World) -> None:
    shop = await open_shop(world)
    card = await leave_card(shop)
    other = await open_project(world, "Heron")

    for name in ("set_default_payment_method", "detach_payment_method"):
        code = await shop.refused(name, agent(Role.OWNER, other), method_id=card["id"])
        assert code == "payment_method_not_found"
    assert (await shop.must("list_payment_methods", agent(Role.OWNER, other)))["items"] == []


async def test_only_admins_choose_what_is_paid_with(world: World) -> None:
    shop = await open_shop(world)
    card = await leave_card(shop)

    for name, sent in {
        "set_default_payment_method": {"method_id": card["id"]},
        "detach_payment_method": {"method_id": card["id"]},
        "create_payment_method_setup": {"currency": "USD/2"},
        "create_portal_session": {},
    }.items():
        assert await shop.refused(name, shop.member, **sent) == "not_allowed"


async def test_a_portal_is_opened_for_a_few_minutes(world: World) -> None:
    shop = await open_shop(world)

    session = await shop.must("create_portal_session", return_url="https://app.acme.test/", key="k")
    again = await shop.must("create_portal_session", return_url="https://app.acme.test/", key="k")

    assert session == again
    assert (session["state"], session["url"]) == (
        "open",
        "https://provider.test/portal/bps_fake000001",
    )
    world.clock.advance(minutes=5)
    late = await shop.must("create_portal_session", return_url="https://app.acme.test/", key="k")
    assert (late["state"], late["url"]) == ("expired", None)
    assert await shop.refused("create_portal_session", return_url="https://evil.test/") == (
        "return_url_not_allowed"
    )


async def test_a_setup_is_in_a_currency_that_can_be_paid_in(world: World) -> None:
    shop = await open_shop(world)

    for currency in ("USD/6", "XAU/2"):
        code = await shop.refused("create_payment_method_setup", currency=currency)
        assert code == "currency_not_taken"
