"""What is sent to the operations on usage exports, and what they answer."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from core import payments
from core.exporting.model import Copy, Export, Terms
from core.kernel.money import Asset, Money
from core.kernel.quantity import as_text
from core.operations.errors import invalid
from core.operations.fields import Amount, AssetCode, Code, Line, money
from core.operations.given import given
from core.operations.operation import PageRequest, ProjectOrPlatformRequest, Request, Result

TIERS_MAX = 20
PLACES_MAX = 12
"""Decimals of a cent that a provider reckons with."""
UNITS_MAX = 10**15 - 1

MeterKey = Annotated[Code, Field(examples=["llm_tokens"])]
EventName = Annotated[str, Line(100, r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
UnitPrice = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?$", max_length=25, examples=["0.002"])
]


class PriceTier(Request):
    up_to: Annotated[int, Field(ge=1, le=UNITS_MAX)] | None = Field(
        None, description="The last unit of this tier; left out in the last tier alone."
    )
    unit_price: UnitPrice = Field(
        description="Per unit, in currency; it may be finer than what is paid in."
    )
    flat_price: Amount | None = Field(
        None, description="Once for the tier, on top; leave out for nothing."
    )


class NamedUsageExport(Request):
    meter_key: MeterKey


class StartUsageExport(NamedUsageExport):
    event_name: EventName = Field(
        description="What the provider's meter calls the usage; a meter is made if it has none.",
        examples=["llm_tokens"],
    )
    currency: AssetCode | None = Field(
        None, description="What the tiers are in: USD/2. Leave out, with tiers, for no price there."
    )
    tiers: Annotated[list[PriceTier], Field(min_length=1, max_length=TIERS_MAX)] | None = Field(
        None, description="A monthly graduated price by the meter, made at the provider."
    )


class ListUsageExportErrors(ProjectOrPlatformRequest, PageRequest):
    meter_key: MeterKey | None = Field(None, description="Only usage of this meter.")


class PriceTierView(Result):
    up_to: int | None
    unit_price: str
    flat_price: str | None


class UsageExportView(Result):
    meter_id: str
    meter_key: str
    event_name: str
    state: Literal["on", "paused", "off"]
    """Paused: the provider's meter is gone. Starting it again makes another, and goes on."""
    paused_for: str | None
    sync_state: Literal["waiting", "synced", "refused"]
    """How far the provider knows the meter. Nothing is sent before it is synced."""
    sync_reason: str | None
    provider_meter_id: str | None
    provider_price_id: str | None
    currency: str | None
    tiers: list[PriceTierView] | None
    version: int
    """Grows whenever it is started or stopped."""
    since: datetime
    """Usage that was received before is not exported."""
    exported_until: datetime
    """Usage that was received before is exported, but for what waits for the provider."""
    reported_errors: int
    """How many events the provider has reported as not counted."""
    reported_at: datetime | None
    report: str | None
    """The last report, in the provider's words."""


class UsageExportList(Result):
    items: list[UsageExportView]
    next_cursor: str | None


class UsageExportErrorView(Result):
    about_project_id: str
    event_id: str
    event_name: str
    identifier: str
    """What the provider knows the event by."""
    quantity: str
    occurred_at: datetime
    rejected_at: datetime
    code: str
    """no_meter, timestamp_too_far_in_past, outcome_unknown (it may have been counted), …"""
    reason: str | None


class UsageExportErrorList(Result):
    items: list[UsageExportErrorView]
    next_cursor: str | None


def export_view(export: Export) -> UsageExportView:
    currency = export.terms.currency
    tiers = [_tier_view(each, currency) for each in export.terms.tiers] if currency else None
    return UsageExportView(
        meter_id=export.meter_id,
        meter_key=export.meter_key,
        event_name=export.terms.event_name,
        state=export.state.value,
        paused_for=export.paused_for,
        sync_state=export.sync_state.value,
        sync_reason=export.sync_reason,
        provider_meter_id=export.provider_meter,
        provider_price_id=export.price,
        currency=str(currency) if currency else None,
        tiers=tiers,
        version=export.version,
        since=export.since,
        exported_until=export.exported_until,
        reported_errors=export.reported_errors,
        reported_at=export.reported_at,
        report=export.report,
    )


def error_view(copy: Copy) -> UsageExportErrorView:
    assert copy.closed_at, "it is over"
    return UsageExportErrorView(
        about_project_id=copy.project_id,
        event_id=copy.event_id,
        event_name=copy.event_name,
        identifier=copy.identifier,
        quantity=as_text(copy.quantity),
        occurred_at=copy.occurred_at,
        rejected_at=copy.closed_at,
        code=copy.code or "",
        reason=copy.reason,
    )


def terms_of(request: StartUsageExport) -> Terms:
    """Read the terms. A price that the provider could not ask is refused before it is asked."""
    if (request.currency is None) != (request.tiers is None):
        missing = "currency" if request.currency is None else "tiers"
        raise invalid(missing, "is needed for a price; leave both out for none")
    currency = Asset.parse(request.currency) if request.currency else None
    if currency and (limits := given(payments.Limits)):
        taken = limits.asset(currency.code)
        if taken != currency:
            raise payments.CurrencyNotTaken(str(currency), str(taken))
    tiers = tuple(_tier(each, currency) for each in request.tiers or () if currency)
    bounds = [each.up_to for each in tiers]
    if tiers and (None in bounds[:-1] or bounds[-1] is not None):
        raise invalid("tiers", "must have up_to in every tier but the last")
    ends = [each for each in bounds if each is not None]
    if any(later <= earlier for earlier, later in pairwise(ends)):
        raise invalid("tiers", "must each end above the one before")
    return Terms(event_name=request.event_name, currency=currency, tiers=tiers)


def _tier(sent: PriceTier, currency: Asset) -> payments.Tier:
    unit = Decimal(sent.unit_price).scaleb(currency.scale).normalize()
    if -int(unit.as_tuple().exponent) > PLACES_MAX:
        raise invalid("unit_price", f"has more than {PLACES_MAX} decimals of a smallest unit")
    flat = money(sent.flat_price, currency, "flat_price").amount if sent.flat_price else None
    return payments.Tier(up_to=sent.up_to, unit=format(unit, "f"), flat=flat)


def _tier_view(tier: payments.Tier, currency: Asset) -> PriceTierView:
    return PriceTierView(
        up_to=tier.up_to,
        unit_price=format(Decimal(tier.unit).scaleb(-currency.scale), "f"),
        flat_price=Money(tier.flat, currency).decimal if tier.flat is not None else None,
    )
