"""Test mode and real money: what is said of one is never believed of the other."""

from typing import Any

import pytest

from core.payments import Refund
from mcp_server.adapters.stripe.reading import Reader

REFUND: dict[str, Any] = {
    "object": "refund",
    "id": "re_1",
    "created": 1_763_700_000,
    "status": "succeeded",
    "amount": 1000,
    "currency": "usd",
}


@pytest.mark.parametrize("live", [True, False])
def test_a_picture_of_the_other_mode_is_not_read(*, live: bool) -> None:
    reader = Reader(live=live)

    assert reader.seen({**REFUND, "livemode": not live}) is None
    for ours in (REFUND, {**REFUND, "livemode": live}):
        assert isinstance(reader.seen(ours), Refund)
