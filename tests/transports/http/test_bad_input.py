"""Every bad input gets a typed error, changes nothing, and is in the trail."""

from collections.abc import AsyncIterator

import pytest

from mcp_server.http.bodies import BODY_MAX
from tests.transports.http.conftest import Door

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 100_000

BODIES = {
    "unknown field": (b'{"name": "lamp", "colour": "red"}', 400, "colour"),
    "wrong type": (b'{"name": 7}', 400, "name"),
    "number for money": (b'{"name": "lamp", "amount": 2.5}', 400, "amount"),
    "negative amount": (b'{"name": "lamp", "amount": "-2.50"}', 400, "amount"),
    "unknown asset": (b'{"name": "lamp", "asset": "dollars"}', 400, "asset"),
    "NUL": (b'{"name": "la\\u0000mp"}', 400, "arguments"),
    "bidi": ('{"name": "la\u202emp"}'.encode(), 400, "name"),
    "lone surrogate": (b'{"name": "la\\ud800mp"}', 400, "arguments"),
    "missing field": (b"{}", 400, "name"),
    "no body": (b"", 400, "name"),
}
UNREADABLE = {
    "not JSON": b'{"name": "lamp"',
    "two values": b'{"name": "lamp"} {}',
    "a list": b'["lamp"]',
    "a word": b'"lamp"',
    "duplicate name": b'{"name": "lamp", "name": "sofa"}',
    "duplicate name within": b'{"name": {"a": 1, "a": 2}}',
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": 1e999}',
    "beyond 64 bits": b'{"name": 9223372036854775808}',
    "five thousand digits": b'{"name": 1' + b"0" * 5_000 + b"}",
    "not UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "lamp"}'.encode("utf-16"),
    "too deep": DEEP,
}


@pytest.mark.parametrize("case", BODIES)
async def test_a_wrong_argument_is_named_by_its_field(door: Door, case: str) -> None:
    body, status, field = BODIES[case]
    answer = await door.as_("member", "POST", "/v1/things", content=body, headers=JSON)
    assert answer.status_code == status
    assert answer.json()["code"] == "invalid_request"
    assert answer.json()["problems"][0]["field"] == field
    assert await door.trail() == [("make_thing", "refused", "invalid_request")]


@pytest.mark.parametrize("case", UNREADABLE)
async def test_a_body_that_cannot_be_read_is_refused_and_written_down(
    door: Door, case: str
) -> None:
    answer = await door.as_("member", "POST", "/v1/things", content=UNREADABLE[case], headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    assert "lamp" not in answer.text
    assert await door.trail() == [("make_thing", "refused", "malformed_body")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_a_body_of_another_kind_is_refused(door: Door, headers: dict[str, str]) -> None:
    answer = await door.as_(
        "member", "POST", "/v1/things", content=b'{"name": "lamp"}', headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_body")
    assert await door.trail() == [("make_thing", "refused", "unsupported_body")]


async def five_pieces() -> AsyncIterator[bytes]:
    for _ in range(5):
        yield b" " * 1024 * 1024


async def watched(read: list[str]) -> AsyncIterator[bytes]:
    read.append("somebody did")
    yield b"{}"


@pytest.mark.parametrize("length", ["declared", "chunked"])
async def test_a_body_of_five_mebibytes_is_refused_and_the_connection_closed(
    door: Door, length: str
) -> None:
    content = b" " * (5 * 1024 * 1024) if length == "declared" else five_pieces()
    answer = await door.as_("member", "POST", "/v1/things", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.json()["limit_bytes"] == BODY_MAX
    assert answer.headers["Connection"] == "close"
    assert await door.trail() == [("make_thing", "refused", "body_too_large")]


async def test_a_body_of_exactly_the_limit_is_read(door: Door) -> None:
    body = b'{"name": "lamp"}'.ljust(BODY_MAX)
    answer = await door.as_("member", "POST", "/v1/things", content=body, headers=JSON)
    assert answer.status_code == 201


async def test_the_body_of_somebody_unknown_is_not_read_at_all(door: Door) -> None:
    read: list[str] = []
    content = watched(read)
    answer = await door.as_(None, "POST", "/v1/things", content=content, headers=JSON)
    assert answer.status_code == 401
    assert read == []


QUERIES = {
    "not a number": ("/v1/things?limit=many", "limit"),
    "too many": ("/v1/things?limit=1000", "limit"),
    "number of two kinds": ("/v1/things?limit=1.0", "limit"),
    "not a truth": ("/v1/things?exact=yes", "exact"),
    "given twice": ("/v1/things?limit=1&limit=2", "limit"),
    "unknown field": ("/v1/things?colour=red", "colour"),
    "time without zone": ("/v1/things?since=2026-11-20T09:00:00", "since"),
    "not a time": ("/v1/things?since=yesterday", "since"),
    "NUL": ("/v1/things?tags=%00", "arguments"),
    "beyond 64 bits": ("/v1/things?limit=99999999999999999999", "limit"),
    "path and query disagree": ("/v1/things/lamp?thing_id=sofa", "thing_id"),
}


@pytest.mark.parametrize("case", QUERIES)
async def test_a_wrong_query_is_named_by_its_field(door: Door, case: str) -> None:
    path, field = QUERIES[case]
    answer = await door.as_("member", "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["problems"][0]["field"] == field
    assert [row[1:] for row in await door.trail()] == [("refused", "invalid_request")]


async def test_a_field_that_path_and_body_disagree_about_is_refused(door: Door) -> None:
    sent = {"thing_id": "sofa", "name": "chair"}
    answer = await door.as_("admin", "PATCH", "/v1/things/lamp", json=sent)
    assert answer.status_code == 400
    assert answer.json()["problems"] == [{"field": "thing_id", "problem": "differs from the path"}]


async def test_a_query_beside_a_body_is_refused(door: Door) -> None:
    answer = await door.as_("member", "POST", "/v1/things?name=lamp", json={"name": "lamp"})
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == "query"


async def test_another_tenants_project_answers_as_not_found(door: Door) -> None:
    other = "prj_00000000000000000000000002"
    answer = await door.as_("member", "GET", f"/v1/things/lamp?project_id={other}")
    assert (answer.status_code, answer.json()["code"]) == (404, "test_no_such_project")
    assert await door.trail() == [("get_thing", "refused", "test_no_such_project")]


async def test_a_viewer_may_not_change_anything(door: Door) -> None:
    answer = await door.as_("viewer", "POST", "/v1/things", json={"name": "lamp"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert "WWW-Authenticate" not in answer.headers
    assert await door.trail() == [("make_thing", "refused", "not_allowed")]


@pytest.mark.parametrize("key", ["", "k" * 256, "caf\u00e9".encode("latin-1")])
async def test_an_idempotency_key_is_plain_and_short(door: Door, key: str) -> None:
    answer = await door.as_(
        "member", "POST", "/v1/things", json={"name": "lamp"}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == "idempotency_key"
