"""A person subscribes by a page: it pays the first invoice, keeps the method, begins the plan."""

from typing import Any

import pytest

from core import catalog
from core.kernel.caller import SYSTEM
from core.payments import CheckoutDraft
from tests.core.catalog.shop import FEE as FIXED
from tests.core.catalog.shop import FLAT, book, plan, product, written
from tests.core.collecting.till import FAILED, NEEDS_ACTION, SUCCEEDED, Till, open_till
from tests.core.subscriptions.counter import credits
from tests.core.wallets.bank import open_wallet
from tests.world import World

pytestmark = pytest.mark.anyio

FEE = FIXED | {"prices": {"usd": FLAT}}


async def open_plans(world: World, **terms: Any) -> Till:
    """Sell the plan `pro` for $20 a month, with 5,000 credits."""
    till = await open_till(world, card=False)
    till.wallet = await open_wallet(world, till.project, asset="CREDIT/6")
    async with world.database.begin(SYSTEM) as work:
        await catalog.create_product(work, product(work, "app"))
        await catalog.create_book(work, book(work, "usd", "USD/2"))
        told = await written(work, [FEE], (), included=credits("5000"), **terms)
        await catalog.create_plan(work, plan(work, "pro"), told)
        await catalog.publish(work, "pro")
    return till


async def state(till: Till) -> str:
    [one] = (await till.must("list_subscriptions"))["items"]
    return str(one["state"])


async def test_a_page_pays_the_first_invoice_and_the_plan_begins_with_its_credits_once(
    world: World,
) -> None:
    till = await open_plans(world)

    page = await till.must("create_checkout", plan_key="pro", key="once")
    again = await till.must("create_checkout", plan_key="pro", key="once")

    assert (page["price"], page["currency"], page["credits"]) == ("20.00", "USD/2", None)
    assert (again["id"], page["state"]) == (page["id"], "open")
    assert await state(till) == "draft"
    await till.work_off()
    draft = till.provider.details[await till.page_of(page)]
    assert isinstance(draft, CheckoutDraft)
    assert draft.keep_method
    # Nobody is mailed a second page for what is being paid on the first.
    assert await till.happened(NEEDS_ACTION) == []
    assert await till.mails() == []

    till.provider.pay(await till.page_of(page))
    for _ in range(2):
        await till.poll(page)
        await till.hear(again=True)
        await till.work_off()

    assert await state(till) == "active"
    assert await till.available() == "5000.000000"
    assert (await till.accounts())["clearing USD/2"] == 2000
    assert await till.happened(SUCCEEDED, FAILED) == [SUCCEEDED]
    await till.must_agree()


async def test_whoever_changes_their_mind_gets_a_new_page_and_is_never_charged_twice(
    world: World,
) -> None:
    till = await open_plans(world)
    first = await till.must("create_checkout", plan_key="pro")
    second = await till.must("create_checkout", plan_key="pro")
    # The first page is paid before it could be closed: its draft has given way.
    till.provider.pay(await till.page_of(first))
    await till.hear()
    await till.work_off()
    till.provider.pay(await till.page_of(second))
    await till.hear()
    await till.work_off()
    await till.hear()
    await till.work_off()

    assert [each["state"] for each in (await till.must("list_refunds"))["items"]] == ["succeeded"]
    assert await till.available() == "5000.000000"
    assert (await till.accounts())["clearing USD/2"] == 2000
    await till.must_agree()


async def test_of_a_plan_with_a_free_trial_a_method_is_left_and_nothing_paid(
    world: World,
) -> None:
    till = await open_plans(world, trial_days=14)

    page = await till.must("create_checkout", plan_key="pro")

    assert (page["mode"], page["price"]) == ("setup", None)
    assert await state(till) == "trialing"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "invalid_request"),
        ({"plan_key": "pro", "pack_key": "starter"}, "invalid_request"),
        ({"plan_key": "pro", "quantity": 2}, "invalid_request"),
        ({"plan_key": "pro", "promotion_code": "X"}, "invalid_request"),
        ({"plan_key": "none"}, "plan_not_found"),
        ({"plan_key": "pro", "quantities": {"none": 2}}, "quantity_for_nothing"),
    ],
)
async def test_what_cannot_be_bought_so_is_refused_and_nothing_is_begun(
    world: World, sent: dict[str, Any], code: str
) -> None:
    till = await open_plans(world)

    assert await till.refused("create_checkout", **sent) == code
    assert (await till.must("list_subscriptions"))["items"] == []


async def test_members_who_may_not_keep_a_method_do_not_subscribe(world: World) -> None:
    till = await open_plans(world)

    assert await till.refused("create_checkout", till.member, plan_key="pro") == "not_allowed"
