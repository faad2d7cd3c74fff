"""Why metering says no: about a meter, about one event, or about a question that is too wide."""

from dataclasses import dataclass
from datetime import datetime

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class MeterNotFound(EngineError):
    """There is no meter {meter_key}. Call list_meters to see which there are."""

    code = "meter_not_found"
    kind = Kind.NOT_FOUND
    meter_key: str


@dataclass(eq=False)
class MeterKeyTaken(EngineError):
    """There is a meter {meter_key} already. A key names one meter for ever; choose another."""

    code = "meter_key_taken"
    kind = Kind.CONFLICT
    meter_key: str


@dataclass(eq=False)
class MeterArchived(EngineError):
    """The meter {meter_key} was archived at {archived_at} and takes no more usage."""

    code = "meter_archived"
    kind = Kind.REFUSED
    meter_key: str
    archived_at: datetime


@dataclass(eq=False)
class MeterNotChargeable(EngineError):
    """{meter_key} keeps the {aggregation} of many events, so one event alone has no price.

    Record it with record_usage; it is charged when its period is billed.
    """

    code = "meter_not_chargeable"
    kind = Kind.REFUSED
    meter_key: str
    aggregation: str


@dataclass(eq=False)
class EventInTheFuture(EngineError):
    """{event_id} occurred at {occurred_at}, after {latest_at}. Check its clock."""

    code = "event_in_the_future"
    kind = Kind.REFUSED
    event_id: str
    occurred_at: datetime
    latest_at: datetime


@dataclass(eq=False)
class EventTooOld(EngineError):
    """{event_id} occurred at {occurred_at}, before {earliest_at}, and is too old to be recorded."""

    code = "event_too_old"
    kind = Kind.REFUSED
    event_id: str
    occurred_at: datetime
    earliest_at: datetime


@dataclass(eq=False)
class PropertyMissing(EngineError):
    """{event_id} has no property {property}, which {meter_key} reads."""

    code = "property_missing"
    kind = Kind.INVALID
    event_id: str
    meter_key: str
    property: str


@dataclass(eq=False)
class PropertyNotNumeric(EngineError):
    """{property} of {event_id} must be a number: 3, or "0.25" in quotes."""

    code = "property_not_numeric"
    kind = Kind.INVALID
    event_id: str
    property: str


@dataclass(eq=False)
class PropertiesTooLarge(EngineError):
    """The properties of {event_id} take {bytes} bytes as JSON; {bytes_max} are allowed."""

    code = "properties_too_large"
    kind = Kind.INVALID
    event_id: str
    bytes: int
    bytes_max: int


@dataclass(eq=False)
class QuantityOutOfRange(EngineError):
    """{quantity} cannot be counted: at most {places_max} decimals, and at most {quantity_max}."""

    code = "quantity_out_of_range"
    kind = Kind.INVALID
    event_id: str
    quantity: str
    places_max: int
    quantity_max: str


@dataclass(eq=False)
class QuantityBelowZero(EngineError):
    """{event_id} is below zero. A weighted_sum reads that as a level that goes down.

    Of a sum or an average, a platform operator may record what takes usage back. It is never
    charged, and no other meter reads it.
    """

    code = "quantity_below_zero"
    kind = Kind.INVALID
    event_id: str


@dataclass(eq=False)
class QuantityNotRead(EngineError):
    """{meter_key} reads {reads}, not the quantity of {event_id}. Leave quantity out."""

    code = "quantity_not_read"
    kind = Kind.INVALID
    event_id: str
    meter_key: str
    reads: str


@dataclass(eq=False)
class EventConflict(EngineError):
    """{event_id} already names another event, with other content. Use a new id for a new event."""

    code = "event_conflict"
    kind = Kind.CONFLICT
    event_id: str


@dataclass(eq=False)
class UsageBilled(EngineError):
    """{event_id} was recorded before, and {billed_by} bills the time in which it occurred.

    Usage is charged at most once: by an invoice, or to a wallet.
    """

    code = "usage_billed"
    kind = Kind.CONFLICT
    event_id: str
    billed_by: str


@dataclass(eq=False)
class ChargeTooLarge(EngineError):
    """{event_id} would cost more than {asset} can count."""

    code = "charge_too_large"
    kind = Kind.INVALID
    event_id: str
    asset: str


@dataclass(eq=False)
class SummaryTooLarge(EngineError):
    """The summary has more than {rows_max} rows. Ask for a coarser window or a shorter period."""

    code = "summary_too_large"
    kind = Kind.INVALID
    rows_max: int


@dataclass(eq=False)
class TooManyTransactions(EngineError):
    """The period has more than {most} events of {meter_key}. Ask for a shorter one."""

    code = "too_many_transactions"
    kind = Kind.INVALID
    meter_key: str
    most: int


@dataclass(eq=False)
class LevelForgotten(EngineError):
    """Events behind the level of {meter_key} at {at}, or since then, are no longer kept.

    Ask for a later period, or without groups.
    """

    code = "level_forgotten"
    kind = Kind.INVALID
    meter_key: str
    at: datetime
