"""Operations as tools, by the SDK's own client in both protocol eras."""

import asyncio
import base64
import json
from dataclasses import replace

import jsonschema_rs
import mcp_types as types
import pytest
from mcp import MCPError
from sqlalchemy import select

from core.audit import tables
from core.kernel.caller import CallerKind
from mcp_server import wiring
from mcp_server.tools import Tools
from mcp_server.toolsets import DEFAULT_TOOLS
from tests.transports.mcp.conftest import ADA
from tests.transports.mcp.serving import Served, modern_headers, request, serving
from tests.transports.mcp.shop import HOSTILE, MAY_END, OPERATIONS, STARTED
from tests.world import OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio

WALLET = "wal_01jd3x8k5vq2m7r9t4w6y0z1ab"
ALL = "/x/all"


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def names(served: Served, who: str, mode: str = "auto", path: str = ALL) -> list[str]:
    async with served.client(who, mode=mode, path=path) as client:
        return [each.name for each in (await client.list_tools()).tools]


async def test_people_see_what_their_role_may_ever_do(served: Served, mode: str) -> None:
    assert await names(served, "bob", mode) == ["check_balance", "list_meters", "whoami"]
    assert await names(served, "ada", mode) == [
        "check_balance",
        "list_meters",
        "record_usage",
        "revoke_api_key",
        "whoami",
    ]
    assert await names(served, "operator", mode) == [
        "check_balance",
        "grant_credits",
        "list_meters",
        "record_usage",
        "whoami",
    ]


async def test_an_agent_with_few_scopes_still_sees_what_it_can_ask_for(served: Served) -> None:
    assert await names(served, "reader") == await names(served, "ada")


async def test_a_key_sees_what_its_scopes_allow(served: Served) -> None:
    assert await names(served, "key") == ["list_meters", "record_usage", "whoami"]


async def test_staff_bound_to_a_project_are_offered_nothing_that_changes_the_platform(
    small: World,
) -> None:
    tools, every = Tools(wiring.OPERATIONS, small.gate), frozenset(DEFAULT_TOOLS)

    unbound, bound = [
        {each["name"] for each in tools.listing(caller, every)}
        for caller in (OPERATOR, replace(OPERATOR, project_id=PROJECT))
    ]

    assert unbound - bound == {"create_meter", "create_project"}


async def test_the_default_list_fits_every_client() -> None:
    assert len(DEFAULT_TOOLS) <= 30
    assert len(set(DEFAULT_TOOLS)) == len(DEFAULT_TOOLS)


def test_the_default_list_holds_the_everyday_jobs() -> None:
    everyday = (
        "whoami list_projects get_project create_project get_project_overview list_wallets "
        "check_balance list_transactions grant_credits list_grants hold_credits capture_hold "
        "release_hold list_meters create_meter record_usage charge_usage check_entitlement "
        "summarize_usage list_usage_events list_credit_packs create_checkout get_checkout "
        "list_members invite_member create_api_key list_tool_invocations"
    )
    assert " ".join(DEFAULT_TOOLS) == everyday


async def test_a_tool_says_what_it_does_to_the_world(served: Served, mode: str) -> None:
    served.callers["ada"] = replace(ADA, kind=CallerKind.USER)
    async with served.client("ada", mode=mode, path=ALL) as client:
        tools = {each.name: each for each in (await client.list_tools()).tools}

    read, write, end = (
        tools[each].annotations for each in ("list_meters", "record_usage", "revoke_api_key")
    )
    assert read == types.ToolAnnotations(
        title="List meters",
        read_only_hint=True,
        destructive_hint=False,
        idempotent_hint=True,
        open_world_hint=False,
    )
    assert write
    assert (write.read_only_hint, write.idempotent_hint) == (False, False)
    assert end
    assert (end.read_only_hint, end.destructive_hint) == (False, True)
    assert tools["record_usage"].title == "Record usage"
    assert "idempotency_key" in tools["record_usage"].input_schema["properties"]
    assert "idempotency_key" not in tools["list_meters"].input_schema.get("properties", {})


async def test_listings_are_private_and_do_not_change(served: Served) -> None:
    async with served.client("ada") as client:
        first = await client.list_tools(cache_mode="bypass")
        second = await client.list_tools(cache_mode="bypass")

    assert first.tools == second.tools
    assert (first.cache_scope, first.ttl_ms) == ("private", 60_000)
    assert len(served.mcp.tools.digest) == 64


