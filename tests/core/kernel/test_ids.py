"""Identifiers sort by the time they were made, and say the same 128 bits everywhere."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.clock import SystemClock, stopwatch
from core.kernel.ids import Ulids, compose, derived, is_id, number_of, renamed
from tests.world import FrozenClock


def test_identifiers_made_in_one_millisecond_still_sort_by_when_they_were_made() -> None:
    ids = Ulids(FrozenClock())
    made = [ids.new("txn") for _ in range(1000)]

    assert made == sorted(set(made))


def test_a_clock_that_steps_back_does_not_unsort_what_is_made_next() -> None:
    clock = FrozenClock()
    ids = Ulids(clock)
    before = ids.new("txn")
    clock.advance(timedelta(seconds=-5))

    assert ids.new("txn") > before


def test_an_identifier_tells_when_it_was_made() -> None:
    clock = FrozenClock(datetime(2026, 11, 20, 9, tzinfo=UTC))

    assert number_of(Ulids(clock).new("txn")) >> 80 == int(clock.now().timestamp() * 1000)


@given(st.integers(0, 2**128 - 1))
def test_what_is_composed_is_read_back(number: int) -> None:
    assert number_of(compose("wal", number)) == number
    assert is_id("wal", compose("wal", number))


@pytest.mark.parametrize(
    "text", ["", "wal_", "wal_short", "wal_8" + "0" * 25, "wal_0" + "u" * 25, "WAL_0" + "0" * 25]
)
def test_a_malformed_identifier_is_told_apart(text: str) -> None:
    assert not is_id("wal", text)


@pytest.mark.parametrize("text", ["wal_short", "wal_8" + "0" * 25, "wal_0" + "u" * 25])
def test_a_malformed_identifier_has_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not an identifier"):
        number_of(text)


def test_an_identifier_of_another_noun_is_another_identifier() -> None:
    wallet = compose("wal", 7)

    assert renamed(wallet, "acc") == compose("acc", 7)
    assert not is_id("acc", wallet)


def test_a_derived_identifier_depends_on_every_part_and_on_where_each_ends() -> None:
    assert derived("acc", "a", "b") == derived("acc", "a", "b")
    assert len({derived("acc", *parts) for parts in (("a", "b"), ("ab",), ("b", "a"))}) == 3


def test_the_system_clock_is_aware_and_the_stopwatch_moves_forward() -> None:
    started = stopwatch()

    assert SystemClock().now().tzinfo is UTC
    assert stopwatch() >= started
