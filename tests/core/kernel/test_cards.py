"""Card numbers are told from all the other digits there are."""

import re
import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel import cards
from core.kernel.cards import redacted
from core.kernel.clock import SystemClock
from core.kernel.ids import Ulids

# Numbers that the schemes and Stripe publish for tests; no account is behind any of them.
PUBLISHED = (
    *("4242424242424242", "4000000000000002", "4222222222222", "5555555555554444"),
    *("2223003122003222", "5200828282828210", "378282246310005", "371449635398431"),
    *("6011111111111117", "6011000990139424", "3056930009020004", "36227206271667"),
    *("3566002020360505", "6200000000000005", "6205500000000000004"),
    *(
        "6759649826438453",
        "2200000000000004",
        "5018000000000009",
        "6521111111111110",
        "9792000000000011",
    ),
)
BLOT = cards.REDACTED


@pytest.mark.parametrize("number", PUBLISHED)
def test_the_numbers_of_every_scheme_are_known(number: str) -> None:
    assert redacted(number) == BLOT
    grouped = "-".join(number[n : n + 4] for n in range(0, len(number), 4))
    assert redacted(f"pay with {grouped}, please") == f"pay with {BLOT}, please"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("4242 4242 4242 4242", BLOT),
        ("3782 822463 10005", BLOT),
        ("3056 930009 0200 04", BLOT),
        ("4242\u00a04242\u20114242\u20134242", BLOT),
        ("card:4242424242424242.", f"card:{BLOT}."),
        ("(4242424242424242)", f"({BLOT})"),
        ("4242424242424242 12/30 123", f"{BLOT} 12/30 123"),
        ("4242 4242 4242 4242 123", f"{BLOT} 123"),
        ("4242-4242-4242-4242-123", f"{BLOT}-123"),
        ("12-4242424242424242-", f"12-{BLOT}-"),
        ("a - 4242424242424242 - b", f"a - {BLOT} - b"),
        ("no 12 4242 4242 4242 4242", f"no 12 {BLOT}"),
        ("1111 4242 4242 4242 4242", f"1111 {BLOT}"),
        ("5105105105105100,4111111111111111", f"{BLOT},{BLOT}"),
        ("4242424242424242 5555555555554444", f"{BLOT} {BLOT}"),
        ("4242424242424242\n5555555555554444", f"{BLOT}\n{BLOT}"),
        ('{"number":"4242424242424242"}', f'{{"number":"{BLOT}"}}'),
    ],
)
def test_card_numbers_are_blotted_out_as_people_write_them(text: str, told: str) -> None:
    assert redacted(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4242",
        "424242424242",
        "4242424242424241",  # its check digit is another
        "1234567890123452",  # nobody issues these
        "42424242424242424242",  # longer than any
        "424242424242424",  # of an issuer, but not of its lengths
        "evt_4242424242424242",
        "x4242424242424242",
        "4242424242424242abc",
        "4242424242424242_1",
        "é4242424242424242",
        "+4242424242424242",
        "order-4242424242424242",
        "4242424242424242-a",
        "42424242-4242-4242-8abc-123456789012",  # a UUID, by chance
        "abcdef12-3bb9-b8ca-6011-000990139424",
        "a_1-12-4242-4242-4242-4242",
        "1.4242424242424242",
        "4242424242424242.5",
        "4242/4242/4242/4242",
        "4242  4242  4242  4242",
        "42 42 42 42 42 42 42 42",
        "424242424242424 2",  # of two groups the second is as short as no card has it
        "4242424242424242 ".strip() + "7" * 4,
        "2026-11-20T09:00:00.123456+00:00",
        "20261120090000123",
        "1763629200000",
        "1763629200000000",
        "1763629200000000000",
        "1592653589793238462",
        "00491701234567890",
    ],
)
def test_other_digits_are_left_alone(text: str) -> None:
    assert redacted(text) == text


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2033, 1, 1)))  # noqa: DTZ001 - made aware below
def test_no_instant_is_a_card_number_however_it_is_written(instant: datetime) -> None:
    at = instant.replace(tzinfo=UTC)
    seconds = int(at.timestamp())
    for text in (
        at.isoformat(),
        at.strftime("%Y%m%d%H%M%S"),
        at.strftime("%Y%m%d-%H%M%S"),
        at.strftime("%Y-%m-%d %H:%M:%S"),
        *(str(seconds * factor) for factor in (1, 1000, 10**6, 10**9)),
    ):
        assert redacted(text) == text


def test_no_identifier_is_a_card_number() -> None:
    ids = Ulids(SystemClock())
    for _ in range(2_000):
        for text in (ids.new("txn"), str(UUID(int=secrets.randbits(128)))):
            assert redacted(text) == text


def test_json_numbers_are_quantities() -> None:
    quantities = {"events": [{"properties": {"tokens": 4242424242424242}}]}

    assert not cards.sent(quantities)
    assert list(cards.paths(quantities)) == []
    assert cards.without_cards(quantities) == quantities


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"memo": "4242424242424242"}, [("memo",)]),
        ({"memo": "fine", "events": [{"id": "a"}, {"p": {"x": "4242-4242-4242-4242"}}]},
         [("events", 1, "p", "x")]),
        ({"4242424242424242": 1}, [(BLOT,)]),
        ({"a": {"n 4242424242424242": "5555555555554444"}},
         [("a", f"n {BLOT}"), ("a", f"n {BLOT}")]),
        ({"memo": 'line\\n4242424242424242 "quoted"'}, []),
        ({"memo": 'line\n4242424242424242 "quoted"'}, [("memo",)]),
        ({"memo": "é 4242\u00a04242\u00a04242\u00a04242"}, [("memo",)]),
        ({"memo": "é 1234\u00a04242"}, []),
        ({"memo": "é", "big": 2**70, "card": "4242424242424242"}, [("card",)]),
        ({"big": 2**70}, []),
        ({"half": "\ud800", "pair": ("4242424242424242",)}, [("pair", 0)]),
        ({"ids": "order-0000000000000", "more": "4000-0000-0000-0000"}, []),
    ],
)  # fmt: skip
def test_it_is_told_where_a_card_number_was_sent(value: Any, where: list[Any]) -> None:
    assert cards.sent(value) is bool(where)
    assert list(cards.paths(value)) == where
    assert list(cards.paths(cards.without_cards(value))) == []
    assert "4242424242424242" not in re.sub(r"\\n[0-9]+", "", repr(cards.without_cards(value)))


@given(st.text(alphabet="0123456789 -.x+é\n", max_size=60))
def test_the_glance_misses_nothing_that_the_closer_look_finds(text: str) -> None:
    found = redacted(text) != text

    assert cards.sent({"a": text}) is found
    assert cards.sent([text]) is found
    assert redacted(redacted(text)) == redacted(text)
    assert any(True for _ in cards.spans(text)) is found