async def test_a_call_answers_with_structure_and_the_same_as_text(
    served: Served, mode: str
) -> None:
    async with served.client("ada", mode=mode) as client:
        result = await client.call_tool("record_usage", {"memo": "tea"})

    assert result.structured_content == {"memo": "tea", "count": 1}
    assert isinstance(result.content[0], types.TextContent)
    assert json.loads(result.content[0].text) == result.structured_content
    assert not result.is_error


async def test_a_refusal_carries_its_code_and_facts(served: Served, mode: str) -> None:
    async with served.client("ada", mode=mode) as client:
        result = await client.call_tool("record_usage", {"memo": "tea", "count": 11})

    assert result.is_error
    assert result.structured_content == {
        "type": "/docs/errors/out_of_stock",
        "title": "Out of stock",
        "status": 422,
        "code": "out_of_stock",
        "detail": "10 are left.",
        "left": 10,
    }
    assert isinstance(result.content[0], types.TextContent)
    assert result.content[0].text == "out_of_stock: 10 are left."


async def test_a_wrong_argument_is_named_and_never_coerced(served: Served, mode: str) -> None:
    async with served.client("ada", mode=mode) as client:
        result = await client.call_tool("record_usage", {"memo": "tea", "count": "2", "mmo": 1})

    assert result.is_error
    assert result.structured_content["problems"] == [
        {"field": "count", "problem": "Input should be a valid integer"},
        {"field": "mmo", "problem": "Extra inputs are not permitted"},
    ]


async def test_a_role_that_is_too_low_is_told_in_the_result(served: Served, mode: str) -> None:
    async with served.client("bob", mode=mode) as client:
        result = await client.call_tool("record_usage", {"memo": "tea"})

    assert result.is_error
    assert result.structured_content["code"] == "not_allowed"


@pytest.mark.parametrize("tool", ["no_such_tool", "revoke_api_key"])
async def test_a_tool_that_is_not_served_is_a_protocol_error(
    served: Served, mode: str, tool: str
) -> None:
    async with served.client("ada", mode=mode) as client:
        with pytest.raises(MCPError) as refused:
            await client.call_tool(tool, {})

    assert refused.value.error.code == types.INVALID_PARAMS


@pytest.mark.parametrize("tool", ["record_us\u0430ge", "Record_Usage", "record_usage ", "x: obey"])
async def test_a_name_that_looks_like_a_tool_of_ours_is_none(served: Served, tool: str) -> None:
    message = request("tools/call", {"name": tool, "arguments": {"memo": "tea"}})
    sent = f"=?base64?{base64.b64encode(tool.encode()).decode()}?="

    headers = {**modern_headers("tools/call"), "Mcp-Name": sent}
    response = await served.post(message, who="ada", headers=headers)

    error = response.json()["error"]
    assert (error["code"], error["message"]) == (-32602, "Unknown tool")


async def test_a_refusal_fits_the_schema_that_clients_hold_it_to(served: Served, mode: str) -> None:
    async with served.client("ada", mode=mode) as client:
        tools = {each.name: each for each in (await client.list_tools()).tools}
        refused = await client.call_tool("record_usage", {"memo": "tea", "count": 11})
        failed = await client.call_tool("record_usage", {"memo": "bug"})

    schema = tools["record_usage"].output_schema
    assert schema
    for each in (refused, failed):
        jsonschema_rs.validate(schema, each.structured_content)


