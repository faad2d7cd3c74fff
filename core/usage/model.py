"""What metering decides, without a database: how an event is read, priced, and summed up.

Quantities are whole millionths, so that sums are exact on every database. A quantity that is finer
is refused, never rounded; only the price of an event is rounded, once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

import orjson

from core.kernel.caller import Caller
from core.kernel.errors import EngineError
from core.kernel.money import LARGEST, Asset, Money
from core.kernel.period import Window
from core.kernel.quantity import MICRO, PLACES, as_text, is_number, signed_micro
from core.kernel.rounding import to_units
from core.usage.errors import (
    ChargeTooLarge,
    EventInTheFuture,
    EventTooOld,
    MeterArchived,
    MeterNotFound,
    PropertiesTooLarge,
    PropertyMissing,
    PropertyNotNumeric,
    QuantityBelowZero,
    QuantityNotRead,
    QuantityOutOfRange,
)

FUTURE_MAX = timedelta(minutes=5)
AGE_MAX = timedelta(days=35)
PROPERTIES_BYTES_MAX = 4096
BUCKET_SECONDS = 900

_EXACT = Context(prec=60)
"""More than the longest price times the largest quantity has, so that the product is exact."""

Property = str | int | bool


class Aggregation(StrEnum):
    """What a meter makes of its events."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    MAX = "max"
    UNIQUE = "unique"
    """How many distinct values the property had."""
    LAST = "last"
    """What the event that occurred last said."""
    WEIGHTED_SUM = "weighted_sum"
    """The level that events raise and lower, by the seconds for which it lasted."""
    BUCKETED_MAX = "bucketed_max"
    """The sum of what was largest in each hour, day or month."""


CHARGEABLE = {Aggregation.COUNT, Aggregation.SUM}
"""Where each event adds its own part, so that it has a price of its own."""

CORRECTABLE = {Aggregation.SUM, Aggregation.AVERAGE}
"""Where platform operators may take back what was recorded wrongly, by an event below zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    id: str
    key: str
    name: str
    aggregation: Aggregation
    unit: str
    property: str | None
    """What is read from the event's properties; None to read the event's own quantity."""
    price: Decimal
    """Per unit, in the asset, exact: it may be finer than the asset's scale."""
    asset: Asset
    created_at: datetime
    archived_at: datetime | None = None
    per_window: Window | None = None
    """Of which windows of the project's time zone the maxima are added up."""


