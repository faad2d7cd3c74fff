"""Whatever the ledger books is explained: every reference has somebody who knows of it."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import payments, settling
from core.db.schema import metadata
from core.explaining.causes import BY_CAUSE
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.payments import DisputeState
from tests.core.coupons.offers import CREDITS, offered, redeem
from tests.core.quoting.references import booked_causes
from tests.core.settling.selling import Sold, sold
from tests.core.settling.test_charges import charge_of, tell
from tests.core.wallets.bank import must, open_project, open_wallet
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

RIGHT = frozenset({True})
CORE = Path(__file__).parents[3] / "core"


def test_every_reference_that_is_booked_anywhere_has_an_explanation() -> None:
    causes = booked_causes(CORE)

    assert causes >= {"usage", "grant", "hold", "payment", "refund", "coupon", "breakage"}
    assert causes >= {"invoice", "credit_note", "provider_invoice", "provider_earned"}
    assert causes - BY_CAUSE.keys() == set(), "explain them in core/explaining/causes.py"


async def all_explained(world: World, project_id: str) -> dict[str, list[dict[str, Any]]]:
    """Explain every transaction of a project to its operator, by the first word and the kind."""
    t = metadata.tables["ledger_transactions"].c
    async with world.database.read(SYSTEM) as work:
        query = select(t.id, t.kind).where(t.project_id == project_id).order_by(t.id)
        rows = list(await work.execute(query))
    told: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        sent = {"project_id": project_id, "transaction_id": row.id}
        told.setdefault(row.kind, []).append(await must(world, "explain_charge", OPERATOR, **sent))
    return told


def matches(told: dict[str, list[dict[str, Any]]]) -> dict[str, set[bool | None]]:
    return {kind: {one["matches"] for one in each} for kind, each in told.items()}


async def test_credits_of_a_coupon_are_led_back_to_the_coupon(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, asset="CREDIT/6")
    code = await offered(world, **CREDITS)
    granted = await redeem(world, project, code)

    [told] = (await all_explained(world, project))["grant"]

    assert (told["origin"], told["origin_id"], told["matches"]) == ("coupon", granted["id"], True)
    assert told["summary"] == "50.000000 CREDIT for the coupon launch"
    assert [each["wallet_id"] for each in told["movements"]] == [wallet, None]


async def test_what_went_back_in_parts_and_what_was_kept_is_explained(world: World) -> None:
    this = await sold(world, bonus_credits="100")
    euros(this)
    await this.spend("950")
    for amount in ("3.33", "3.33"):
        (await this.refund(amount)).unwrap()
    await this.shop.hear()

    told = await all_explained(world, this.shop.project)

    assert matches(told) == {
        **dict.fromkeys(("purchase", "grant", "transfer", "refund", "refund_bonus"), RIGHT),
        "processor": {True},
    }
    assert {each["facts"]["credits_lost"] for each in told["refund"]} != {"0.000000"}
    assert [each["facts"]["bonus_credits"] for each in told["grant"]] == ["100.000000"]


def euros(this: Sold) -> None:
    """Have the processor settle in another currency than was paid in."""
    provider, euro = this.shop.provider, Asset("EUR", 2)
    paid = provider.find(payments.Payment, this.external)
    moved = provider.find(payments.ProcessorTransaction, paid.processor_transaction_id or "")
    amount, fee, net = [Money(each, euro) for each in (900, 50, 850)]
    provider.keep(replace(moved, amount=amount, fee=fee, net=net))
    tell(this, "charge.updated", charge_of(this), {})


async def test_a_dispute_that_was_lost_is_explained_down_to_what_banks_kept(world: World) -> None:
    this = await sold(world, bonus_credits="100")
    await this.spend("300")
    opened = this.shop.provider.dispute(this.external)
    await this.shop.hear()
    this.shop.provider.decide(opened.id, DisputeState.LOST)
    await this.shop.hear()

    told = await all_explained(world, this.shop.project)

    assert matches(told) == {
        **dict.fromkeys(("purchase", "grant", "transfer", "processor"), RIGHT),
        "dispute": {True},
        "dispute_bonus": {True},
        # It is booked from pieces that come one by one, and told as far as it is known.
        "dispute_loss": {None},
    }
    [lost] = told["dispute"]
    assert lost["summary"].startswith("A dispute about 10.00 USD was lost; ")


async def test_a_payout_that_failed_is_explained_both_ways(world: World) -> None:
    this = await sold(world)
    tell(this, "charge.updated", charge_of(this), {})
    await this.shop.hear()
    payout = this.shop.provider.pay_out()
    parts = await settling.list_parts(this.shop.gateway, payout)
    begin = partial(world.database.begin, SYSTEM)
    await settling.follow_payout(begin, payout, parts)
    await settling.follow_payout(begin, replace(payout, state="failed"), parts)

    told = await all_explained(world, this.shop.project)

    assert matches(told) == dict.fromkeys(
        ("purchase", "processor", "payout", "payout_failed"), RIGHT
    )
    assert {each["origin_id"] for each in told["payout"]} == {payout.id}


async def test_a_refund_that_failed_is_taken_back_and_says_what_it_was(world: World) -> None:
    this = await sold(world)
    (await this.refund("4")).unwrap()
    [made] = this.shop.provider.all(payments.Refund)
    failed = replace(made, state=payments.RefundState.FAILED, failure_reason="expired_card")
    this.shop.provider.keep(failed, "refund.failed")
    await this.shop.hear()

    told = await all_explained(world, this.shop.project)

    [back] = told["reversal"]
    assert (back["matches"], back["facts"]["of"]) == (True, "refund")
    assert back["summary"].startswith("Taken back: 4.00 USD of 10.00 USD given back; ")
