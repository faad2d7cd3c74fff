"""An everyday call is answered as the package would answer it, and all others by the package."""

import base64
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from tests.transports.mcp.serving import HANDSHAKE, MODERN
from tests.transports.mcp.twins import (
    HURRIED,
    OTHER,
    Sent,
    Twins,
    asking,
    call,
    envelope,
    instead,
    saying,
    twins,
)
from tests.world import PROJECT

pytestmark = pytest.mark.anyio

NOBODYS = "wal_01jd3x8k5vq2m7r9t4w6y0z1ab"
GENERATED = 400


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Twins]:
    for each in ("direct", "package"):
        (tmp_path / each).mkdir()
    async with twins(tmp_path) as both:
        yield both


def usage(event_id: str, meter_key: str = "calls", **more: Any) -> dict[str, Any]:
    return {"event_id": event_id, "meter_key": meter_key, **more}


EVERYDAY: dict[str, tuple[str, Callable[[Twins], Any]]] = {
    "a read": ("check_balance", lambda the: {"wallet_id": the.ours}),
    "a read by id of the project": (
        "check_balance",
        lambda the: {"project_id": PROJECT, "wallet_id": the.ours},
    ),
    "a list": ("list_meters", lambda the: {"limit": 2}),
    "no arguments": ("list_meters", lambda the: None),
    "a charge": ("charge_usage", lambda the: usage("a", properties={"model": "é\u2028\U0001f600"})),
    "a record": ("record_usage", lambda the: {"events": [usage("b"), usage("b"), usage("c")]}),
    "more than there is": ("charge_usage", lambda the: usage("d", "hours", quantity=99)),
    "an unknown meter": ("charge_usage", lambda the: usage("e", "no_such_meter")),
    "a bad event among good ones": (
        "record_usage",
        lambda the: {"events": [usage("f"), usage("g", "no_such_meter")]},
    ),
    "another's wallet": ("check_balance", lambda the: {"wallet_id": the.theirs}),
    "another's project": (
        "check_balance",
        lambda the: {"project_id": OTHER, "wallet_id": the.theirs},
    ),
    "nobody's wallet": ("check_balance", lambda the: {"wallet_id": NOBODYS}),
    "an argument too many": ("check_balance", lambda the: {"wallet_id": the.ours, "x": 1}),
    "an argument too few": ("check_balance", lambda the: {}),
    "a number for a text": ("check_balance", lambda the: {"wallet_id": 5}),
    "a text for a number": ("list_meters", lambda the: {"limit": "2"}),
    "null": ("check_balance", lambda the: {"wallet_id": None}),
    "money as a number": ("charge_usage", lambda the: usage("h", amount=2.5)),
    "a NUL": ("charge_usage", lambda the: usage("i\x00")),
    "an invisible character": ("charge_usage", lambda the: usage("i\u202e")),
    "a key": ("charge_usage", lambda the: usage("j", idempotency_key="k")),
    "the same key again": ("charge_usage", lambda the: usage("j", idempotency_key="k")),
    "the same key for something else": (
        "charge_usage",
        lambda the: usage("l", idempotency_key="k"),
    ),
    "a key that is none": ("charge_usage", lambda the: usage("m", idempotency_key=5)),
    "a key for a read": ("check_balance", lambda the: {"wallet_id": "x", "idempotency_key": "k"}),
    "nested too deeply": ("charge_usage", lambda the: usage("n", properties=_deep(40))),
    "the largest integer": ("list_meters", lambda the: {"limit": 2**63 - 1}),
}


def _deep(levels: int) -> Any:
    return {"x": _deep(levels - 1)} if levels else 1


async def test_everyday_calls_are_answered_directly_and_the_same(pair: Twins) -> None:
    for name, (tool, arguments) in EVERYDAY.items():
        await pair.both(call(tool, arguments(pair)))
        assert pair.went_direct, name

    assert await pair.direct.trail() == await pair.package.trail()
    refused = {each for row in await pair.direct.trail() for each in row if each == "refused"}
    assert refused


