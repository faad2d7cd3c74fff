"""What a caller of the HTTP API can rely on."""

from pathlib import Path

import pytest

from core.operations.limits import Rate
from core.operations.operation import RateClass
from tests.transports.http.conftest import METADATA, URL, Door, opened

pytestmark = pytest.mark.anyio


async def test_an_operation_answers_with_the_status_it_declares(door: Door) -> None:
    made = await door.as_("member", "POST", "/v1/things", json={"name": "lamp"})
    recorded = await door.as_("member", "POST", "/v1/thing-events", json={"name": "lamp"})
    read = await door.as_("member", "GET", "/v1/things/lamp")
    assert [each.status_code for each in (made, recorded, read)] == [201, 202, 200]
    assert made.json() == recorded.json() == read.json() == {"name": "lamp"}


async def test_whole_words_of_a_path_win_over_its_parameters(door: Door) -> None:
    answer = await door.as_("admin", "POST", "/v1/things/secrets", json={"name": "lamp"})
    assert answer.json() == {"secret": "hush lamp", "secret_state": "shown_once"}


async def test_a_query_string_is_read_by_the_schema_of_its_fields(door: Door) -> None:
    query = "limit=7&exact=true&tags=red&tags=blue&since=2026-11-20T09:00:00Z"
    answer = await door.as_("member", "GET", f"/v1/things?{query}")
    assert answer.json() == {
        "items": ["int:7", "True", "red", "blue"],
        "next_cursor": "bW9yZQ",
        "since": "2026-11-20T09:00:00Z",
    }


async def test_a_list_points_at_its_next_page_and_keeps_the_rest_of_the_query(door: Door) -> None:
    first = await door.as_("member", "GET", "/v1/things?limit=7&tags=red%26blue&cursor=")
    link = f'<{URL}/v1/things?limit=7&tags=red%26blue&cursor=bW9yZQ>; rel="next"'
    assert first.headers["Link"] == link
    last = await door.as_("member", "GET", first.links["next"]["url"])
    assert last.json()["next_cursor"] is None
    assert "Link" not in last.headers


async def test_the_same_idempotency_key_gives_the_first_result_again(door: Door) -> None:
    for replayed in (None, "true"):
        answer = await door.as_(
            "member", "POST", "/v1/things", json={"name": "lamp"}, headers={"Idempotency-Key": "k1"}
        )
        assert answer.status_code == 201
        assert answer.headers.get("Idempotency-Replayed") == replayed
    other = await door.as_(
        "member", "POST", "/v1/things", json={"name": "sofa"}, headers={"Idempotency-Key": "k1"}
    )
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_replay_does_not_show_the_secret_again(door: Door) -> None:
    answers = [
        await door.as_(
            "admin",
            "POST",
            "/v1/things/secrets",
            json={"name": "lamp"},
            headers={"Idempotency-Key": "k1"},
        )
        for _ in range(2)
    ]
    assert answers[0].json() == {"secret": "hush lamp", "secret_state": "shown_once"}
    assert answers[1].json() == {"secret": None, "secret_state": "already_shown"}


async def test_a_refusal_is_a_problem_with_the_facts_as_members(door: Door) -> None:
    answer = await door.as_("member", "POST", "/v1/things", json={"name": "palace"})
    assert answer.status_code == 402
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/docs/errors/test_not_enough",
        "title": "Test not enough",
        "status": 402,
        "code": "test_not_enough",
        "detail": "wal_1 has 2.50 USD available and is 7.50 USD short.",
        "wallet_id": "wal_1",
        "available": "2.50",
        "shortfall": "7.50",
        "asset": "USD/2",
    }


async def test_what_is_left_is_told_with_every_answer(tmp_path: Path) -> None:
    rates = dict.fromkeys(RateClass, Rate(calls=600, seconds=60))
    async with opened(tmp_path, rates=rates) as door:
        answers = [await door.as_("member", "GET", "/v1/things/lamp") for _ in range(2)]
    assert answers[0].headers["RateLimit-Policy"] == '"read";q=600;w=60'
    assert [each.headers["RateLimit"] for each in answers] == [
        '"read";r=599;t=1',
        '"read";r=598;t=1',
    ]


