"""Auto top-up over the real adapter, the real SDK and the sandbox, each request checked."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core import jobs, payers, topups
from core.kernel.caller import SYSTEM
from core.payments import Checkout
from tests.core.topups.pump import Pump
from tests.core.wallets.bank import grant, open_project, open_wallet
from tests.stripe.people import AtTheSandbox
from tests.world import World

pytestmark = pytest.mark.anyio

FULL = "1090.000000"


@pytest.fixture
async def people(world: World) -> AsyncIterator[AtTheSandbox]:
    there = AtTheSandbox()
    there.clock = world.clock
    yield there
    await there.close()


async def open_pump(world: World, people: AtTheSandbox, kind: str) -> Pump:
    """Have a wallet below its line, and a card of this kind that is kept at the sandbox."""
    gateway: Any = people.gateway
    pump = Pump(world, gateway)
    pump.project = await open_project(world)
    pump.wallet = await open_wallet(world, pump.project, asset="CREDIT/6")
    await grant(world, pump.wallet, "90")
    await pump.sell()
    await pump.must("create_portal_session")
    async with world.database.read(SYSTEM) as work:
        customer = await payers.customer_of(work.within(pump.project))
    assert customer, "it was made for the portal"
    await people.leave_method(customer.external_id, kind)
    await pump.must("list_payment_methods")
    await pump.set()
    async with world.database.begin(SYSTEM) as work:
        await jobs.install(work, topups.SCHEDULES)
    return pump


async def page_of(pump: Pump) -> Checkout:
    """Return the page that a link of the newest attempt leads to, as the provider has it."""
    [mail] = await pump.mails()
    [link] = [each for each in (mail.text or "").split() if each.startswith("http")]
    return await pump.gateway.read_checkout(link.rsplit("/", 1)[1].split("#")[0])


async def test_a_kept_card_pays_for_a_pack_while_nobody_is_there(
    world: World, people: AtTheSandbox
) -> None:
    pump = await open_pump(world, people, "pays")

    await pump.tick()

    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    await pump.must_agree()


async def test_an_answer_that_was_lost_on_the_way_is_found_at_the_provider(
    world: World, people: AtTheSandbox
) -> None:
    pump = await open_pump(world, people, "pays")
    people.lose_an_answer()

    await pump.tick()
    assert await pump.states() == ["paying"]
    await pump.tick(10)

    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    listed = await people.get("/v1/payment_intents")
    assert len(listed.json()["data"]) == 1


async def test_a_decline_is_told_in_the_providers_words_and_cancelled_there(
    world: World, people: AtTheSandbox
) -> None:
    pump = await open_pump(world, people, "declines")

    await pump.tick()

    [attempt] = await pump.attempts()
    assert (attempt["state"], attempt["failure"]["provider_code"]) == ("failed", "card_declined")
    [made] = (await people.get("/v1/payment_intents")).json()["data"]
    assert made["status"] == "canceled"


async def test_where_3d_secure_asks_for_the_customer_the_link_is_paid_in_person(
    world: World, people: AtTheSandbox
) -> None:
    pump = await open_pump(world, people, "asks")
    await pump.tick()
    await pump.tick()
    assert await pump.states() == ["needs_action"]
    [stopped] = (await people.get("/v1/payment_intents")).json()["data"]
    assert stopped["status"] == "canceled"

    await people.pay(await page_of(pump))
    [attempt] = await pump.attempts()
    await pump.must("get_checkout", checkout_id=attempt["checkout_id"])
    await pump.tick()

    assert await pump.states() == ["succeeded"]
    assert await pump.available() == FULL
    await pump.must_agree()
