"""Who may have what is paid with kept for later, and what a customer's name has to do with it."""

import pytest

from core.payments import CheckoutDraft, Customer
from tests.core.checkouts.shop import open_shop
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

BUY = {"pack_key": "starter"}


async def test_a_member_buys_and_keeps_no_method_by_it_as_by_no_other_way(world: World) -> None:
    shop = await open_shop(world)

    outcome = await shop.ask("create_checkout", shop.member, **BUY, keep_payment_method=True)
    assert outcome.error is not None
    assert outcome.error.facts == {
        "operation": "create_checkout",
        "needed": "the role admin in the project, or the platform role operator, "
        "to keep the payment method",
    }
    setup = await shop.refused("create_payment_method_setup", shop.member, currency="USD/2")
    assert setup == "not_allowed"
    assert "open_checkout" not in {name for name, _ in shop.gateway.asked}
    assert (await shop.buy())["state"] == "open"


async def test_an_admin_and_an_operator_keep_what_is_paid_with(world: World) -> None:
    shop = await open_shop(world)
    here = {"project_id": shop.project}

    await shop.must("create_checkout", shop.admin, **BUY, keep_payment_method=True)
    await shop.must("create_checkout", OPERATOR, **here, **BUY, keep_payment_method=True)

    drafts = [x for x in shop.provider.details.values() if isinstance(x, CheckoutDraft)]
    assert [each.keep_method for each in drafts] == [True, True]


async def test_a_project_that_is_renamed_between_two_attempts_still_becomes_a_customer(
    world: World,
) -> None:
    shop = await open_shop(world)
    shop.gateway.lost_answers = 1
    begun = await shop.buy()
    assert begun["state"] == "opening"
    renamed = {"project_id": shop.project, "name": "Another name"}
    await shop.must("update_project", OPERATOR, **renamed)
    world.clock.advance(seconds=30)

    opened = await shop.poll(begun)

    assert opened["state"] == "open"
    assert {each.name for each in shop.provider.all(Customer)} == {"Acme", "Another name"}
