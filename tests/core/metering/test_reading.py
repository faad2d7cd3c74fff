"""Quantities are exact, prices are rounded once, and equal contents have equal hashes."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.money import LARGEST, Asset
from core.kernel.quantity import as_text, micro
from core.usage import (
    Aggregation,
    Event,
    EventConflict,
    Meter,
    Reading,
    Status,
    bucket_of,
    judge,
    price_of,
    try_read,
)
from tests.world import START

HOURS = Meter(
    id="mtr_1",
    key="hours",
    name="Hours",
    aggregation=Aggregation.SUM,
    unit="hour",
    property=None,
    price=Decimal("0.333"),
    asset=Asset("USD", 2),
    created_at=START,
)


def said(event_id: str = "a", quantity: str | int = "1", meter_key: str = "hours") -> Event:
    return Event(
        event_id=event_id, meter_key=meter_key, occurred_at=None, quantity=quantity, properties={}
    )


@given(st.integers(0, LARGEST))
def test_every_quantity_is_written_as_the_number_that_it_is_read_from(units: int) -> None:
    assert micro(as_text(units)) == units
    assert Decimal(as_text(units)) == Decimal(units).scaleb(-6)


@pytest.mark.parametrize(
    ("number", "units"),
    [
        (0, 0),
        (3, 3_000_000),
        ("0.1", 100_000),
        ("1.230000000000", 1_230_000),
        ("9223372036854.775807", LARGEST),
        ("9223372036854.775808", None),
        (9_223_372_036_855, None),
        ("0.0000001", None),
        (-1, None),
        ("-1", None),
        ("01", None),
        (".5", None),
        ("1.", None),
        ("1e3", None),
        ("\u0661", None),
        ("1\n", None),
        ("", None),
    ],
)
def test_a_number_is_read_exactly_or_not_at_all(number: str | int, units: int | None) -> None:
    assert micro(number) == units


@given(
    price=st.decimals(0, 10**6, places=12, allow_nan=False),
    quantity=st.integers(0, 10**12),
    scale=st.integers(0, 12),
)
def test_a_price_is_the_exact_product_rounded_once_half_up(
    price: Decimal, quantity: int, scale: int
) -> None:
    meter = replace(HOURS, price=price, asset=Asset("USD", scale))
    with localcontext(prec=100):
        exact = price * quantity / 10**6
        rounded = exact.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP)

    charged = price_of("a", quantity, meter) if rounded.scaleb(scale) <= LARGEST else None

    assert charged is None or Decimal(charged.decimal) == rounded


@pytest.mark.parametrize(
    "other",
    [
        {"meter_key": "days"},
        {"occurred_at": START},
        {"quantity": "2"},
        {"properties": {"x": 1}},
        {"properties": {"x": "1"}},
        {"properties": {"x": True}},
    ],
)
def test_whatever_is_said_differently_has_another_content(other: dict[str, Any]) -> None:
    contents = {said().content, replace(said(), **other).content}
    assert len(contents) == 2


def test_the_order_of_properties_and_idle_zeros_are_not_content() -> None:
    first = replace(said(quantity="1.50"), properties={"a": 1, "b": 2})
    again = replace(said(quantity="1.5"), properties={"b": 2, "a": 1})

    assert first.content == again.content
    assert said(quantity=1).content == said(quantity="1.0").content


def test_a_bucket_is_a_quarter_of_an_hour() -> None:
    first = bucket_of(START)
    assert [bucket_of(START.replace(minute=minute)) - first for minute in (14, 15, 59)] == [0, 1, 3]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, 2, "0.0000001"])), max_size=12),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([1, 2])),
)
def test_a_batch_is_judged_as_its_events_would_be_one_after_another(
    sent: list[tuple[str, str | int]], before: dict[str, int]
) -> None:
    """Not a word of the code under test: each event is asked of a dictionary, in its turn."""
    events = [said(name, quantity) for name, quantity in sent]
    recorded = {name: said(name, quantity).content for name, quantity in before.items()}
    kept = dict(recorded)
    expected: list[object] = []
    for event in events:
        if event.event_id in kept:
            same = kept[event.event_id] == event.content
            expected.append(Status.DUPLICATE if same else EventConflict)
        elif isinstance(reading := try_read(event, HOURS, START), Reading):
            kept[event.event_id] = event.content
            expected.append(Status.ACCEPTED)
        else:
            expected.append(type(reading))

    verdicts = judge(events, [try_read(each, HOURS, START) for each in events], recorded)

    assert [each.status if not each.error else type(each.error) for each in verdicts] == expected
