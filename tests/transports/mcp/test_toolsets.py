"""The path offers tools; headers take away from them and never add."""

import pytest

from core.operations.errors import InvalidRequest
from mcp_server.toolsets import DEFAULT_TOOLS, Toolsets
from tests.transports.mcp.serving import Served, modern_headers, request
from tests.transports.mcp.shop import OPERATIONS

TOOLSETS = Toolsets(OPERATIONS)
EVERYTHING = {each.name for each in OPERATIONS}
DEFAULT = EVERYTHING & set(DEFAULT_TOOLS)


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("", DEFAULT),
        ("/", DEFAULT),
        ("/readonly", {"check_balance", "list_meters", "whoami"}),
        ("/x/all", EVERYTHING),
        ("/x/default", DEFAULT),
        ("/x/keys", {"revoke_api_key"}),
        ("/x/wallets", {"check_balance", "grant_credits"}),
        ("/x/wallets/readonly", {"check_balance"}),
    ],
)
def test_the_path_decides_what_is_served(path: str, served: set[str]) -> None:
    assert TOOLSETS.select(path, {}) == served


@pytest.mark.parametrize(
    ("path", "headers", "served"),
    [
        ("", {"x-mcp-readonly": "true"}, {"check_balance", "list_meters", "whoami"}),
        ("", {"x-mcp-readonly": "false"}, DEFAULT),
        ("", {"x-mcp-readonly": "false,true"}, {"check_balance", "list_meters", "whoami"}),
        ("/readonly", {"x-mcp-readonly": "false"}, {"check_balance", "list_meters", "whoami"}),
        ("", {"x-mcp-toolsets": "wallets"}, {"check_balance", "grant_credits"}),
        ("", {"x-mcp-toolsets": "keys"}, set()),
        ("", {"x-mcp-toolsets": "all"}, DEFAULT),
        ("", {"x-mcp-tools": "whoami, revoke_api_key"}, {"whoami"}),
        ("/x/all", {"x-mcp-tools": "whoami,revoke_api_key"}, {"whoami", "revoke_api_key"}),
        (
            "/x/all",
            {"x-mcp-toolsets": "wallets", "x-mcp-tools": "whoami"},
            {"check_balance", "grant_credits", "whoami"},
        ),
        (
            "/x/all",
            {"x-mcp-tools": "whoami,revoke_api_key", "x-mcp-readonly": "1"},
            {"whoami"},
        ),
    ],
)
def test_headers_only_take_away(path: str, headers: dict[str, str], served: set[str]) -> None:
    assert TOOLSETS.select(path, headers) == served
    assert TOOLSETS.select(path, headers) <= TOOLSETS.select(path, {})


@pytest.mark.parametrize(
    ("path", "headers", "named"),
    [
        ("/x/nothing", {}, "wallets"),
        ("/x", {}, "wallets"),
        ("/nowhere", {}, "/mcp/readonly"),
        ("", {"x-mcp-toolsets": "wallet"}, "wallets"),
        ("", {"x-mcp-tools": "who_am_i"}, "whoami"),
        ("", {"x-mcp-readonly": "maybe"}, "true or false"),
    ],
)
def test_an_unknown_name_is_refused_by_naming_the_valid_ones(
    path: str, headers: dict[str, str], named: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        TOOLSETS.select(path, headers)

    assert named in str(refused.value)


def test_sensitive_scopes_are_not_asked_for_at_first() -> None:
    assert TOOLSETS.scopes(frozenset({"grant_credits", "record_usage"})) == ("metering:write",)


@pytest.mark.anyio
async def test_what_a_header_took_away_cannot_be_called(served: Served) -> None:
    response = await served.call(
        "record_usage", {"memo": "x"}, who="ada", headers={"X-MCP-Readonly": "true"}
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == -32602


@pytest.mark.anyio
async def test_an_unknown_toolset_is_refused_with_a_problem(served: Served) -> None:
    response = await served.post(
        request("tools/list"),
        who="ada",
        headers={**modern_headers("tools/list"), "X-MCP-Toolsets": "nope"},
    )

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, -32602)
    assert error["data"]["code"] == "invalid_request"
    assert "wallets" in error["message"]
