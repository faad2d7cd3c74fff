"""Nothing unauthenticated, oversized or misdirected reaches the SDK."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
from sqlalchemy import select

from core.audit import tables
from core.audit.model import Decision
from core.operations.limits import Rate
from core.operations.operation import RateClass
from mcp_server.handover import principal
from tests.transports.mcp.conftest import ADA
from tests.transports.mcp.serving import (
    ACCEPT,
    HANDSHAKE,
    Served,
    modern_headers,
    request,
    serving,
)
from tests.transports.mcp.shop import OPERATIONS
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

LIST = request("tools/list")
LIST_HEADERS = modern_headers("tools/list")
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": HANDSHAKE,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def challenge(response: httpx2.Response) -> dict[str, str]:
    """Read a Bearer challenge into its parameters."""
    scheme, _, rest = response.headers["www-authenticate"].partition(" ")
    assert scheme == "Bearer"
    pairs = (each.partition("=") for each in rest.split(", "))
    return {name: value.strip('"') for name, _, value in pairs}


async def test_without_credentials_the_challenge_names_no_error(served: Served) -> None:
    response = await served.post(LIST, headers=LIST_HEADERS)

    base = served.url.removesuffix("/mcp")
    assert response.status_code == 401
    assert challenge(response) == {
        "resource_metadata": f"{base}/.well-known/oauth-protected-resource/mcp",
        "scope": "wallets:read metering:read metering:write",
    }
    assert response.json()["error"]["data"]["code"] == "unauthenticated"


async def test_a_wrong_token_is_called_invalid(served: Served) -> None:
    response = await served.post(LIST, headers=LIST_HEADERS, who="mallory")

    told = challenge(response)
    assert response.status_code == 401
    assert told["error"] == "invalid_token"
    assert told["error_description"] == "This needs a valid access token or API key."


async def test_a_key_in_its_own_header_was_a_credential_too(served: Served) -> None:
    response = await served.post(LIST, headers={**LIST_HEADERS, "X-API-Key": "nonsense"})

    assert challenge(response)["error"] == "invalid_token"


async def test_a_readonly_path_asks_for_nothing_that_writes(served: Served) -> None:
    response = await served.post(LIST, headers=LIST_HEADERS, path="/readonly")

    assert challenge(response)["scope"] == "wallets:read metering:read"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_streams_and_sessions_need_credentials_too(served: Served, method: str) -> None:
    async with httpx2.AsyncClient() as http:
        response = await http.request(method, served.url, headers={"Accept": ACCEPT})

    assert response.status_code == 401


async def test_a_missing_scope_is_challenged_with_every_scope_the_call_needs(
    served: Served,
) -> None:
    served.callers["operator"] = replace(OPERATOR, scopes=frozenset({"wallets:read"}))

    response = await served.call("grant_credits", {"memo": "x"}, who="operator")

    told = challenge(response)
    assert response.status_code == 403
    assert (told["error"], told["scope"]) == ("insufficient_scope", "wallets:write audit:read")
    problem = response.json()["error"]["data"]
    assert problem["missing"] == ["wallets:write", "audit:read"]
    assert response.json()["id"] == 1


async def test_the_scope_is_decided_by_the_body_whatever_the_headers_say(served: Served) -> None:
    response = await served.call(
        "record_usage", {"memo": "x"}, who="reader", headers={"Mcp-Name": "whoami"}
    )

    assert response.status_code == 403


async def test_a_challenged_call_is_in_the_trail(served: Served, small: World) -> None:
    await served.call("record_usage", {"memo": "x"}, who="reader")

    columns = tables.invocations.c
    async with small.database.read(OPERATOR) as work:
        rows = await work.execute(
            select(columns.operation, columns.decision, columns.error_code, columns.door)
        )
    refused = ("record_usage", Decision.REFUSED, "insufficient_scope", "mcp")
    assert [tuple(each) for each in rows] == [refused]


async def test_a_resource_is_challenged_like_the_tool_that_reads_it(served: Served) -> None:
    message = request("resources/read", {"uri": "bursar://meters"})
    headers = {**modern_headers("resources/read"), "Mcp-Name": "bursar://meters"}

    response = await served.post(message, headers=headers, who="reader")

    assert response.status_code == 403
    assert challenge(response)["scope"] == "metering:read"


async def test_a_body_over_the_limit_is_refused(small: World) -> None:
    async with serving(small, OPERATIONS, {"operator": OPERATOR}, body_bytes_max=1000) as served:
        declared = await served.post(b"x" * 1001, who="operator")

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 400

        async with httpx2.AsyncClient() as http:
            sent = {"Content-Type": "application/json", "Authorization": "Bearer operator"}
            chunked = await http.post(served.url, headers=sent, content=parts())

    assert [declared.status_code, chunked.status_code] == [413, 413]
    assert declared.json()["error"]["data"]["limit_bytes"] == 1000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b'{"jsonrpc": "2.0", "method": "ping", "method": "tools/list", "id": 1}', -32700),
        (b"[" * 5000, -32700),
        (b"\xff", -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', -32600),
        (b'{"id": 1, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}', -32600),
        (rb'{"jsonrpc": "2.0", "id": "\ud800", "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', -32600),
    ],
)
async def test_what_is_not_one_message_is_refused(served: Served, body: bytes, code: int) -> None:
    for headers in ({}, LIST_HEADERS):
        response = await served.post(body, who="ada", headers=headers)

        assert (response.status_code, response.json()["error"]["code"]) == (400, code)


async def test_only_json_is_read(served: Served) -> None:
    response = await served.post(LIST, who="ada", headers={"Content-Type": "text/plain"})

    assert response.status_code == 415


async def test_another_host_or_origin_is_refused_before_anybody_is_identified(
    served: Served,
) -> None:
    rebound = await served.post(LIST, headers={"Host": "evil.example"})
    page = await served.post(LIST, headers={"Origin": "https://evil.example"})

    assert [rebound.status_code, page.status_code] == [421, 403]
    assert "www-authenticate" not in page.headers


async def test_other_methods_are_not_allowed(served: Served) -> None:
    async with httpx2.AsyncClient() as http:
        response = await http.put(served.url, headers={"Authorization": "Bearer ada"})

    assert (response.status_code, response.headers["allow"]) == (405, "POST, GET, DELETE")


async def test_without_sessions_there_is_no_stream_to_open(small: World) -> None:
    callers = {"operator": OPERATOR}
    async with (
        serving(small, OPERATIONS, callers, stateless=True) as served,
        httpx2.AsyncClient() as http,
    ):
        sent = {"Authorization": "Bearer operator", "Accept": "text/event-stream"}
        response = await http.get(served.url, headers=sent)

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_nobody_is_sent_for_a_scope_of_a_tool_that_is_not_served(served: Served) -> None:
    response = await served.call("revoke_api_key", who="reader")

    assert (response.status_code, response.json()["error"]["code"]) == (400, -32602)


async def test_a_session_belongs_to_whoever_opened_it(served: Served) -> None:
    opened = await served.post(INITIALIZE, who="ada")
    session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}

    own = await served.post(ping, who="ada", headers=session)
    anothers = await served.post(ping, who="bob", headers=session)
    nobodys = await served.post(ping, headers=session)

    assert [own.status_code, anothers.status_code, nobodys.status_code] == [200, 404, 401]


async def test_a_token_that_ended_ends_its_session_at_once(served: Served) -> None:
    opened = await served.post(INITIALIZE, who="ada")
    del served.callers["ada"]

    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
    session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
    response = await served.post(ping, who="ada", headers=session)

    assert response.status_code == 401


async def test_no_more_sessions_are_opened_than_are_allowed(small: World) -> None:
    async with serving(small, OPERATIONS, {"operator": OPERATOR}, sessions_max=1) as served:
        first = await served.post(INITIALIZE, who="operator")
        second = await served.post(INITIALIZE, who="operator")

    assert [first.status_code, second.status_code] == [200, 503]


async def test_sessions_are_not_opened_without_limit(served: Served, small: World) -> None:
    object.__setattr__(small.gate, "rates", dict.fromkeys(RateClass, Rate(calls=2, seconds=60)))

    answers = [await served.post(INITIALIZE, who="ada") for _ in range(3)]
    others = await served.post(INITIALIZE, who="bob")

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "30"
    assert others.status_code == 200


async def test_the_secret_that_proved_who_it_is_goes_no_further() -> None:
    user = principal(ADA, "https://bursar.example/mcp")

    assert user.access_token.token == ""


async def test_an_idle_session_ends(small: World) -> None:
    async with serving(
        small, OPERATIONS, {"operator": OPERATOR}, session_idle_seconds=0.05
    ) as served:
        opened = await served.post(INITIALIZE, who="operator")
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        status = 200
        while status == 200:
            # Each look keeps the session alive, so the looks are further apart than its life.
            await asyncio.sleep(0.1)
            status = (await served.post(ping, who="operator", headers=session)).status_code

    assert status == 404
