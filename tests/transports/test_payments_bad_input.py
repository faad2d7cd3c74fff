"""What a caller may get wrong about buying and giving back: by both doors, on both databases.

Each time: an error with its code and what would be right, and nobody at the provider is asked.
"""

from dataclasses import replace
from typing import Any

import pytest

from core import payments
from core.checkouts import ReturnPages
from core.kernel.caller import Role
from tests.core.checkouts.shop import HERE, PACK
from tests.core.settling.selling import Sold, sold
from tests.core.wallets.bank import open_project
from tests.transports.doors import DOORS, Answer, DoorName, Doors, both_doors
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio

OTHER = {"pack_key": "other"}
PACKS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "without a price": (
        {name: value for name, value in PACK.items() if name != "price"},
        "invalid_request",
        {"problems": [{"field": "price", "problem": "Field required"}]},
    ),
    "for nothing": (
        PACK | {"price": "0"},
        "invalid_request",
        {"problems": [{"field": "price", "problem": "must be greater than zero"}]},
    ),
    "in a currency that the provider lacks": (
        PACK | {"currency": "XTS/2"},
        "currency_not_taken",
        {"asset": "XTS/2"},
    ),
    "in a scale that nobody pays in": (
        PACK | {"currency": "USD/6"},
        "currency_not_taken",
        {"asset": "USD/6"},
    ),
    "under the least amount": (
        PACK | {"price": "0.49"},
        "amount_too_small",
        {"amount": "0.49", "least": "0.50", "asset": "USD/2"},
    ),
    "above the largest amount": (
        PACK | {"price": "1000000.00"},
        "amount_too_large",
        {"amount": "1000000.00", "most": "999999.99", "asset": "USD/2"},
    ),
}


async def ask(
    this: Sold, door: DoorName, who: str, name: str, /, *, key: str | None = None, **sent: Any
) -> Answer:
    """Ask one door of an installation that has a payment provider."""
    world, shop = this.shop.world, this.shop
    known = {payments.Limits: shop.gateway.limits, ReturnPages: HERE}
    gate = replace(world.gate, given={**world.gate.given, **known})
    callers = {"operator": OPERATOR, "member": shop.member}
    async with both_doors(replace(world, gate=gate), callers) as doors:
        return await _told(doors, door, who, name, sent, key=key)


async def _told(
    doors: Doors, door: DoorName, who: str, name: str, sent: dict[str, Any], *, key: str | None
) -> Answer:
    return await doors.call(door, who, name, sent, key=key)


async def test_a_pack_that_nobody_could_pay_is_not_put_up_for_sale(world: World) -> None:
    this = await sold(world)
    asked = list(this.shop.gateway.asked)

    for door in DOORS:
        for case, (sent, code, facts) in PACKS.items():
            answer = await ask(this, door, "operator", "create_credit_pack", **(sent | OTHER))
            told = {name: answer.body.get(name) for name in facts}
            assert (answer.code, told) == (code, facts), (door, case)

    assert this.shop.gateway.asked == asked
    listed = (await this.shop.must("list_credit_packs", OPERATOR))["items"]
    assert [each["pack_key"] for each in listed] == ["starter"]


@pytest.mark.parametrize("door", DOORS)
async def test_nothing_is_bought_for_another_tenants_project(world: World, door: DoorName) -> None:
    this = await sold(world)
    theirs = await open_project(world, "Heron")
    asked = list(this.shop.gateway.asked)

    answers = [
        await ask(this, door, "member", name, project_id=project_id, **sent)
        for project_id in (theirs, "prj_01jd3x8k5vq2m7r9t4w6y0z1ab")
        for name, sent in (
            ("create_checkout", {"pack_key": "starter"}),
            ("get_payment", {"payment_id": this.payment}),
        )
    ]

    told = [(each.status, each.code) for each in answers]
    assert told == [(404, "project_not_found")] * 4
    assert this.shop.gateway.asked == asked
    assert (await this.shop.must("list_payments", agent(Role.ADMIN, theirs)))["items"] == []


@pytest.mark.parametrize("door", DOORS)
async def test_more_than_was_paid_is_not_given_back(world: World, door: DoorName) -> None:
    this = await sold(world)
    about = {"project_id": this.shop.project, "payment_id": this.payment}
    asked = list(this.shop.gateway.asked)

    above = await ask(this, door, "operator", "refund_payment", **about, amount="10.01")
    by_member = await ask(this, door, "member", "refund_payment", **about, amount="10.00")

    assert above.code == "refund_too_large"
    facts = {name: above.body.get(name) for name in ("refundable", "asset")}
    assert facts == {"refundable": "10.00", "asset": "USD/2"}
    assert (by_member.status, by_member.code) == (403, "not_allowed")
    assert this.shop.gateway.asked == asked
    assert (await this.shop.must("list_refunds"))["items"] == []


@pytest.mark.parametrize("door", DOORS)
async def test_a_refund_asked_for_twice_with_one_key_is_one_refund(
    world: World, door: DoorName
) -> None:
    this = await sold(world)
    sent = {"project_id": this.shop.project, "payment_id": this.payment, "amount": "4.00"}

    first, again = [
        await ask(this, door, "operator", "refund_payment", **sent, key="once") for _ in range(2)
    ]
    more = sent | {"amount": "5.00"}
    other = await ask(this, door, "operator", "refund_payment", **more, key="once")

    assert (first.status, first.body["amount"]) == (201 if door == "http" else 200, "4.00")
    assert again.body["id"] == first.body["id"]
    assert other.code == "idempotency_key_reused"
    await this.shop.hear()
    [refund] = (await this.shop.must("list_refunds"))["items"]
    assert (refund["id"], refund["state"], refund["amount"]) == (
        first.body["id"],
        "succeeded",
        "4.00",
    )
    [made] = this.shop.provider.all(payments.Refund)
    assert made.amount.decimal == "4.00"
    await this.shop.must_agree()
