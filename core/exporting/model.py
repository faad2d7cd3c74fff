"""Exports and copies as frozen values, and what is decided about them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, cast

from core import metering, payments
from core.kernel.ids import derived, is_id
from core.kernel.money import Asset
from core.kernel.quantity import as_text

REASON_MAX = 500
CODE_MAX = 64
KEY_HOURS = 23
"""A provider knows an identifier for a day. What may have been sent before is not sent again."""
OVERLAP = timedelta(minutes=2)
"""How far a usual look goes back: no unit of work lives so long, so none is committed later."""
OVERLAP_MAX = timedelta(hours=1)
"""How far a sweep goes back: for clocks that are wrong."""
SWEEP = timedelta(hours=1)
TOO_OLD = "timestamp_too_far_in_past"
OUTCOME_UNKNOWN = "outcome_unknown"
METER_GONE = {"no_meter", "archived_meter"}
"""What a provider says of every event once somebody took its meter away there."""

Formula = Literal["sum", "last"]
FORMULAS: Mapping[metering.Aggregation, Formula] = {
    # One for each event, so that their sum is their count.
    metering.Aggregation.COUNT: "sum",
    metering.Aggregation.SUM: "sum",
    metering.Aggregation.LAST: "last",
}
"""What a provider can make of events, too."""


class State(StrEnum):
    ON = "on"
    PAUSED = "paused"
    """The provider's meter is gone: nothing is sent until it is started again."""
    OFF = "off"


class SyncState(StrEnum):
    """How far the provider knows the meter and its price."""

    WAITING = "waiting"
    SYNCED = "synced"
    REFUSED = "refused"


class CopyState(StrEnum):
    WAITING = "waiting"
    """It is being sent, or was and nobody knows what came of it."""
    SENT = "sent"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the provider is told of a meter: its name there and, if it shall ask one, a price."""

    event_name: str
    currency: Asset | None
    tiers: tuple[payments.Tier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    meter_id: str
    meter_key: str
    name: str
    formula: Formula
    terms: Terms
    state: State
    paused_for: str | None
    version: int
    since: datetime
    exported_until: datetime
    swept_at: datetime
    provider_meter: str | None
    product: str | None
    price: str | None
    sync_state: SyncState
    sync_reason: str | None
    synced_at: datetime | None
    reported_errors: int
    reported_at: datetime | None
    report: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One event as the provider is told of it."""

    project_id: str
    event_id: str
    meter_id: str
    identifier: str
    event_name: str
    customer: str
    quantity: int
    occurred_at: datetime
    state: CopyState
    asked_at: datetime
    closed_at: datetime | None = None
    code: str | None = None
    reason: str | None = None

    @property
    def draft(self) -> payments.UsageDraft:
        return payments.UsageDraft(
            id=self.identifier,
            event_name=self.event_name,
            customer_id=self.customer,
            quantity=as_text(self.quantity),
            occurred_at=self.occurred_at,
        )


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an event is not counted, in the provider's words where it is the provider's."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the provider could not count: how many events, and some of them by our identifiers."""

    provider_meter: str | None
    occurred_at: datetime
    summary: str
    error_count: int
    codes: frozenset[str]
    rejections: Mapping[str, Rejection]


def identifier_of(project_id: str, event_id: str) -> str:
    """Name an event for the provider: the same name whenever it is asked for."""
    return derived("use", project_id, event_id)


def too_old(occurred_at: datetime, now: datetime) -> Rejection | None:
    """Refuse what the provider would take for no bill any more."""
    if occurred_at > now - metering.AGE_MAX:
        return None
    return Rejection(TOO_OLD, f"It is more than {metering.AGE_MAX.days} days old.")


def not_again(copy: Copy, now: datetime) -> Rejection | None:
    """Refuse to send again what the provider may have counted and would count a second time."""
    if now - copy.asked_at < timedelta(hours=KEY_HOURS):
        return too_old(copy.occurred_at, now)
    return Rejection(
        OUTCOME_UNKNOWN,
        "It may have been counted: the provider did not say, and knows a repeated event for a day "
        "only.",
    )


def report_of(told: payments.ProviderEvent) -> Report:
    """Read a report. Whatever is not as it should be is left out."""
    data = _mapping(told.payload.get("data"))
    rejections: dict[str, Rejection] = {}
    codes: set[str] = set()
    reason = _mapping(data.get("reason"))
    for kind in _list(reason.get("error_types")):
        code = str(kind.get("code") or "rejected")[:CODE_MAX]
        codes.add(code)
        for sample in _list(kind.get("sample_errors")):
            identifier = _mapping(sample.get("request")).get("identifier")
            if isinstance(identifier, str) and is_id("use", identifier):
                why = str(sample.get("error_message") or code)[:REASON_MAX]
                rejections[identifier] = Rejection(code, why)
    count = reason.get("error_count")
    return Report(
        provider_meter=told.object_id,
        occurred_at=told.occurred_at,
        summary=str(data.get("developer_message_summary") or "")[:REASON_MAX],
        error_count=count if isinstance(count, int) and count > 0 else len(rejections),
        codes=frozenset(codes),
        rejections=rejections,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Mapping[str, Any]]:
    return [_mapping(each) for each in value] if isinstance(value, list) else []
