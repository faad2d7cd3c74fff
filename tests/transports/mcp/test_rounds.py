"""What a client carries between two rounds of one call is sealed, and its own."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp.server import ServerRequestContext

from tests.transports.mcp.conftest import CALLERS
from tests.transports.mcp.serving import Served, modern_headers, request, serving
from tests.transports.mcp.shop import OPERATIONS
from tests.world import World

pytestmark = pytest.mark.anyio

KEYS = (b"the key of all replicas, 32 long", b"the key before it, kept a while.")
OK = {"type": "object", "properties": {"ok": {"type": "boolean"}}}


async def confirm(
    context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
) -> types.CallToolResult | types.InputRequiredResult:
    """Ask once, and then say what was remembered."""
    if params.request_state is None:
        asked = types.ElicitRequestFormParams(message="Sure?", requested_schema=OK)
        sure = types.ElicitRequest(params=asked)
        return types.InputRequiredResult(input_requests={"sure": sure}, request_state="pay 5")
    return types.CallToolResult(content=[types.TextContent(text=params.request_state)])


@pytest.fixture(params=[(), KEYS], ids=["a key of its own", "shared keys"])
async def asking(request: pytest.FixtureRequest, small: World) -> AsyncIterator[Served]:
    async with serving(small, OPERATIONS, CALLERS, state_keys=request.param) as served:
        served.mcp.server.add_request_handler("tools/call", types.CallToolRequestParams, confirm)
        yield served


async def ask(
    served: Served, who: str, state: str | None = None, memo: str = "x"
) -> httpx2.Response:
    arguments = {"name": "record_usage", "arguments": {"memo": memo}}
    message = request("tools/call", arguments | ({"requestState": state} if state else {}))
    able: dict[str, Any] = {"elicitation": {}}
    message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = able
    headers = {**modern_headers("tools/call"), "Mcp-Name": "record_usage"}
    return await served.post(message, who=who, headers=headers)


async def test_a_state_comes_back_unread_and_unchanged(asking: Served) -> None:
    state = (await ask(asking, "ada")).json()["result"]["requestState"]

    again = await ask(asking, "ada", state)

    assert "pay 5" not in state
    assert again.json()["result"]["content"][0]["text"] == "pay 5"


async def test_a_state_is_worth_nothing_to_another_nor_for_another_call(asking: Served) -> None:
    state = (await ask(asking, "ada")).json()["result"]["requestState"]

    refused = [
        await ask(asking, "operator", state),
        await ask(asking, "ada", state, memo="y"),
        await ask(asking, "ada", f"{state[:-4]}AAAA"),
    ]

    assert [each.json()["error"]["code"] for each in refused] == [-32602] * 3


async def test_every_replica_opens_what_one_of_them_sealed(small: World) -> None:
    async with serving(small, OPERATIONS, CALLERS, state_keys=KEYS) as one:
        one.mcp.server.add_request_handler("tools/call", types.CallToolRequestParams, confirm)
        state = (await ask(one, "ada")).json()["result"]["requestState"]
    async with serving(small, OPERATIONS, CALLERS, state_keys=KEYS[::-1]) as other:
        other.mcp.server.add_request_handler("tools/call", types.CallToolRequestParams, confirm)
        again = await ask(other, "ada", state)

    assert again.json()["result"]["content"][0]["text"] == "pay 5"
