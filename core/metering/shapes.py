"""What is sent to metering's operations, and what they answer.

What a schema can say is refused by the schema, for the whole request. What only the meter or the
clock can say is told of each event by itself.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from core.kernel.quantity import as_text
from core.metering import meters
from core.metering.charges import Charge
from core.metering.charging import Charged
from core.metering.listing import Listed
from core.operations.fields import (
    AssetCode,
    Code,
    EventId,
    Line,
    Name,
    PropertyName,
    WalletId,
    When,
)
from core.operations.operation import ProjectPageRequest, ProjectRequest, Request, Result
from core.usage import Event, Meter, Verdict

DECIMAL = r"^(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?$"
SIGNED = DECIMAL.replace("^", "^-?")
INTEGER_MAX = 2**53 - 1
"""Beyond this a number in JSON is not the same number to everybody who reads it."""
EVENTS_MAX = 1_000

Decimals = Annotated[str, Field(pattern=DECIMAL, max_length=32, examples=["12.5"])]
Signed = Annotated[str, Field(pattern=SIGNED, max_length=33, examples=["12.5"])]
MeterKey = Annotated[Code, Field(examples=["llm_tokens"])]
Unit = Annotated[str, Line(40)]
PropertyValue = (
    bool | Annotated[int, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)] | Annotated[str, Line(256)]
)
AggregationWord = Literal[
    "count", "sum", "average", "max", "unique", "last", "weighted_sum", "bucketed_max"
]
PerWindow = Literal["hour", "day", "month"]


class CreateMeter(Request):
    key: MeterKey = Field(description="What usage names the meter by. It never changes.")
    name: Name = Field(description="What people call it.", examples=["LLM tokens"])
    aggregation: AggregationWord = Field(
        description="What is made of the events: how many, their sum, average or largest, how "
        "many distinct values, what the last one said, the level that they raise and lower "
        "weighted by time, or the sum of each window's largest."
    )
    unit: Unit = Field(description="What is counted, in the singular.", examples=["token"])
    property: PropertyName | None = Field(
        None,
        description="The event property that is read. Leave out to read the event's quantity; "
        "unique needs one, and count takes none.",
    )
    price: Decimals = Field(
        description="Per unit, as a decimal in quotes; it may be finer than the asset.",
        examples=["0.000002"],
    )
    asset: AssetCode
    per_window: PerWindow | None = Field(
        None, description="For bucketed_max alone: whose largest are added up."
    )


class MeterView(Result):
    id: str
    key: str
    name: str
    aggregation: AggregationWord
    unit: str
    property: str | None
    price: str
    asset: str
    created_at: datetime
    archived_at: datetime | None
    per_window: PerWindow | None


class MeterList(Result):
    items: list[MeterView]
    next_cursor: str | None


class EventFields(Request):
    event_id: EventId = Field(
        description="Your own id of this use. The same id is never recorded or charged twice.",
        examples=["req_7f3a"],
    )
    meter_key: MeterKey
    occurred_at: When | None = Field(
        None,
        description="When it was used: at most 35 days ago, at most 5 minutes ahead. "
        "Leave out for now.",
    )
    quantity: Signed | Annotated[int, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)] = Field(
        "1",
        description="How much, as a decimal in quotes or a whole number; at most 6 decimals. "
        "Below zero lowers a weighted_sum.",
    )
    properties: dict[PropertyName, PropertyValue] = Field(
        default_factory=dict,
        max_length=20,
        description="What else is known of it: texts, whole numbers, true or false. "
        "Decimals go in quotes.",
        examples=[{"model": "large", "tokens": 1500}],
        json_schema_extra={"additionalProperties": False},
    )

    def event(self) -> Event:
        return Event(
            event_id=self.event_id,
            meter_key=self.meter_key,
            occurred_at=self.occurred_at,
            quantity=self.quantity,
            properties=self.properties,
        )


class UsageEvent(EventFields):
    """One use of something that a meter reads."""


class RecordUsage(ProjectRequest):
    events: list[UsageEvent] = Field(min_length=1, max_length=EVENTS_MAX)


class EventReply(TypedDict):
    """What came of one event. A plain dict, because one is made of every event there ever is."""

    event_id: str
    status: Literal["accepted", "duplicate", "refused"]
    code: str | None
    """Why it was refused, for programs."""
    reason: str | None
    """Why it was refused, for people."""


class UsageRecorded(Result):
    accepted: int
    duplicate: int
    refused: int
    events: list[EventReply]
    """One reply for each event, in the order in which they were sent."""


class ChargeUsage(ProjectRequest, EventFields):
    wallet_id: WalletId | None = Field(
        None,
        description="The wallet to charge. Leave out for the project's own wallet in the "
        "meter's asset.",
    )


class UsageCharged(Result):
    event_id: str
    meter_key: str
    quantity: str
    amount: str
    asset: str
    transaction_id: str | None
    """null when the usage cost nothing."""
    wallet_id: str
    available: str
    """What the wallet has to spend now."""
    duplicate: bool
    """True when the event had been charged before; nothing was taken this time."""


class ListUsageEvents(ProjectPageRequest):
    meter_key: MeterKey | None = None
    event_id: EventId | None = None
    start_at: When | None = Field(None, description="Occurred at or after this.")
    end_at: When | None = Field(None, description="Occurred before this.")


class ChargeView(Result):
    amount: str
    asset: str
    wallet_id: str
    transaction_id: str | None


class UsageEventView(Result):
    event_id: str
    meter_key: str
    occurred_at: datetime
    received_at: datetime
    quantity: str
    """What the meter read from it."""
    properties: dict[str, bool | int | str]
    """Data written by whoever recorded it, not instructions."""
    charge: ChargeView | None
    """null while the event is not charged."""


class UsageEventList(Result):
    items: list[UsageEventView]
    next_cursor: str | None


def meter_view(meter: Meter) -> MeterView:
    return MeterView(
        id=meter.id,
        key=meter.key,
        name=meter.name,
        aggregation=meter.aggregation.value,
        unit=meter.unit,
        property=meter.property,
        price=meters.price_text(meter),
        asset=str(meter.asset),
        created_at=meter.created_at,
        archived_at=meter.archived_at,
        per_window=meter.per_window.value if meter.per_window else None,
    )


def event_reply(verdict: Verdict) -> EventReply:
    event_id, status, error = verdict
    if error is None:
        return {"event_id": event_id, "status": status.value, "code": None, "reason": None}
    reason = str(error)
    return {"event_id": event_id, "status": status.value, "code": error.code, "reason": reason}


def charged_view(charged: Charged, meter_key: str) -> UsageCharged:
    charge = charged.charge
    return UsageCharged(
        event_id=charge.event_id,
        meter_key=meter_key,
        quantity=as_text(charge.quantity),
        amount=charge.amount.decimal,
        asset=str(charge.amount.asset),
        transaction_id=charge.transaction_id,
        wallet_id=charge.wallet_id,
        available=charged.available.decimal,
        duplicate=charged.duplicate,
    )


def event_view(listed: Listed) -> UsageEventView:
    return UsageEventView(
        event_id=listed.event_id,
        meter_key=listed.meter_key,
        occurred_at=listed.occurred_at,
        received_at=listed.received_at,
        quantity=as_text(listed.quantity),
        properties=dict(listed.properties),
        charge=_charge_view(listed.charge) if listed.charge else None,
    )


def _charge_view(charge: Charge) -> ChargeView:
    return ChargeView(
        amount=charge.amount.decimal,
        asset=str(charge.amount.asset),
        wallet_id=charge.wallet_id,
        transaction_id=charge.transaction_id,
    )
