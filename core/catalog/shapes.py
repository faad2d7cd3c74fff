"""What a plan is written as, where it is sent and where it is shown."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core.operations.fields import Amount, AssetCode, Code, Line, Name
from core.operations.operation import Request

ITEMS_MAX = 50
ENTITLEMENTS_MAX = 100
BOOKS_MAX = 20
DECIMAL = r"^(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?$"

Decimals = Annotated[str, Field(pattern=DECIMAL, max_length=32)]
"""A decimal number in quotes that may be zero."""
Description = Annotated[str, Line(500)]
IntervalWord = Literal["day", "week", "month", "year"]
IntervalCount = Annotated[int, Field(ge=1, le=366)]
TrialDays = Annotated[int, Field(ge=0, le=730)]


class ItemForm(Request):
    """One thing the plan charges for."""

    key: Code
    name: Name
    kind: Literal["recurring", "usage", "one_time"]
    meter_key: Code | None = Field(None, description="Of usage only: what counts it.")
    prices: Annotated[dict[Code, dict[str, Any]], Field(max_length=BOOKS_MAX)] = Field(
        default_factory=dict,
        description='By price book: {"usd": {"model": "per_unit", "unit": "0.05"}}.',
    )


class EntitledForm(Request):
    """What the plan gives of one feature."""

    feature_key: Code
    enabled: bool | None = Field(None, description="Of a switch; true if left out.")
    limit: Decimals | None = Field(None, description="Of a limit or quota.")
    unlimited: bool | None = Field(None, description="In place of limit.")
    per: Literal["billing_period", "day", "week", "month", "year", "ever"] | None = Field(
        None, description="Of a quota."
    )


class IncludedForm(Request):
    """Credits granted at the beginning of each interval."""

    amount: Amount
    asset: AssetCode
    rollover_max: Decimals | None = Field(
        None, description="Unused ones that stay, at most; left out, all do."
    )
    expires_after_days: Annotated[int, Field(ge=1, le=3650)] | None = None


Items = Annotated[list[ItemForm], Field(max_length=ITEMS_MAX)]
Entitlements = Annotated[list[EntitledForm], Field(max_length=ENTITLEMENTS_MAX)]


class TermsForm(Request):
    """What a version of a plan says, where all of it is said at once."""

    interval: IntervalWord = "month"
    interval_count: IntervalCount = 1
    trial_days: TrialDays = 0
    items: Items = Field(default_factory=list)
    entitlements: Entitlements = Field(default_factory=list)
    included_credits: IncludedForm | None = None
    notes: Description | None = None
