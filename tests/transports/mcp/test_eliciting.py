"""A client that can show links is given one to pay by; all others are told the answer as ever."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import mcp_types as types
import pytest
from mcp import MCPError

from core import payments, surface
from core.checkouts import ReturnPages
from core.jobs import run_now
from core.kernel.caller import Role
from tests.core.checkouts.shop import HERE, Shop, open_shop
from tests.transports.mcp.serving import HANDSHAKE, Served, modern_headers, request, serving
from tests.world import World, agent

pytestmark = pytest.mark.anyio

ALL = "/x/all"
BUY: dict[str, Any] = {"pack_key": "starter", "quantity": 2}


@pytest.fixture
async def shop(world: World) -> Shop:
    shop = await open_shop(world)
    given = {payments.Limits: shop.gateway.limits, ReturnPages: HERE}
    world.gate = replace(world.gate, hasten=partial(run_now, shop.runtime), given=given)
    return shop


@pytest.fixture
async def served(shop: Shop) -> AsyncIterator[Served]:
    callers = {"ada": shop.member, "bob": agent(Role.MEMBER, shop.project, number=2)}
    async with serving(shop.world, surface.OPERATIONS, callers) as served:
        yield served


class Person:
    """Who looks at what the client shows, and does as was decided."""

    def __init__(self, shop: Shop, *, pays: bool) -> None:
        self.shop, self.pays, self.shown = shop, pays, list[types.ElicitRequestURLParams]()

    async def look(self, _context: Any, asked: Any) -> types.ElicitResult:
        assert isinstance(asked, types.ElicitRequestURLParams)
        self.shown.append(asked)
        if self.pays:
            [page] = self.shop.provider.all(payments.Checkout)
            self.shop.provider.pay(page.id)
        # The page is looked at anew only once in two seconds.
        self.shop.world.clock.advance(seconds=3)
        return types.ElicitResult(action="accept" if self.pays else "decline")


async def test_a_person_is_shown_our_own_link_and_the_answer_is_what_came_of_it(
    shop: Shop, served: Served
) -> None:
    person = Person(shop, pays=True)

    async with served.client("ada", path=ALL, elicitation_callback=person.look) as client:
        answer = await client.call_tool("create_checkout", BUY)

    [asked] = person.shown
    told = answer.structured_content
    assert told
    assert told["payment_status"] == "succeeded"
    assert asked.message == "Pay 20.00 USD/2 for 2000.000000 CREDIT/6 on the payment page?"
    assert asked.url == HERE.own("/checkout/go", project_id=shop.project, checkout_id=told["id"]), (
        "the provider's page is for who is signed in here as the person who asked"
    )
    assert await shop.available() == "2000.000000"
    assert len([*shop.provider.all(payments.Checkout)]) == 1


async def test_who_declines_is_told_how_the_checkout_stands(shop: Shop, served: Served) -> None:
    person = Person(shop, pays=False)

    async with served.client("ada", path=ALL, elicitation_callback=person.look) as client:
        answer = await client.call_tool("create_checkout", BUY)

    told = answer.structured_content
    assert told
    assert (told["state"], told["payment_status"]) == ("open", "expected")
    assert len([*shop.provider.all(payments.Checkout)]) == 1


async def test_who_cannot_show_links_is_told_the_address(shop: Shop, served: Served) -> None:
    for mode in ("auto", "legacy"):
        async with served.client("ada", path=ALL, mode=mode) as client:
            answer = await client.call_tool("create_checkout", BUY)
        told = answer.structured_content
        assert told
        assert told["url"].startswith("https://provider.test/pay/")


async def rounds(served: Served, who: str, state: str | None, **able: Any) -> dict[str, Any]:
    """Call as one request of 2026-07-28, by a client that is able to do this."""
    carried = {"requestState": state} if state else {}
    message = request("tools/call", {"name": "create_checkout", "arguments": BUY} | carried)
    message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = able
    headers = {**modern_headers("tools/call"), "Mcp-Name": "create_checkout"}
    answer: dict[str, Any] = (await served.post(message, who=who, path=ALL, headers=headers)).json()
    return answer


async def test_what_is_carried_between_rounds_is_worth_nothing_to_another(
    shop: Shop, served: Served
) -> None:
    asked = (await rounds(served, "ada", None, elicitation={"url": {}}))["result"]
    state = asked["requestState"]

    stolen = await rounds(served, "bob", state, elicitation={"url": {}})
    own = await rounds(served, "ada", state, elicitation={"url": {}})

    assert asked["resultType"] == "input_required"
    assert shop.project not in state
    assert stolen["error"]["code"] == types.INVALID_PARAMS
    assert own["result"]["structuredContent"]["state"] == "open"


async def test_a_form_is_no_link(served: Served) -> None:
    answer = await rounds(served, "ada", None, elicitation={"form": {}})

    assert answer["result"]["structuredContent"]["url"]


async def test_the_handshake_era_is_asked_once_where_a_key_makes_it_one_checkout(
    shop: Shop, served: Served
) -> None:
    showing: dict[str, Any] = {"elicitation_callback": Person(shop, pays=False).look}
    async with served.client("ada", path=ALL, mode="legacy", **showing) as client:
        assert client.protocol_version == HANDSHAKE
        with pytest.raises(MCPError) as asked:
            await client.call_tool("create_checkout", BUY | {"idempotency_key": "once"})
        again = await client.call_tool("create_checkout", BUY | {"idempotency_key": "once"})
        keyless = await client.call_tool("create_checkout", BUY)

    assert asked.value.error.code == types.URL_ELICITATION_REQUIRED
    [link] = asked.value.error.data["elicitations"]
    told = again.structured_content
    assert told
    assert link["mode"] == "url"
    assert link["url"].endswith(f"checkout_id={told['id']}")
    assert (told["state"], link["elicitationId"]) == ("open", told["id"])
    assert keyless.structured_content
    assert keyless.structured_content["url"]
