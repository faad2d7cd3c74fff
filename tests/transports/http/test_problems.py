"""How an error is told, in every part."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from core.kernel.errors import Busy, EngineError, Kind
from core.kernel.money import Asset, Money
from core.operations import InvalidRequest, RateLimited, ScopeRequired, Unauthenticated
from mcp_server.http.errors import BodyTooLarge
from mcp_server.problems import STATUS, challenge, headers, problem

USD, CREDIT = Asset("USD", 2), Asset("CREDIT", 6)


@dataclass(eq=False)
class Everything(EngineError):
    """Everything went wrong at {at}."""

    code = "test_everything"
    kind = Kind.CONFLICT
    at: datetime
    paid: Money
    credit: Money
    by: frozenset[Kind]
    whole: int
    certain: bool
    missing: str | None


def test_every_kind_of_no_has_a_status() -> None:
    assert {kind: STATUS[kind] for kind in Kind} == {
        Kind.INVALID: 400,
        Kind.UNAUTHENTICATED: 401,
        Kind.PAYMENT_REQUIRED: 402,
        Kind.FORBIDDEN: 403,
        Kind.NOT_FOUND: 404,
        Kind.CONFLICT: 409,
        Kind.REFUSED: 422,
        Kind.LIMITED: 429,
        Kind.BUSY: 503,
    }


def test_facts_are_members_as_json_has_them_and_money_names_its_asset() -> None:
    error = Everything(
        at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        paid=Money.of("2.50", USD),
        credit=Money.of("0.000001", CREDIT),
        by=frozenset({Kind.BUSY}),
        whole=7,
        certain=True,
        missing=None,
    )
    assert problem(error) == {
        "type": "/docs/errors/test_everything",
        "title": "Test everything",
        "status": 409,
        "code": "test_everything",
        "detail": "Everything went wrong at 2026-11-20 09:00:00+00:00.",
        "at": "2026-11-20T09:00:00+00:00",
        "paid": "2.50",
        "paid_asset": "USD/2",
        "credit": "0.000001",
        "credit_asset": "CREDIT/6",
        "by": ["busy"],
        "whole": 7,
        "certain": True,
        "missing": None,
    }


def test_what_only_http_knows_has_its_own_status() -> None:
    assert problem(BodyTooLarge(4096)) == {
        "type": "/docs/errors/body_too_large",
        "title": "Body too large",
        "status": 413,
        "code": "body_too_large",
        "detail": "The body is larger than the 4096 bytes this reads.",
        "limit_bytes": 4096,
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RateLimited("charge_usage", 30), {"Retry-After": "30"}),
        (Busy(), {"Retry-After": "1"}),
        (Busy(0), {"Retry-After": "1"}),
        (Unauthenticated(), {}),
    ],
)
def test_whoever_may_come_again_is_told_when(error: EngineError, told: dict[str, str]) -> None:
    assert headers(error) == told


@pytest.mark.parametrize(
    ("error", "presented", "told"),
    [
        (Unauthenticated(), False, 'Bearer resource_metadata="M"'),
        (Unauthenticated(), True, 'Bearer error="invalid_token", resource_metadata="M"'),
        (
            ScopeRequired(["keys:read"], ["keys:read"]),
            True,
            'Bearer error="insufficient_scope", scope="keys:read", resource_metadata="M"',
        ),
        (InvalidRequest([]), True, None),
    ],
)
def test_a_challenge_says_which_authority_would_do(
    error: EngineError,
    presented: bool,  # noqa: FBT001 - a column of the table above
    told: str | None,
) -> None:
    assert challenge(error, "M", presented=presented).get("WWW-Authenticate") == told


@dataclass(eq=False)
class NotHere(EngineError):
    """There is no {thing} here."""

    code = "not_here"
    kind = Kind.NOT_FOUND
    thing: str
    others: list[str]


def test_a_problem_carries_no_card_number_whatever_it_was_made_of() -> None:
    body = problem(NotHere("4242 4242 4242 4242", ["4242424242424242"]))

    assert body["detail"] == "There is no [card number] here."
    assert (body["thing"], body["others"]) == ("[card number]", ["[card number]"])