class Told(Protocol):
    """One use, as the caller told it: an `Event`, or the request it came in."""

    @property
    def event_id(self) -> str: ...
    @property
    def meter_key(self) -> str: ...
    @property
    def occurred_at(self) -> datetime | None:
        """In UTC. None means the instant at which it is received."""

    @property
    def quantity(self) -> str | int: ...
    @property
    def properties(self) -> Mapping[str, Property]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One use, as the caller told it."""

    event_id: str
    meter_key: str
    occurred_at: datetime | None
    """In UTC. None means the instant at which it is received."""
    quantity: str | int
    properties: Mapping[str, Property]

    @property
    def content(self) -> bytes:
        return content_of(self)


# Tuples, and not dataclasses: one is made of every event there ever is.
class Reading(NamedTuple):
    """An event as its meter read it: fit to be recorded."""

    event_id: str
    meter: Meter
    occurred_at: datetime
    quantity: int
    """Millionths: one for every event that is only counted."""
    packed: bytes
    """The properties as JSON, their names in order."""
    content: bytes


def content_of(told: Told) -> bytes:
    """Hash what was said. Equal contents under one id are one event, delivered twice.

    An omitted time stays omitted, so that a retry a minute later is still the same event.
    """
    return _hash(told, _packed(told), signed_micro(told.quantity))


def _packed(told: Told) -> bytes:
    return orjson.dumps(told.properties, option=orjson.OPT_SORT_KEYS)


def _hash(told: Told, packed: bytes, counted: int | None) -> bytes:
    quantity = told.quantity if counted is None else counted
    said = [told.meter_key, told.occurred_at, quantity, orjson.Fragment(packed)]
    return hashlib.blake2b(orjson.dumps(said), digest_size=16).digest()


def bucket_of(instant: datetime) -> int:
    """Return the quarter hour since 1970 in which the instant lies.

    The offset of every time zone is a whole number of quarter hours, so buckets add up to the
    hours, days and months of any of them.
    """
    return int(instant.timestamp()) // BUCKET_SECONDS


def read(event: Told, meter: Meter | None, now: datetime) -> Reading:
    """Read the event by its meter, or raise why it cannot be recorded."""
    if meter is None:
        raise MeterNotFound(event.meter_key)
    if meter.archived_at:
        raise MeterArchived(meter.key, meter.archived_at)
    occurred_at = event.occurred_at or now
    if occurred_at > now + FUTURE_MAX:
        raise EventInTheFuture(event.event_id, occurred_at, now + FUTURE_MAX)
    if occurred_at < now - AGE_MAX:
        raise EventTooOld(event.event_id, occurred_at, now - AGE_MAX)
    packed = _packed(event)
    if len(packed) > PROPERTIES_BYTES_MAX:
        raise PropertiesTooLarge(event.event_id, len(packed), PROPERTIES_BYTES_MAX)
    counted = signed_micro(event.quantity)
    quantity = _quantity(event, meter, counted)
    content = _hash(event, packed, counted)
    return Reading(event.event_id, meter, occurred_at, quantity, packed, content)


def try_read(event: Told, meter: Meter | None, now: datetime) -> Reading | EngineError:
    """Read the event, or return why it cannot be recorded: one bad event spoils no others."""
    try:
        return read(event, meter, now)
    except EngineError as error:
        return error


def _quantity(event: Told, meter: Meter, counted: int | None) -> int:
    if meter.property is None and meter.aggregation is not Aggregation.COUNT:
        return _in_range(event, meter, event.quantity, counted)
    if counted != MICRO:
        # Left unread, it would be usage that somebody believes to be recorded.
        raise QuantityNotRead(event.event_id, meter.key, meter.property or "how many events")
    if meter.property is None:
        return MICRO
    value = event.properties.get(meter.property)
    if value is None:
        raise PropertyMissing(event.event_id, meter.key, meter.property)
    if meter.aggregation is Aggregation.UNIQUE:
        return MICRO
    if isinstance(value, bool) or (
        isinstance(value, str) and not is_number(value.removeprefix("-"))
    ):
        raise PropertyNotNumeric(event.event_id, meter.property)
    return _in_range(event, meter, value, signed_micro(value))


def _in_range(event: Told, meter: Meter, number: Property, counted: int | None) -> int:
    if counted is None:
        raise QuantityOutOfRange(event.event_id, str(number), PLACES, as_text(LARGEST))
    if counted < 0 and meter.aggregation not in {*CORRECTABLE, Aggregation.WEIGHTED_SUM}:
        raise QuantityBelowZero(event.event_id)
    return counted


def may_record(reading: Reading | EngineError, caller: Caller) -> Reading | EngineError:
    """Return the reading, or why this caller may not record it: whoever pays takes nothing back."""
    if (
        isinstance(reading, Reading)
        and reading.quantity < 0
        and reading.meter.aggregation in CORRECTABLE
        and not caller.is_platform
    ):
        return QuantityBelowZero(reading.event_id)
    return reading


def price_of(event_id: str, quantity: int, meter: Meter) -> Money:
    """Price one event: price times quantity, rounded once to the asset's scale, half up."""
    exact = _EXACT.multiply(meter.price, _EXACT.scaleb(Decimal(quantity), -PLACES))
    amount = to_units(exact, meter.asset.scale)
    if amount > LARGEST:
        raise ChargeTooLarge(event_id, str(meter.asset))
    return Money(amount, meter.asset)
