"""What the money of a payment settles, decided without a database."""

import pytest

from core.collecting.model import Moves, Stands, is_permanent, weigh
from core.payments import Failure


@pytest.mark.parametrize(
    ("now", "due", "moves"),
    [
        # It came, and something is due.
        (Stands(100, 0, 0, 0), 100, Moves(apply=100)),
        # Told again, nothing is left to do.
        (Stands(100, 0, 0, 100), 0, Moves()),
        # More came than is due, or nothing is due any more.
        (Stands(100, 0, 0, 0), 40, Moves(apply=40, spare=60)),
        (Stands(100, 0, 0, 0), 0, Moves(spare=100)),
        # A refund of the spare money is asked for: it is spare no more.
        (Stands(100, 0, 60, 40), 0, Moves()),
        # Money went back without a credit note.
        (Stands(100, 30, 30, 100), 0, Moves(take_back=30)),
        # With one, what it settled was taken back before the money had gone.
        (Stands(100, 0, 30, 70), 0, Moves()),
        (Stands(100, 30, 30, 70), 0, Moves()),
        # The refund has failed after all.
        (Stands(100, 0, 0, 70), 30, Moves(apply=30)),
        # Refunded whole and disputed as well: no less than nothing is here.
        (Stands(100, 200, 200, 100), 0, Moves(take_back=100)),
    ],
)
def test_money_settles_what_is_due_and_what_went_back_settles_nothing(
    now: Stands, due: int, moves: Moves
) -> None:
    assert weigh(now, due) == moves


@pytest.mark.parametrize(
    ("provider_code", "decline_code", "permanent"),
    [
        ("card_declined", "insufficient_funds", False),
        ("card_declined", "stolen_card", True),
        ("expired_card", None, True),
        ("link_not_used", None, False),
    ],
)
def test_some_declines_are_for_good(
    provider_code: str, decline_code: str | None, *, permanent: bool
) -> None:
    why = Failure(reason="No.", provider_code=provider_code, decline_code=decline_code)
    assert is_permanent(why) is permanent
