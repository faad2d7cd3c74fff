"""The endpoint over the real engine, on both databases and in both protocol eras."""

import json
from collections.abc import AsyncIterator
from typing import Any

import jsonschema_rs
import mcp_types as types
import pytest
from mcp import MCPError
from mcp.client.client import Client

from core.kernel.caller import Role
from core.kernel.ids import compose
from core.surface import OPERATIONS
from mcp_server.resources import wallet_uri
from tests.core.metering.shop import Shop
from tests.transports.mcp.serving import Served, serving
from tests.world import OPERATOR, PROJECT, World, agent

pytestmark = pytest.mark.anyio

CALLERS = {
    "member": agent(Role.MEMBER),
    "viewer": agent(Role.VIEWER, number=2),
    "stranger": agent(Role.ADMIN, compose("prj", 7), number=3),
    "operator": OPERATOR,
}


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def shop(world: World) -> Shop:
    return await Shop.open(world)


@pytest.fixture
async def served(shop: Shop) -> AsyncIterator[Served]:
    async with serving(shop.world, OPERATIONS, CALLERS) as served:
        yield served


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool, and hold what it answers to the schema it published."""
    described = next(each for each in (await client.list_tools()).tools if each.name == tool)
    result = await client.call_tool(tool, arguments)
    body: dict[str, Any] = result.structured_content
    assert described.output_schema
    expected, problem = described.output_schema["anyOf"]
    jsonschema_rs.validate(problem if result.is_error else expected, body)
    return body


async def test_an_agent_records_charges_and_checks_a_balance(
    served: Served, shop: Shop, mode: str
) -> None:
    wallet_id = await shop.wallet("10.00")
    async with served.client("member", mode=mode) as client:
        recorded = await call(
            client, "record_usage", events=[{"event_id": "a", "meter_key": "calls"}]
        )
        charged = await call(client, "charge_usage", event_id="b", meter_key="hours", quantity=2)
        again = await call(client, "charge_usage", event_id="b", meter_key="hours", quantity=2)
        balance = await call(client, "check_balance", wallet_id=wallet_id)
        refused = await call(client, "charge_usage", event_id="c", meter_key="hours", quantity=9)

    assert recorded["accepted"] == 1
    assert (charged["amount"], charged["duplicate"]) == ("3.00", False)
    assert again == charged | {"duplicate": True}
    assert balance["available"] == "7.00"
    assert (refused["code"], refused["shortfall"]) == ("insufficient_funds", "6.50")


async def test_the_wallet_reads_the_same_as_a_resource(
    served: Served, shop: Shop, mode: str
) -> None:
    uri = wallet_uri(PROJECT, await shop.wallet("1.00"))
    async with served.client("viewer", mode=mode) as client:
        balance = await client.read_resource(uri)
        transactions = await client.read_resource(f"{uri}/transactions")
        meters = await client.read_resource("bursar://meters")

    told = [json.loads(each.contents[0].text) for each in (balance, transactions, meters)]  # type: ignore[union-attr]
    assert told[0]["available"] == "1.00"
    assert [each["amount"] for each in told[1]["items"]] == ["1.00"]
    assert "hours" in {each["key"] for each in told[2]["items"]}


async def test_whoever_belongs_to_a_project_finds_it_in_the_list(served: Served, mode: str) -> None:
    listed = {}
    for who in ("viewer", "operator"):
        async with served.client(who, mode=mode) as client:
            listed[who] = [each.uri for each in (await client.list_resources()).resources]

    assert listed == {
        "viewer": ["bursar://meters", f"bursar://projects/{PROJECT}"],
        "operator": ["bursar://meters"],
    }


async def test_anothers_wallet_is_not_there(served: Served, shop: Shop, mode: str) -> None:
    uri = wallet_uri(PROJECT, await shop.wallet("1.00"))
    async with served.client("stranger", mode=mode) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)

    assert refused.value.error.message == "Resource not found"


async def test_what_people_know_a_thing_by_completes_to_its_id(
    served: Served, shop: Shop, mode: str
) -> None:
    wallet_id = await shop.wallet("1.00")
    prompt = types.PromptReference(name="explain_balance")
    template = types.ResourceTemplateReference(
        uri="bursar://projects/{project_id}/wallets/{wallet_id}"
    )
    async with served.client("operator", mode=mode) as client:
        projects = await client.complete(prompt, {"name": "project_id", "value": "ada"})
        wallets = await client.complete(
            template, {"name": "wallet_id", "value": "mai"}, {"project_id": PROJECT}
        )
        unknown = await client.complete(template, {"name": "wallet_id", "value": ""})

    assert projects.completion.values == [PROJECT]
    assert wallets.completion.values == [wallet_id]
    assert unknown.completion.values == []