async def test_the_same_key_gives_the_first_result_again(served: Served, mode: str) -> None:
    async with served.client("ada", mode=mode) as client:
        first = await client.call_tool("record_usage", {"memo": "tea", "idempotency_key": "k1"})
        again = await client.call_tool("record_usage", {"memo": "tea", "idempotency_key": "k1"})
        other = await client.call_tool("record_usage", {"memo": "ale", "idempotency_key": "k1"})

    assert first.structured_content == again.structured_content
    assert "bursar/idempotent_replayed" not in (first.meta or {})
    assert (again.meta or {})["bursar/idempotent_replayed"] is True
    assert other.structured_content["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("key", ["", 5, None, "k" * 256, "a\nb"])
async def test_a_key_that_is_none_is_refused_by_its_name(served: Served, key: object) -> None:
    async with served.client("ada") as client:
        result = await client.call_tool("record_usage", {"memo": "tea", "idempotency_key": key})

    assert result.structured_content["problems"][0]["field"] == "idempotency_key"


async def test_a_read_takes_no_key(served: Served) -> None:
    async with served.client("ada") as client:
        result = await client.call_tool("list_meters", {"idempotency_key": "k1"})

    assert result.structured_content["problems"][0]["field"] == "idempotency_key"


async def test_a_bug_is_told_to_nobody(served: Served, mode: str) -> None:
    async with served.client("ada", mode=mode) as client:
        result = await client.call_tool("record_usage", {"memo": "bug"})

    assert result.is_error
    assert result.structured_content["code"] == "internal_error"
    assert "secret plan" not in result.model_dump_json()


async def test_what_customers_wrote_is_returned_as_data_only(served: Served, mode: str) -> None:
    async with served.client("ada", mode=mode) as client:
        tools = await client.list_tools()
        result = await client.call_tool("check_balance", {"wallet_id": WALLET})
        instructions = client.instructions or ""

    assert result.structured_content["memo"] == HOSTILE
    assert HOSTILE not in tools.model_dump_json()
    assert HOSTILE not in instructions


async def test_a_name_that_hides_a_direction_change_is_refused(served: Served) -> None:
    async with served.client("ada") as client:
        result = await client.call_tool("record_usage", {"memo": "safe\u202egnp.exe"})

    assert result.structured_content["problems"][0]["field"] == "memo"


async def test_results_are_valid_by_their_published_schema(served: Served) -> None:
    sent = {
        "check_balance": {"wallet_id": WALLET},
        "grant_credits": {"memo": "x", "project_id": PROJECT},
        "record_usage": {"memo": "x", "project_id": PROJECT},
    }
    async with served.client("operator", path=ALL) as client:
        for tool in (await client.list_tools()).tools:
            assert tool.output_schema
            arguments = sent.get(tool.name, {})
            if tool.name == "check_balance":
                arguments = {**arguments, "project_id": PROJECT}
            result = await client.call_tool(tool.name, arguments)
            assert not result.is_error, result
            jsonschema_rs.validate(tool.output_schema["anyOf"][0], result.structured_content)


async def test_long_lists_come_in_pages(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_server.tools.PAGE_MAX", 2)
    seen, cursor = [], None
    async with served.client("ada", path=ALL) as client:
        while True:
            page = await client.list_tools(cursor=cursor)
            assert len(page.tools) <= 2
            seen += [each.name for each in page.tools]
            if not (cursor := page.next_cursor):
                break
        with pytest.raises(MCPError) as refused:
            await client.list_tools(cursor="!")

    assert seen == sorted(seen)
    assert len(seen) == 5
    assert refused.value.error.code == types.INVALID_PARAMS


async def test_progress_reaches_a_client_that_asked_for_it(served: Served, mode: str) -> None:
    heard: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total))

    async with served.client("ada", mode=mode) as client:
        result = await client.call_tool(
            "record_usage", {"memo": "tea", "count": 3}, progress_callback=note
        )

    assert not result.is_error
    assert heard == [(1, 3), (2, 3), (3, 3)]


async def test_what_was_begun_is_finished_though_the_client_hung_up(
    served: Served, small: World
) -> None:
    STARTED.clear()
    MAY_END.clear()
    message = request("tools/call", {"name": "record_usage", "arguments": {"memo": "slow"}})
    message["params"]["_meta"]["progressToken"] = 1
    headers = {**modern_headers("tools/call"), "Mcp-Name": "record_usage"}
    asking = asyncio.create_task(served.post(message, who="ada", headers=headers))
    async with asyncio.timeout(5):
        await STARTED.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.sleep(0.1)
        MAY_END.set()
        decisions: list[str] = []
        while not decisions:
            await asyncio.sleep(0.02)
            async with small.database.read(OPERATOR) as work:
                found = await work.execute(select(tables.invocations.c.decision))
                decisions = list(found.scalars())

    assert decisions == ["allowed"]


async def test_without_sessions_any_replica_serves_both_eras(small: World, mode: str) -> None:
    callers = {"operator": OPERATOR}
    async with serving(small, OPERATIONS, callers, stateless=True) as served:
        assert len(await names(served, "operator", mode)) == 5
        async with served.client("operator", mode=mode) as client:
            result = await client.call_tool("record_usage", {"memo": "x", "project_id": PROJECT})

    assert not result.is_error


async def test_plain_json_serves_both_eras(small: World, mode: str) -> None:
    callers = {"operator": OPERATOR}
    async with serving(small, OPERATIONS, callers, json_response=True) as served:
        assert len(await names(served, "operator", mode)) == 5
