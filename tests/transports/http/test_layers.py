"""What surrounds every request, whatever route it takes."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from mcp_server.http.bodies import BoundedBodies
from mcp_server.http.middleware import shown
from tests.transports.http.conftest import URL, Door, opened

pytestmark = pytest.mark.anyio

PUBLIC = "https://billing.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PATHS = [
    "/v1/things/lamp",
    "/v1/nothing",
    "/health",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/errors",
    "/docs/static/docs.js",
    "/nowhere",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_carries_the_security_headers(door: Door, path: str) -> None:
    answer = await door.as_(None, "GET", path)
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Request-Id"].startswith("req_")
    assert "Strict-Transport-Security" not in answer.headers


async def test_even_the_answer_to_our_own_bug_carries_them(door: Door) -> None:
    answer = await door.as_("member", "POST", "/v1/things/break", json={})
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


async def test_over_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    async with opened(tmp_path, public_url=PUBLIC) as door:
        answer = await door.as_(None, "GET", "/v1/nothing")
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


async def test_nobody_may_keep_what_one_caller_was_told(door: Door) -> None:
    told = await door.as_("member", "GET", "/v1/things/lamp")
    refused = await door.as_("member", "GET", "/v1/nothing")
    assert told.headers["Cache-Control"] == refused.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [("order-77", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ('x"y', False)],
)
async def test_a_well_formed_request_id_is_kept(door: Door, sent: str, echoed: bool) -> None:  # noqa: FBT001 - a column of the table above
    answer = await door.as_(None, "GET", "/health", headers={"X-Request-Id": sent})
    assert (answer.headers["X-Request-Id"] == sent) is echoed


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1@evil"])
async def test_another_host_is_not_answered(door: Door, host: str) -> None:
    answer = await door.as_("member", "GET", "/v1/things/lamp", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


async def test_two_hosts_are_one_too_many(door: Door) -> None:
    headers = [("Host", "127.0.0.1:8000"), ("Host", "evil.example")]
    answer = await door.http.get("/v1/things/lamp", headers=headers)
    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST"])
async def test_a_server_on_this_machine_answers_to_every_loopback_name(
    door: Door, host: str
) -> None:
    answer = await door.as_("member", "GET", "/v1/things/lamp", headers={"Host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("billing.example.com", 404),
        ("billing.example.com:443", 404),
        ("BILLING.example.com", 404),
        ("billing.example.com:8443", 421),
        ("localhost", 421),
        ("10.0.0.7:8000", 421),
    ],
)
async def test_a_public_server_answers_to_its_own_name_only(
    tmp_path: Path, host: str, status: int
) -> None:
    async with opened(tmp_path, public_url=PUBLIC) as door:
        answer = await door.as_(None, "GET", "/nowhere", headers={"Host": host})
        probe = await door.as_(None, "GET", "/health", headers={"Host": "10.0.0.7:8000"})
    assert (answer.status_code, probe.status_code) == (status, 200)


async def test_a_page_of_an_allowed_origin_may_call_with_a_token_and_read_the_answer(
    tmp_path: Path,
) -> None:
    origin = "https://inspector.example"
    async with opened(tmp_path, public_url=PUBLIC, allowed_origins=[origin]) as door:
        asked = {**PREFLIGHT, "Origin": origin}
        asked["Access-Control-Request-Headers"] = "authorization, mcp-param-wallet, x-evil"
        preflight = await door.as_(None, "OPTIONS", "/v1/things", headers=asked)
        answer = await door.as_("member", "GET", "/v1/things/lamp", headers={"Origin": origin})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == origin
    assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"]
    allowed = preflight.headers["Access-Control-Allow-Headers"].split(", ")
    wanted = {"authorization", "content-type", "idempotency-key", "mcp-param-wallet"}
    assert wanted <= set(allowed)
    assert "x-evil" not in allowed
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"WWW-Authenticate", "Mcp-Session-Id", "RateLimit", "X-Request-Id"} <= set(exposed)
    for each in (preflight, answer):
        assert "Access-Control-Allow-Credentials" not in each.headers
        assert "Origin" in each.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://billing.example.com.evil.example",
        "http://localhost",
        "http://[",
    ],
)
async def test_a_page_of_another_origin_may_not(tmp_path: Path, origin: str) -> None:
    async with opened(tmp_path, public_url=PUBLIC) as door:
        asked = {**PREFLIGHT, "Origin": origin}
        preflight = await door.as_(None, "OPTIONS", "/v1/things", headers=asked)
        answer = await door.as_("member", "GET", "/v1/things/lamp", headers={"Origin": origin})
    assert (preflight.status_code, preflight.json()["code"]) == (403, "origin_refused")
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_refusal_can_be_read_by_an_allowed_page_too(door: Door) -> None:
    headers = {"Origin": "http://localhost:6274"}
    answer = await door.as_(None, "GET", "/v1/things/lamp", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:6274"
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/oauth/token"])
async def test_clients_of_any_origin_may_find_out_how_to_get_a_token(
    tmp_path: Path, path: str
) -> None:
    async with opened(tmp_path, public_url=PUBLIC) as door:
        asked = {**PREFLIGHT, "Origin": "https://any.example"}
        preflight = await door.as_(None, "OPTIONS", path, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        ([], "198.51.100.9", "203.0.113.1", "198.51.100.9"),
        (["10.0.0.0/8"], "198.51.100.9", "203.0.113.1", "198.51.100.9"),
        (["10.0.0.0/8"], "10.0.0.7", "203.0.113.1", "203.0.113.1"),
        (["10.0.0.0/8"], "10.0.0.7", "1.1.1.1, 203.0.113.1, 10.0.0.8", "203.0.113.1"),
        (["10.0.0.0/8"], "::ffff:10.0.0.7", "203.0.113.1", "203.0.113.1"),
        (["10.0.0.0/8"], "10.0.0.7", "not an address", "10.0.0.7"),
        (["10.0.0.0/8"], "10.0.0.7", "", "10.0.0.7"),
        ([], "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    ],
)
async def test_only_trusted_proxies_are_believed_about_who_is_calling(
    tmp_path: Path, trusted: list[str], peer: str, forwarded: str, client: str
) -> None:
    async with opened(tmp_path, trusted_proxies=trusted, peer=(peer, 1)) as door:
        await door.as_(
            None,
            "POST",
            "/v1/things/peek",
            json={"word": "hello"},
            headers={"X-Forwarded-For": forwarded},
        )
        assert await door.subjects() == [f"anonymous:{client}"]


async def body_of(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body, a little later than it may take to arrive."""
    body = await Request(scope, receive).body()
    await asyncio.sleep(0.05)
    await Response(body)(scope, receive, send)


SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    sent: list[Message] = []

    async def never() -> Message:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await BoundedBodies(body_of, seconds_max=0.01)(dict(SCOPE), never, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_length_of_thousands_of_digits_is_too_large() -> None:
    app = BoundedBodies(body_of)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as client:
        answer = await client.post("/", headers={"Content-Length": "9" * 5000})
    assert answer.status_code == 413


async def test_an_answer_may_last_longer_than_a_body_may_take() -> None:
    app = BoundedBodies(body_of, seconds_max=0.01)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as client:
        answer = await client.post("/", content=b"hello")
    assert (answer.status_code, answer.text) == (200, "hello")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "/v1/wallets/wal_01jd3x8k5vq2m7r9t4w6y0z1ab",
            "/v1/wallets/wal_01jd3x8k5vq2m7r9t4w6y0z1ab",
        ),
        ("/welcome/Zk3vXn0pQ8sT2uWyA4bC6dEfG7hJ9kLm", "/welcome/[redacted]"),
        ("/a\nb", "/[unprintable]"),
    ],
)
async def test_a_secret_in_a_path_is_not_logged(path: str, told: str) -> None:
    assert shown(path) == told
