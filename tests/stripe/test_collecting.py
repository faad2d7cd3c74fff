"""Collection over the real adapter, the real SDK and the sandbox, each request checked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core import payers
from core.kernel.caller import SYSTEM
from core.payments import Checkout
from tests.core.collecting.till import FAILED, NEEDS_ACTION, Till
from tests.core.invoicing.office import ACME, open_office
from tests.core.wallets.bank import open_project
from tests.stripe.people import AtTheSandbox
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

BOOKED = {"clearing USD/2": 10000, "revenue USD/2": 10000}


@pytest.fixture
async def people(world: World) -> AsyncIterator[AtTheSandbox]:
    there = AtTheSandbox()
    there.clock = world.clock
    yield there
    await there.close()


async def open_till(world: World, people: AtTheSandbox, kind: str) -> Till:
    """Have a project that is invoiced, and a card of this kind that is kept at the sandbox."""
    gateway: Any = people.gateway
    till = Till(world, gateway)
    till.project = await open_project(world)
    await open_office(world, replace(ACME, rules=()))
    await till.must("create_portal_session")
    async with world.database.read(SYSTEM) as work:
        customer = await payers.customer_of(work.within(till.project))
    assert customer, "it was made for the portal"
    await people.leave_method(customer.external_id, kind)
    await till.must("list_payment_methods")
    return till


async def test_a_kept_card_pays_an_invoice_and_a_credit_note_gives_it_back(
    world: World, people: AtTheSandbox
) -> None:
    till = await open_till(world, people, "pays")
    people.lose_an_answer()

    invoice = await till.collect()
    world.clock.advance(seconds=10)
    await till.work_off()

    assert str((await till.invoice(invoice.id)).state) == "paid"
    assert await till.accounts() == BOOKED
    [made] = (await people.get("/v1/payment_intents")).json()["data"]
    assert (made["amount_received"], made["metadata"]["invoice_id"]) == (10000, invoice.id)

    here = {"project_id": till.project, "invoice_id": invoice.id}
    await till.must("create_credit_note", OPERATOR, **here, reason="Outage", refund=True)
    await till.work_off()

    [refund] = (await people.get("/v1/refunds")).json()["data"]
    assert (refund["amount"], refund["status"]) == (10000, "succeeded")
    assert await till.accounts() == {}
    await till.must_agree()


async def test_a_decline_is_told_and_3d_secure_is_none_but_sends_a_link_that_is_paid(
    world: World, people: AtTheSandbox
) -> None:
    till = await open_till(world, people, "asks")

    invoice = await till.collect()

    assert await till.happened(FAILED, NEEDS_ACTION) == [NEEDS_ACTION]
    [stopped] = (await people.get("/v1/payment_intents")).json()["data"]
    assert stopped["status"] == "canceled"
    page: Checkout = await till.gateway.read_checkout(await till.page())
    assert page.total is not None
    assert page.total.amount == 10000
    await people.pay(page)
    [attempt] = await till.attempts()
    world.clock.advance(seconds=3)
    await till.must("get_checkout", checkout_id=attempt["checkout_id"])
    await till.work_off()

    assert str((await till.invoice(invoice.id)).state) == "paid"
    assert await till.accounts() == BOOKED
    await till.must_agree()


async def test_a_declined_card_leaves_the_invoice_owed_and_nothing_to_be_paid_later(
    world: World, people: AtTheSandbox
) -> None:
    till = await open_till(world, people, "declines")

    invoice = await till.collect()

    told = await till.told_of(FAILED)
    assert (told["invoice_id"], told["declined"]) == (invoice.id, True)
    [made] = (await people.get("/v1/payment_intents")).json()["data"]
    assert made["status"] == "canceled"
