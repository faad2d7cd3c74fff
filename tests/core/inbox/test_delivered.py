"""What is told is read strictly, and kept without what must not be kept."""

import json
from typing import Any

import orjson
import pytest

from core.inbox import DeliveryRefused, Endpoint, read_body, read_event
from tests.stripe_events import paid, snapshot, thin
from tests.world import START


def refusal(body: bytes, endpoint: Endpoint = Endpoint.SNAPSHOT) -> str:
    with pytest.raises(DeliveryRefused) as refused:
        read_body(body, endpoint)
    return refused.value.reason


def without(name: str) -> dict[str, Any]:
    return {each: value for each, value in paid("evt_1").items() if each != name}


def test_an_event_says_what_happened_to_what_and_when() -> None:
    told = read_body(orjson.dumps(paid("evt_1", about="pi_9")), Endpoint.SNAPSHOT)

    assert (told.source, told.external_id, told.type) == (
        "stripe",
        "evt_1",
        "payment_intent.succeeded",
    )
    assert (told.object_id, told.api_version, told.occurred_at) == (
        "pi_9",
        "2026-10-28.endive",
        START,
    )
    assert told.payload == paid("evt_1", about="pi_9")


def test_a_thin_event_names_its_object_and_tells_its_instant_as_text() -> None:
    told = read_body(orjson.dumps(thin("evt_1", "mtr_4")), Endpoint.THIN)

    assert (told.object_id, told.api_version, told.occurred_at) == ("mtr_4", None, START)


def test_what_happened_to_something_without_an_id_is_an_event_too() -> None:
    told = read_event(
        snapshot("evt_1", "invoice.upcoming", {"object": "invoice"}), Endpoint.SNAPSHOT
    )

    assert told.object_id is None


WRONG: tuple[dict[str, Any], ...] = (
    {"id": 7},
    {"id": ""},
    {"id": "e" * 256},
    {"id": "evt\n1"},
    {"type": None},
    {"type": "übung"},
    {"created": "2026-11-20T09:00:00"},
    {"created": 10**18},
    {"created": True},
    {"created": 1.5},
    {"api_version": "v" * 65},
    {"data": []},
    {"data": {"object": "pi_1"}},
    {"data": {"object": {"id": 4}}},
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"id": "evt_1"} trailing', "not_json"),
        (b"\xff\xfe{}", "not_utf8"),
        (b'{"id": "evt_\xc3"}', "not_utf8"),
        (b"[" * 5_000 + b"]" * 5_000, "not_json"),
        (b"[]", "not_an_event"),
        (b'"evt_1"', "not_an_event"),
        (b"null", "not_an_event"),
        (b"{}", "not_an_event"),
        (b'{"a": NaN}', "not_an_event"),
        *((orjson.dumps(without(each)), "not_an_event") for each in ("id", "type", "object")),
        *((orjson.dumps(without(each)), "not_an_event") for each in ("created", "data")),
        *((orjson.dumps(paid("evt_1") | wrong), "not_an_event") for wrong in WRONG),
        (orjson.dumps(thin("evt_1")), "not_an_event"),
    ],
)
def test_what_is_no_event_is_refused_by_one_word(body: bytes, reason: str) -> None:
    assert refusal(body) == reason


def test_each_endpoint_takes_its_own_kind_and_what_is_fetched_may_be_either() -> None:
    assert refusal(orjson.dumps(paid("evt_1")), Endpoint.THIN) == "not_an_event"
    for payload in (paid("evt_1"), thin("evt_1")):
        assert read_event(payload, Endpoint.FETCHED).external_id == "evt_1"


def test_an_event_that_is_deeper_than_any_of_theirs_is_refused() -> None:
    deep: Any = "end"
    for _ in range(50):
        deep = {"more": deep}

    assert refusal(orjson.dumps(paid("evt_1", metadata=deep))) == "not_an_event"


def test_secrets_and_card_numbers_are_not_kept() -> None:
    told = read_event(
        paid(
            "evt_1",
            client_secret="pi_1_secret_x",
            confirmation_secret={"client_secret": "in_1_secret_y", "type": "payment_intent"},
            metadata={"note": "my card is 4242 4242 4242 4242", "4000000000000002": "?"},
            next_action=[{"authentication_token": "abc"}],
            secret=None,
        ),
        Endpoint.SNAPSHOT,
    )

    about = told.payload["data"]["object"]
    assert about["client_secret"] == "[redacted]"
    assert about["confirmation_secret"] == {"client_secret": "[redacted]", "type": "payment_intent"}
    assert about["metadata"] == {"note": "my card is [card number]", "[card number]": "?"}
    assert about["next_action"] == [{"authentication_token": "[redacted]"}]
    assert about["secret"] is None
    assert "secret_x" not in json.dumps(told.payload)


def test_what_a_customer_wrote_is_kept_as_far_as_a_database_can_hold_it() -> None:
    body = json.dumps(paid("evt_1", description="a\x00b \ud83d c é 😀")).encode()

    told = read_body(body, Endpoint.SNAPSHOT)

    assert told.payload["data"]["object"]["description"] == "a�b ? c é 😀"