async def test_whoever_calls_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    rates = dict.fromkeys(RateClass, Rate(calls=2, seconds=60))
    async with opened(tmp_path, rates=rates) as door:
        answers = [await door.as_("member", "GET", "/v1/things/lamp") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "30"
    assert answers[2].headers["RateLimit"] == '"read";r=0;t=30'
    assert answers[2].json()["code"] == "rate_limited"


async def test_strangers_have_a_bucket_for_each_address(tmp_path: Path) -> None:
    rates = dict.fromkeys(RateClass, Rate(calls=1, seconds=60))
    proxied = {"rates": rates, "trusted_proxies": ["127.0.0.1"]}
    async with opened(tmp_path, **proxied) as door:
        statuses = [
            (
                await door.as_(
                    None,
                    "POST",
                    "/v1/things/peek",
                    json={"word": "hello"},
                    headers={"X-Forwarded-For": address},
                )
            ).status_code
            for address in ("203.0.113.1", "203.0.113.1", "203.0.113.2")
        ]
    assert statuses == [200, 429, 200]


async def test_nobody_is_told_how_to_become_somebody(door: Door) -> None:
    answer = await door.as_(None, "GET", "/v1/things/lamp")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer resource_metadata="{METADATA}"'
    assert answer.json()["code"] == "unauthenticated"


async def test_a_wrong_token_is_named_as_wrong(door: Door) -> None:
    answer = await door.as_("stolen", "GET", "/v1/things/lamp")
    assert answer.status_code == 401
    challenge = f'Bearer error="invalid_token", resource_metadata="{METADATA}"'
    assert answer.headers["WWW-Authenticate"] == challenge
    assert door.identity.resources == [f"{URL}/v1"]


async def test_a_missing_scope_is_answered_with_every_scope_the_call_needs(door: Door) -> None:
    answer = await door.as_("unscoped", "POST", "/v1/things", json={"name": "lamp"})
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer error="insufficient_scope", scope="wallets:write", resource_metadata="{METADATA}"'
    )
    assert answer.json()["missing"] == ["wallets:write"]


async def test_floods_of_the_unauthenticated_are_counted_and_not_listed(door: Door) -> None:
    for _ in range(3):
        await door.as_("stolen", "GET", "/v1/things/lamp")
    assert await door.trail() == []
    assert dict(door.world.trail._floods) == {("anonymous", "get_thing", "unauthenticated"): 3}  # noqa: SLF001 - the count is what is promised


async def test_a_public_operation_needs_no_token(door: Door) -> None:
    answer = await door.as_(None, "POST", "/v1/things/peek", json={"word": "hello"})
    assert (answer.status_code, answer.json()) == (200, {"name": "hello"})


async def test_a_wrong_token_is_refused_even_where_none_is_needed(door: Door) -> None:
    answer = await door.as_("stolen", "POST", "/v1/things/peek", json={"word": "hello"})
    assert answer.status_code == 401


async def test_our_own_bug_is_answered_without_describing_it(door: Door) -> None:
    answer = await door.as_("member", "POST", "/v1/things/break", json={})
    assert answer.status_code == 500
    assert answer.json() == {
        "type": "/docs/errors/internal_error",
        "title": "Internal error",
        "status": 500,
        "code": "internal_error",
        "detail": "This is our mistake, and it was written down. Tell the operator the id "
        f"{answer.headers['X-Request-Id']}.",
        "request_id": answer.headers["X-Request-Id"],
    }
    assert await door.trail() == [("break_thing", "failed", "internal_error")]


async def test_a_path_that_is_not_there_is_a_problem(door: Door) -> None:
    answer = await door.as_("member", "GET", "/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")


async def test_a_method_that_is_not_there_is_told_which_are(door: Door) -> None:
    answer = await door.as_("member", "DELETE", "/v1/things")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert answer.json()["allowed"] == ["GET", "HEAD", "POST"]


async def test_a_head_is_a_get_without_a_body(door: Door) -> None:
    answer = await door.as_("member", "HEAD", "/v1/things/lamp")
    assert answer.status_code == 200
    assert await door.trail() == [("get_thing", "allowed", None)]
