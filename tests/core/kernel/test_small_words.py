"""Two small rules of the kernel, told where nothing else is in the way."""

import pytest

from core.kernel import standing
from core.kernel.quantity import is_number


@pytest.mark.parametrize("text", ["0", "1", "12.5", "0.000000000001"])
def test_a_decimal_that_is_not_below_zero_is_a_number(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "-1", "01", "1.", ".5", "1e3", " 1", "1\n", "٣"])
def test_what_is_written_otherwise_is_none(text: str) -> None:
    assert not is_number(text)


def test_who_was_remembered_before_a_change_is_not_known_after_it() -> None:
    before = standing.number()
    standing.changed()
    assert standing.number() > before
