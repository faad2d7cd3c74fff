"""The response contract finds objects that Stripe would not have made."""

from typing import Any

import pytest

from tests.stripe.responses import wrong_with

REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "created": 1_790_000_000,
    "currency": "usd",
    "status": "succeeded",
    "metadata": {},
}


def test_an_object_as_stripe_makes_it_passes() -> None:
    assert wrong_with(REFUND) == []


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"amount": "five"}, "refund.amount: int_parsing"),
        ({"created": None}, "refund.created: int_type"),
        ({"settled": True}, "refund.settled: unknown"),
        (
            {"destination_details": {"card": {"type": 1}}},
            "refund.destination_details.type: missing",
        ),
        ({"object": "refunds"}, "refunds: there is no such object"),
    ],
)
def test_an_object_that_stripe_would_not_make_is_found(changed: dict[str, Any], wrong: str) -> None:
    assert wrong in wrong_with({**REFUND, **changed})


def test_what_is_missing_is_found() -> None:
    less = {name: value for name, value in REFUND.items() if name != "currency"}

    assert wrong_with(less) == ["refund.currency: missing"]


def test_every_object_of_a_list_is_looked_at() -> None:
    listed = {"object": "list", "data": [REFUND, {**REFUND, "amount": None}]}

    assert wrong_with(listed) == ["refund.amount: int_type"]


def test_of_what_was_deleted_its_id_is_left() -> None:
    gone = {"id": "cus_1", "object": "customer", "deleted": True}

    assert wrong_with(gone) == []
    assert wrong_with({**gone, "email": "ada@example.com"}) == ["customer: more is left than an id"]
