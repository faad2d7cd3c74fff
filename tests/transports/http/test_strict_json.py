"""The fast reader and the strict one read the same, and refuse the same in the same words."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_server.http import strict_json
from mcp_server.http.strict_json import JsonProblem, read, read_slowly

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
PLAIN = (",", ":")
Damage = tuple[int, int, bytes]
DAMAGES: st.SearchStrategy[list[Damage]] = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 6), st.binary(max_size=3)), max_size=2
)


def outcome(reader: Any, body: bytes) -> tuple[str, str]:
    """Return what was read, to the last bit, or the words of the refusal."""
    try:
        return "read", repr(reader(body))
    except JsonProblem as problem:
        return "refused", str(problem)


@given(
    value=VALUES,
    separators=st.sampled_from([PLAIN, (", ", ": ")]),
    ascii_only=st.booleans(),
    damages=DAMAGES,
)
@example(value=-0.0, separators=PLAIN, ascii_only=False, damages=[])
@example(value=2**63, separators=PLAIN, ascii_only=False, damages=[])
@example(value=2**53 + 1, separators=PLAIN, ascii_only=False, damages=[])
@example(value="\x00", separators=PLAIN, ascii_only=False, damages=[])
def test_both_readers_say_the_same_of_whatever_is_sent(
    *, value: Any, separators: tuple[str, str], ascii_only: bool, damages: list[Damage]
) -> None:
    body = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    sent = body.encode("utf-8", "surrogatepass")
    for start, length, instead in damages:
        sent = sent[:start] + instead + sent[start + length :]

    assert outcome(read, sent) == outcome(read_slowly, sent)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b'{"amount":"1","amount":"2"}', "a name appears twice in one object"),
        (b'{"a":1,"a":1}', "a name appears twice in one object"),
        (b'[{"x":{"b":1,"b":2}}]', "a name appears twice in one object"),
        (b"[NaN]", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"1e400", "a number is too large"),
        (b"9223372036854775808", "a whole number is larger than 64 bits"),
        (b"18446744073709551616", "a whole number is larger than 64 bits"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'"\xed\xa0\x80"', "it is not UTF-8"),
        (b"\xef\xbb\xbf1", "it is not JSON at line 1, column 1"),
        (b"[1,]", "it is not JSON at line 1, column 4"),
    ],
)
def test_what_has_no_one_reading_is_refused(sent: bytes, why: str) -> None:
    with pytest.raises(JsonProblem, match=f"^{why}$"):
        read(sent)


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"9007199254740993", 2**53 + 1),
        (b'"\\ud800"', "\ud800"),
        (b"-0", 0),
        (b' {"a" : 1 } ', {"a": 1}),
    ],
)
def test_what_the_fast_reader_would_bend_is_read_as_it_was_sent(sent: bytes, value: Any) -> None:
    assert read(sent) == value


def test_plain_json_never_takes_the_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(body: bytes) -> Any:
        raise AssertionError(body)

    monkeypatch.setattr(strict_json, "read_slowly", never)
    value = {"events": [{"id": "é\u2028", "n": 5, "f": 0.1, "none": None, "yes": True}] * 3}

    assert read(json.dumps(value, separators=PLAIN, ensure_ascii=False).encode()) == value