@pytest.mark.parametrize("who", ["viewer", "operator"])
async def test_so_are_those_whose_role_decides(pair: Twins, who: str) -> None:
    for tool, arguments in (EVERYDAY[each] for each in ("a read", "a charge", "another's project")):
        await pair.both(call(tool, arguments(pair), who=who))

    assert pair.went_direct
    assert await pair.direct.trail() == await pair.package.trail()


async def test_so_are_calls_that_come_too_often(pair: Twins) -> None:
    said = [await pair.both(call("list_meters", who=HURRIED)) for _ in range(32)]

    codes = [each["result"]["structuredContent"].get("code") for each in said]
    assert codes == [None] * 30 + ["rate_limited"] * 2
    assert pair.went_direct
    assert await pair.direct.trail() == await pair.package.trail()


ID: tuple[Any, ...] = (0, -1, "", "seven", 2**63 - 1, "é")


@pytest.mark.parametrize("id_", ID)
async def test_any_proper_id_comes_back(pair: Twins, id_: Any) -> None:
    said = await pair.both(saying(call("list_meters"), id=id_))

    assert (said["id"], pair.went_direct) == (id_, True)


def base64_of(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


HEADERS: dict[str, Callable[[Sent], Sent]] = {
    "no version": lambda sent: instead(sent, "MCP-Protocol-Version"),
    "a version that never was": lambda sent: instead(sent, "MCP-Protocol-Version", "2030-01-01"),
    "a version of the handshake": lambda sent: instead(sent, "MCP-Protocol-Version", HANDSHAKE),
    "two versions": lambda sent: instead(sent, "MCP-Protocol-Version", MODERN, MODERN),
    "versions of both eras": lambda sent: instead(sent, "MCP-Protocol-Version", MODERN, HANDSHAKE),
    "no method": lambda sent: instead(sent, "Mcp-Method"),
    "another method": lambda sent: instead(sent, "Mcp-Method", "tools/list"),
    "two methods": lambda sent: instead(sent, "Mcp-Method", "tools/call", "tools/call"),
    "no name": lambda sent: instead(sent, "Mcp-Name"),
    "another name": lambda sent: instead(sent, "Mcp-Name", "whoami"),
    "two names": lambda sent: instead(sent, "Mcp-Name", "check_balance", "whoami"),
    "a name in base64": lambda sent: instead(sent, "Mcp-Name", base64_of("check_balance")),
    "a name in broken base64": lambda sent: instead(sent, "Mcp-Name", "=?base64?!?="),
    "a name in another case": lambda sent: instead(sent, "Mcp-Name", "Check_Balance"),
    "accepting nothing": lambda sent: instead(sent, "Accept"),
    "accepting a stream only": lambda sent: instead(sent, "Accept", "text/event-stream"),
    "accepting a page": lambda sent: instead(sent, "Accept", "text/html"),
    "accepting by weight": lambda sent: instead(sent, "Accept", "application/json;q=0.5, */*;q=0"),
    "accepting twice": lambda sent: instead(
        sent, "Accept", "text/event-stream", "application/json"
    ),
    "a form": lambda sent: instead(sent, "Content-Type", "application/x-www-form-urlencoded"),
    "no type": lambda sent: instead(sent, "Content-Type"),
    "a type with a charset": lambda sent: instead(
        sent, "Content-Type", "application/json; charset=utf-8"
    ),
    "a parameter header": lambda sent: instead(sent, "Mcp-Param-Wallet", "whatever"),
    "nobody": lambda sent: instead(sent, "Authorization"),
    "somebody unknown": lambda sent: instead(sent, "Authorization", "Bearer mallory"),
    "somebody without the scope": lambda sent: instead(sent, "Authorization", "Bearer reader"),
    "read only": lambda sent: instead(sent, "X-MCP-Readonly", "true"),
    "an unknown toolset": lambda sent: instead(sent, "X-MCP-Toolsets", "everything"),
    "another host": lambda sent: instead(sent, "Host", "evil.example"),
    "another origin": lambda sent: instead(sent, "Origin", "https://evil.example"),
    "a session": lambda sent: instead(sent, "Mcp-Session-Id", "no-such-session"),
    "by GET": lambda sent: replace(sent, method="GET", body=b""),
    "by DELETE": lambda sent: replace(sent, method="DELETE", body=b""),
    "by PUT": lambda sent: replace(sent, method="PUT"),
    "read only by path": lambda sent: replace(sent, path="/readonly"),
    "a toolset without the tool": lambda sent: replace(sent, path="/x/metering"),
    "no such path": lambda sent: replace(sent, path="/nowhere"),
}

META = "io.modelcontextprotocol/"


def without(*names: str) -> dict[str, Any]:
    return {each: value for each, value in envelope().items() if each not in names}


BODIES: dict[str, Callable[[Sent], Sent]] = {
    "an unknown tool": lambda sent: asking(instead(sent, "Mcp-Name", "no_such"), name="no_such"),
    "a tool not served here": lambda sent: asking(
        instead(sent, "Mcp-Name", "reverse_transaction"), name="reverse_transaction"
    ),
    "a name that is no text": lambda sent: asking(sent, name=5),
    "a name that is a list": lambda sent: asking(sent, name=["check_balance"]),
    "a name that is nothing": lambda sent: asking(sent, name=None),
    "no tool": lambda sent: asking(sent, name=...),
    "null for arguments": lambda sent: asking(sent, arguments=None),
    "a list for arguments": lambda sent: asking(sent, arguments=[1]),
    "a text for arguments": lambda sent: asking(sent, arguments="{}"),
    "a task": lambda sent: asking(sent, task={"ttl": 5}),
    "a task that is none": lambda sent: asking(sent, task="now"),
    "a state": lambda sent: asking(sent, requestState="forged"),
    "an answer nobody asked for": lambda sent: asking(sent, inputResponses={"x": {}}),
    "an unknown member": lambda sent: asking(sent, whatever=1),
    "no envelope": lambda sent: asking(sent, _meta=...),
    "null for an envelope": lambda sent: asking(sent, _meta=None),
    "a list for an envelope": lambda sent: asking(sent, _meta=[]),
    "no version inside": lambda sent: asking(sent, _meta=without(f"{META}protocolVersion")),
    "another version inside": lambda sent: asking(
        sent, _meta=envelope(**{f"{META}protocolVersion": HANDSHAKE})
    ),
    "a number for a version": lambda sent: asking(
        sent, _meta=envelope(**{f"{META}protocolVersion": 5})
    ),
    "no capabilities": lambda sent: asking(sent, _meta=without(f"{META}clientCapabilities")),
    "a list for capabilities": lambda sent: asking(
        sent, _meta=envelope(**{f"{META}clientCapabilities": []})
    ),
    "capabilities of all kinds": lambda sent: asking(
        sent,
        _meta=envelope(**{f"{META}clientCapabilities": {"elicitation": {"form": {}}, "x": 1}}),
    ),
    "no name for the client": lambda sent: asking(sent, _meta=without(f"{META}clientInfo")),
    "a text for the client": lambda sent: asking(
        sent, _meta=envelope(**{f"{META}clientInfo": "x"})
    ),
    "a trace": lambda sent: asking(sent, _meta=envelope(traceparent="00-ab-cd-01")),
    "much in the envelope": lambda sent: asking(sent, _meta=envelope(note="x" * 5000)),
    "progress": lambda sent: asking(sent, _meta=envelope(progressToken="p")),
    "a log level": lambda sent: asking(sent, _meta=envelope(**{f"{META}logLevel": "debug"})),
    "no params": lambda sent: saying(sent, params=...),
    "null for params": lambda sent: saying(sent, params=None),
    "a list for params": lambda sent: saying(sent, params=[]),
    "a notification": lambda sent: saying(sent, id=...),
    "null for an id": lambda sent: saying(sent, id=None),
    "truth for an id": lambda sent: saying(sent, id=True),
    "a fraction for an id": lambda sent: saying(sent, id=1.5),
    "an object for an id": lambda sent: saying(sent, id={}),
    "another member": lambda sent: saying(sent, extra=1),
    "another protocol": lambda sent: saying(sent, jsonrpc="1.0"),
    "no protocol": lambda sent: saying(sent, jsonrpc=...),
    "a response": lambda sent: saying(sent, method=..., params=..., result={}),
    "another case of the method": lambda sent: saying(sent, method="Tools/Call"),
    "another method of the protocol": lambda sent: saying(sent, method="tools/list"),
    "a method of the handshake": lambda sent: saying(sent, method="ping"),
    "no such method": lambda sent: saying(sent, method="no/such"),
    "a batch": lambda sent: replace(sent, body=b"[%s]" % sent.body),
    "two messages": lambda sent: replace(sent, body=sent.body * 2),
    "half a message": lambda sent: replace(sent, body=sent.body[:-9]),
    "nothing": lambda sent: replace(sent, body=b""),
    "spaces around it": lambda sent: replace(sent, body=b" \r\n%s\t " % sent.body),
    "a mark at its beginning": lambda sent: replace(sent, body=b"\xef\xbb\xbf%s" % sent.body),
    "bytes that are no text": lambda sent: replace(sent, body=sent.body.replace(b"wal", b"\xff")),
    "half a character": lambda sent: replace(sent, body=sent.body.replace(b"wal", rb"\ud800")),
    "not a number": lambda sent: replace(sent, body=sent.body.replace(b'"id":7', b'"id":NaN')),
    "a number without end": lambda sent: replace(
        sent, body=sent.body.replace(b'"id":7', b'"id":1e999')
    ),
    "an integer past 64 bits": lambda sent: replace(
        sent, body=sent.body.replace(b'"id":7', b'"id":18446744073709551616')
    ),
    "an integer past 63 bits": lambda sent: replace(
        sent, body=sent.body.replace(b'"id":7', b'"id":9223372036854775808')
    ),
    "two ids": lambda sent: replace(sent, body=sent.body.replace(b'"id":7', b'"id":7,"id":8')),
    "two names inside": lambda sent: replace(
        sent, body=sent.body.replace(b'"name":"ch', b'"name":"whoami","name":"ch')
    ),
    "two methods inside": lambda sent: replace(
        sent, body=sent.body.replace(b'"method":', b'"method":"ping","method":')
    ),
    "a thousand levels": lambda sent: replace(
        sent, body=sent.body.replace(b'"id":7', b'"id":%s1%s' % (b"[" * 1000, b"]" * 1000))
    ),
}


@pytest.mark.parametrize("how", [HEADERS, BODIES], ids=["headers", "bodies"])
async def test_what_is_unusual_is_answered_the_same(
    pair: Twins, how: Mapping[str, Callable[[Sent], Sent]]
) -> None:
    for change in how.values():
        await pair.both(change(call("check_balance", {"wallet_id": pair.ours})))

    assert await pair.direct.trail() == await pair.package.trail()
    assert not pair.went_direct


async def test_whatever_comes_together_is_answered_the_same(pair: Twins) -> None:
    chosen = random.Random(2026)  # noqa: S311 - the same requests in every run
    changes = [*HEADERS.values(), *BODIES.values()]
    for number in range(GENERATED):
        tool, arguments = chosen.choice(list(EVERYDAY.values()))
        sent = call(tool, arguments(pair), who=chosen.choice(["member", "viewer", "operator"]))
        for change in chosen.sample(changes, chosen.choice([0, 1, 1, 2, 3])):
            sent = _changed(sent, change)
        await pair.both(sent)
        if number % 50 == 0:
            assert await pair.direct.trail() == await pair.package.trail()

    assert len(pair.direct.by_package) < len(pair.package.by_package)


def _changed(sent: Sent, change: Callable[[Sent], Sent]) -> Sent:
    """Change a request, unless an earlier change has left nothing of its message to change."""
    try:
        return change(sent)
    except (ValueError, KeyError, TypeError):
        return sent


@pytest.mark.parametrize("wanted", ["progressToken", f"{META}logLevel"])
async def test_who_wants_to_hear_more_than_the_answer_is_the_packages(
    pair: Twins, wanted: str
) -> None:
    await pair.both(call("list_meters", _meta=envelope(**{wanted: "debug"})))

    assert not pair.went_direct


async def another(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text="another")])


async def test_what_is_served_in_the_place_of_our_tools_is_not_passed_by(pair: Twins) -> None:
    for each in (pair.direct, pair.package):
        each.mcp.server.add_request_handler("tools/call", types.CallToolRequestParams, another)

    said = await pair.both(call("list_meters"))

    assert said["result"]["content"] == [{"type": "text", "text": "another"}]
