"""Packs: made by operators, shown to whom they are for, and sold as the provider knows them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core import jobs, packs, payments
from core.kernel.caller import Role
from core.payments import ProviderRefused
from tests.core.checkouts.shop import PACK, Shop, open_shop
from tests.core.wallets.bank import open_project, told
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio


async def prices(shop: Shop) -> list[tuple[str, bool]]:
    """What the provider asks, the oldest first, and whether it can still be paid."""
    found = reversed([*shop.provider.all(payments.Price)])
    return [(each.unit.decimal if each.unit else "", each.active) for each in found]


async def listed(shop: Shop, project: str, **sent: Any) -> list[str]:
    page = await shop.must("list_credit_packs", agent(Role.VIEWER, project), **sent)
    return [each["pack_key"] for each in page["items"]]


async def pack_of(shop: Shop, key: str = "starter") -> dict[str, Any]:
    page = await shop.must("list_credit_packs", AUDITOR, include_archived=True)
    return next(each for each in page["items"] if each["pack_key"] == key)


async def test_a_pack_is_on_sale_once_the_provider_knows_its_price(world: World) -> None:
    shop = await open_shop(world)
    [product] = shop.provider.all(payments.Product)
    [price] = shop.provider.all(payments.Price)

    pack = await pack_of(shop)

    assert (pack["on_sale"], pack["sync_state"]) == (True, "synced")
    assert (product.name, product.metadata["pack_key"]) == ("Starter", "starter")
    assert (price.product_id, price.unit and price.unit.decimal) == (product.id, "10.00")


async def test_another_price_is_another_price_there_and_the_old_one_is_archived(
    world: World,
) -> None:
    shop = await open_shop(world)
    open_before = await shop.buy()

    changed = await shop.must("update_credit_pack", OPERATOR, pack_key="starter", price="12.00")

    assert (changed["price"], changed["on_sale"], changed["version"]) == ("12.00", True, 2)
    assert await prices(shop) == [("10.00", False), ("12.00", True)]
    assert len([*shop.provider.all(payments.Product)]) == 1
    assert (await shop.buy())["price"] == "12.00"
    shop.provider.pay(await shop.page_of(open_before))
    assert (await shop.poll(open_before))["payment_status"] == "succeeded"
    [payment] = (await shop.must("list_payments"))["items"]
    assert payment["received"] == "10.00", "what was chosen at a price is sold at it"


async def test_the_same_price_again_changes_nothing_there(world: World) -> None:
    shop = await open_shop(world)

    again = await shop.must(
        "update_credit_pack", OPERATOR, pack_key="starter", price="10.00", name="Beginner"
    )

    assert (again["name"], again["sync_state"]) == ("Beginner", "synced")
    assert await prices(shop) == [("10.00", True)]


async def test_what_was_sold_stays_as_it_was_sold(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()
    await shop.must(
        "update_credit_pack",
        OPERATOR,
        pack_key="starter",
        credits="1",
        bonus_credits="7",
        expires_after_days=1,
    )

    shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()

    assert await shop.available() == "1000.000000"
    world.clock.advance(days=2)
    assert await shop.available() == "1000.000000"


async def test_null_takes_away_and_what_is_left_out_stays(world: World) -> None:
    shop = await open_shop(world, description="For a start", bonus_credits="5")
    await shop.must("update_credit_pack", OPERATOR, pack_key="starter", name="Other")
    kept = await pack_of(shop)
    await shop.must(
        "update_credit_pack", OPERATOR, pack_key="starter", description=None, bonus_credits=None
    )
    taken = await pack_of(shop)

    assert (kept["description"], kept["bonus_credits"]) == ("For a start", "5.000000")
    assert (taken["description"], taken["bonus_credits"]) == (None, "0.000000")
    assert taken["name"] == "Other"


async def test_an_archived_pack_is_sold_nowhere_and_shown_only_to_who_asks(world: World) -> None:
    shop = await open_shop(world)
    first = await shop.must("archive_credit_pack", OPERATOR, pack_key="starter")
    again = await shop.must("archive_credit_pack", OPERATOR, pack_key="starter")

    assert first == again
    assert first["archived_at"]
    assert await prices(shop) == [("10.00", False)]
    assert [each.active for each in shop.provider.all(payments.Product)] == [False]
    assert await listed(shop, shop.project) == []
    assert await listed(shop, shop.project, include_archived=True) == ["starter"]
    code = await shop.refused("update_credit_pack", OPERATOR, pack_key="starter", price="1.00")
    assert code == "pack_archived"
    assert len(await told(world, "pack.archived")) == 1


async def test_a_listed_pack_is_shown_to_the_projects_on_its_list_alone(world: World) -> None:
    shop = await open_shop(world)
    other = await open_project(world, "Heron")
    await shop.sell(pack_key="vip", visibility="listed", visible_to=[shop.project])

    assert await listed(shop, shop.project) == ["starter", "vip"]
    assert await listed(shop, other) == ["starter"]
    assert (await pack_of(shop, "vip"))["visible_to"] == [shop.project]
    await shop.must(
        "update_credit_pack", OPERATOR, pack_key="vip", visible_to=[shop.project, other]
    )
    bound = replace(OPERATOR, project_id=shop.project)
    page = await shop.must("list_credit_packs", bound)
    assert [each["visible_to"] for each in page["items"]] == [None, None]

    await shop.must("update_credit_pack", OPERATOR, pack_key="vip", visible_to=[other])
    assert await listed(shop, shop.project) == ["starter"]
    assert await listed(shop, other) == ["starter", "vip"]

    await shop.must("update_credit_pack", OPERATOR, pack_key="vip", visibility="all")
    assert await listed(shop, shop.project) == ["starter", "vip"]


async def test_projects_are_not_told_how_the_provider_has_it_nor_who_else_sees_it(
    world: World,
) -> None:
    shop = await open_shop(world, visibility="all")
    await shop.sell(pack_key="vip", visibility="listed", visible_to=[shop.project])

    page = await shop.must("list_credit_packs", shop.member)

    hidden = [
        (each["visible_to"], each["sync_state"], each["sync_reason"]) for each in page["items"]
    ]
    assert hidden == [(None, None, None)] * 2


async def test_packs_are_listed_page_by_page(world: World) -> None:
    shop = await open_shop(world)
    for key in ("a", "b", "c"):
        await shop.sell(pack_key=key)

    first = await shop.must("list_credit_packs", OPERATOR, limit=3)
    rest = await shop.must("list_credit_packs", OPERATOR, limit=3, cursor=first["next_cursor"])

    keys = [[each["pack_key"] for each in page["items"]] for page in (first, rest)]
    assert keys == [["a", "b", "c"], ["starter"]]
    assert rest["next_cursor"] is None


# -- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"price": None}, "invalid_request"),
        ({"price": "0"}, "invalid_request"),
        ({"price": "10.001"}, "invalid_request"),
        ({"price": "0.10"}, "amount_too_small"),
        ({"price": "9999999999.00"}, "amount_too_large"),
        ({"currency": "USD/6"}, "currency_not_taken"),
        ({"currency": "XAU/2"}, "currency_not_taken"),
        ({"credits": "0"}, "invalid_request"),
        ({"credits": "0.0000001"}, "invalid_request"),
        ({"expires_after_days": 0}, "invalid_request"),
        ({"visible_to": ["prj_01jd3x8k5vq2m7r9t4w6y0z1ab"]}, "invalid_request"),
        (
            {"visibility": "listed", "visible_to": ["prj_01jd3x8k5vq2m7r9t4w6y0z1ab"]},
            "project_not_found",
        ),
        ({"pack_key": "starter"}, "pack_key_taken"),
    ],
)
async def test_a_pack_that_cannot_be_sold_is_refused_before_anybody_is_asked(
    world: World, sent: dict[str, Any], code: str
) -> None:
    shop = await open_shop(world)
    asked = len(shop.gateway.asked)
    pack = {**PACK, "pack_key": "other", **sent}
    if pack["price"] is None:
        del pack["price"]

    assert await shop.refused("create_credit_pack", OPERATOR, **pack) == code
    assert len(shop.gateway.asked) == asked


async def test_an_amount_that_is_too_small_is_told_with_the_least(world: World) -> None:
    shop = await open_shop(world)

    outcome = await shop.ask("create_credit_pack", OPERATOR, **PACK | {"price": "0.10"})

    assert isinstance(outcome.error, payments.AmountTooSmall)
    assert outcome.error.least.decimal == "0.50"


async def test_nobody_of_a_project_may_sell(world: World) -> None:
    shop = await open_shop(world)
    for name, sent in {
        "create_credit_pack": PACK | {"pack_key": "own"},
        "update_credit_pack": {"pack_key": "starter", "price": "0.50"},
        "archive_credit_pack": {"pack_key": "starter"},
    }.items():
        for caller in (agent(Role.OWNER, shop.project), AUDITOR):
            assert await shop.refused(name, caller, **sent) == "not_allowed"


# -- The provider ---------------------------------------------------------------------------------


async def test_what_the_provider_refuses_is_shown_with_its_reason_and_not_sold(
    world: World,
) -> None:
    shop = await open_shop(world)
    shop.gateway.failures = [ProviderRefused("Names like this are not allowed.", "bad_name")]

    pack = await shop.sell(pack_key="odd")

    assert (pack["on_sale"], pack["sync_state"]) == (False, "refused")
    assert "Names like this are not allowed." in pack["sync_reason"]
    refused = await shop.ask("create_checkout", shop.member, pack_key="odd")
    assert isinstance(refused.error, packs.PackNotOnSale)
    assert "Names like this are not allowed." in refused.error.reason

    changed = await shop.must("update_credit_pack", OPERATOR, pack_key="odd", name="Even")
    assert (changed["on_sale"], changed["sync_state"]) == (True, "synced")


async def test_a_provider_that_is_away_is_told_later_by_a_worker(world: World) -> None:
    shop = await open_shop(world)
    shop.gateway.away = True
    waiting = await shop.sell(pack_key="late")
    assert (waiting["on_sale"], waiting["sync_state"]) == (False, "waiting")
    assert await shop.refused("create_checkout", pack_key="late") == "pack_not_on_sale"
    shop.gateway.away = False

    world.clock.advance(seconds=5)
    await jobs.run_due(shop.runtime)

    assert (await pack_of(shop, "late"))["on_sale"]


async def test_a_provider_that_stays_away_is_shown_and_a_change_tries_again(world: World) -> None:
    shop = await open_shop(world)
    shop.gateway.away = True
    await shop.sell(pack_key="late")
    for _ in range(8):
        world.clock.advance(hours=1)
        await jobs.run_due(shop.runtime)
    assert (await pack_of(shop, "late"))["sync_state"] == "refused"
    shop.gateway.away = False

    changed = await shop.must("update_credit_pack", OPERATOR, pack_key="late", name="Again")

    assert changed["on_sale"]


async def test_answers_that_are_lost_make_nothing_twice(world: World) -> None:
    shop = await open_shop(world)
    for _ in range(2):
        # The answer to whatever is asked first is lost.
        shop.gateway.lost_answers = 1
        await shop.ask("create_credit_pack", OPERATOR, **PACK | {"pack_key": "twice"}, key="once")
        world.clock.advance(seconds=20)
        shop.gateway.lost_answers = 0
        await jobs.run_due(shop.runtime)

    pack = await pack_of(shop, "twice")

    assert (pack["on_sale"], pack["sync_state"]) == (True, "synced")
    named = [each.name for each in shop.provider.all(payments.Product)]
    assert len(named) == 2


async def test_a_product_that_was_deleted_there_is_made_again(world: World) -> None:
    shop = await open_shop(world)
    [product] = shop.provider.all(payments.Product)
    del shop.provider.kept[product.id]
    await shop.must("update_credit_pack", OPERATOR, pack_key="starter", name="Renamed")

    world.clock.advance(seconds=5)
    await jobs.run_due(shop.runtime)

    assert (await pack_of(shop))["sync_state"] == "synced"
    assert (await shop.buy())["state"] == "open"


async def test_of_two_changes_at_once_both_are_made_and_the_last_is_told(world: World) -> None:
    shop = await open_shop(world)

    await asyncio.gather(
        *(
            shop.must("update_credit_pack", OPERATOR, pack_key="starter", price=f"{n}.00")
            for n in range(11, 16)
        )
    )
    await jobs.run_due(shop.runtime)

    pack = await pack_of(shop)
    assert (pack["version"], pack["sync_state"]) == (6, "synced")
    assert [each for each in await prices(shop) if each[1]] == [(pack["price"], True)]


async def test_who_changes_a_product_there_is_noticed_and_who_changes_it_back_too(
    world: World,
) -> None:
    shop = await open_shop(world)
    await shop.hear()
    [product] = shop.provider.all(payments.Product)
    world.clock.advance(seconds=2)
    shop.provider.keep(replace(product, name="Cheap stuff"), "product.updated")
    await shop.hear()
    drifted = await pack_of(shop)
    world.clock.advance(seconds=2)
    shop.provider.keep(product, "product.updated")
    await shop.hear()

    assert drifted["sync_state"] == "drifted"
    assert drifted["sync_reason"] == "its name there is 'Cheap stuff'"
    assert (await pack_of(shop))["sync_state"] == "synced"
    assert len(await told(world, "pack.drifted")) == 1


async def test_a_price_that_was_archived_there_is_noticed(world: World) -> None:
    shop = await open_shop(world)
    await shop.hear()
    [price] = shop.provider.all(payments.Price)
    world.clock.advance(seconds=2)
    shop.provider.keep(replace(price, active=False), "price.updated")
    await shop.hear()

    assert (await pack_of(shop))["sync_reason"] == "its price was archived there"


async def test_our_own_changes_are_no_drift(world: World) -> None:
    shop = await open_shop(world)
    world.clock.advance(seconds=2)
    await shop.must("update_credit_pack", OPERATOR, pack_key="starter", name="New", price="11.00")
    world.clock.advance(seconds=2)
    await shop.must("archive_credit_pack", OPERATOR, pack_key="starter")
    await shop.hear()

    assert (await pack_of(shop))["sync_state"] == "synced"
