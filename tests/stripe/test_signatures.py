"""Who is believed to be Stripe."""

import hashlib
import hmac
from datetime import timedelta

import pytest

from core.inbox import NotVerified
from mcp_server.adapters.stripe import Signatures
from tests.world import FrozenClock

BODY = '{"id": "evt_1", "name": "Grüße"}'.encode()
CLOCK = FrozenClock()
NOW = int(CLOCK.now().timestamp())


def signed(body: bytes, *secrets: str, at: int = NOW) -> str:
    digests = [
        hmac.new(each.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        for each in secrets
    ]
    return ",".join([f"t={at}", *(f"v1={each}" for each in digests)])


def reason(body: bytes, header: str | None, *secrets: str) -> str:
    with pytest.raises(NotVerified) as refused:
        Signatures(secrets or ("whsec_a",), CLOCK).verify(body, header)
    return refused.value.reason


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_what_was_signed_lately_is_believed(seconds: int) -> None:
    Signatures(["whsec_a"], CLOCK).verify(BODY, signed(BODY, "whsec_a", at=NOW + seconds))


def test_while_secrets_are_rotated_either_will_do() -> None:
    both = Signatures(["whsec_old", "whsec_new"], CLOCK)

    both.verify(BODY, signed(BODY, "whsec_old"))
    both.verify(BODY, signed(BODY, "whsec_new"))
    Signatures(["whsec_new"], CLOCK).verify(BODY, signed(BODY, "whsec_old", "whsec_new"))


def test_what_was_signed_more_than_five_minutes_ago_is_stale() -> None:
    assert reason(BODY, signed(BODY, "whsec_a", at=NOW - 301)) == "stale"


def test_what_was_signed_more_than_five_minutes_ahead_is_refused() -> None:
    assert reason(BODY, signed(BODY, "whsec_a", at=NOW + 301)) == "ahead"


def test_one_changed_bit_is_seen() -> None:
    header = signed(BODY, "whsec_a")
    for bit in range(0, len(BODY) * 8, 7):
        changed = bytearray(BODY)
        changed[bit // 8] ^= 1 << (bit % 8)
        assert reason(bytes(changed), header) == "forged"


@pytest.mark.parametrize(
    "header",
    [
        "nothing of the kind",
        "t=,v1=",
        f"t={NOW}",
        f"t={NOW},v0=abc",
        f"t={NOW},v1=",
        f"t={NOW},v1=ü",
        f"t={'9' * 5000},v1=abc",
        "t=x,v1=abc",
        "=,=,=",
    ],
)
def test_a_header_that_proves_nothing_is_forged(header: str) -> None:
    assert reason(BODY, header) == "forged"


@pytest.mark.parametrize("header", [None, ""])
def test_no_header_is_unsigned(header: str | None) -> None:
    assert reason(BODY, header) == "unsigned"


def test_the_timestamp_that_was_signed_is_the_one_that_is_judged() -> None:
    old = signed(BODY, "whsec_a", at=NOW - 1000)

    assert reason(BODY, f"{old},t={NOW}") == "stale"
    assert reason(BODY, f"t={NOW},{old}") == "forged"
    assert reason(BODY, old.replace(",", "=7,", 1)) == "stale"


def test_another_endpoints_secret_does_not_count() -> None:
    assert reason(BODY, signed(BODY, "whsec_thin"), "whsec_a", "whsec_b") == "forged"


def test_bytes_that_are_no_text_are_forged() -> None:
    body = b'{"id": "\xff"}'

    assert reason(body, signed(body, "whsec_a")) == "forged"


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_a", "  "]])
def test_there_is_no_endpoint_without_a_secret(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        Signatures(secrets, CLOCK)


def test_a_verifier_does_not_show_its_secrets() -> None:
    verifier = Signatures(["whsec_a"], FrozenClock(CLOCK.now() + timedelta(days=1)))

    assert "whsec_a" not in repr(verifier)
