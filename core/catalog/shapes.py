"""What a plan is written as, where it is sent and where it is shown."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from core.operations.fields import Amount, AssetCode, Code, Line, Name
from core.operations.operation import Request

ITEMS_MAX = 50
ENTITLEMENTS_MAX = 100
BOOKS_MAX = 20
DECIMAL = r"^(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?$"

Decimals = Annotated[str, Field(pattern=DECIMAL, max_length=32)]
"""A decimal number in quotes that may be zero."""
Description = Annotated[str, Line(500)]
ItemKey = Annotated[str, Line(64, r"^[a-z][a-z0-9_-]*$")]
"""Without a dot, so that a path that begins with it can be read."""
IntervalWord = Literal["day", "week", "month", "year"]
IntervalCount = Annotated[int, Field(ge=1, le=366)]
TrialDays = Annotated[int, Field(ge=0, le=730)]


class ItemForm(Request):
    """One thing the plan charges for."""

    key: ItemKey
    name: Name
    kind: Literal["recurring", "usage", "one_time"]
    meter_key: Code | None = None
    prices: Annotated[dict[Code, dict[str, Any]], Field(max_length=BOOKS_MAX)] = Field(
        default_factory=dict
    )


class EntitledForm(Request):
    """What the plan gives of one feature."""

    feature_key: Code
    enabled: bool | None = None
    limit: Decimals | None = None
    unlimited: bool | None = None
    per: Literal["billing_period", "day", "week", "month", "year", "ever"] | None = None


class IncludedForm(Request):
    """Credits granted at the beginning of each interval."""

    amount: Amount
    asset: AssetCode
    rollover_max: Decimals | None = None
    expires_after_days: Annotated[int, Field(ge=1, le=3650)] | None = None


def _published(shape: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    closed = {"type": "object", "additionalProperties": False}
    return closed | {"properties": shape, "required": list(required)}


# What is published of the parts says what they are in few words, because a model reads it with
# every call. How long a name may be, and the like, is said by the refusal.
_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "string", "examples": ["5"]}
_ITEM = {
    "key": _TEXT,
    "name": _TEXT,
    "kind": {"enum": ["recurring", "usage", "one_time"]},
    "meter_key": {"type": "string", "description": "Of usage only."},
    "prices": {
        "type": "object",
        "additionalProperties": {"type": "object"},
        "description": "One for each price book, in the JSON that preview_price takes.",
    },
}
_ENTITLED = {
    "feature_key": _TEXT,
    "enabled": {"type": "boolean", "description": "Of a switch."},
    "limit": _NUMBER | {"description": "Of a limit or quota."},
    "unlimited": {"type": "boolean"},
    "per": {"enum": ["billing_period", "day", "week", "month", "year", "ever"]},
}
_INCLUDED = {
    "amount": _NUMBER,
    "asset": _TEXT,
    "rollover_max": _NUMBER | {"description": "Unused ones that stay; left out, all."},
    "expires_after_days": {"type": "integer"},
}


def _list(of: dict[str, Any], most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "array", "maxItems": most, "items": of})


Items = Annotated[
    list[ItemForm],
    Field(max_length=ITEMS_MAX),
    _list(_published(_ITEM, ("key", "name", "kind")), ITEMS_MAX),
]
Entitlements = Annotated[
    list[EntitledForm],
    Field(max_length=ENTITLEMENTS_MAX),
    _list(_published(_ENTITLED, ("feature_key",)), ENTITLEMENTS_MAX),
]
Included = Annotated[IncludedForm, WithJsonSchema(_published(_INCLUDED, ("amount", "asset")))]


class TermsForm(Request):
    """What a version of a plan says, where all of it is said at once."""

    interval: IntervalWord = "month"
    interval_count: IntervalCount = 1
    trial_days: TrialDays = 0
    items: Items = Field(default_factory=list)
    entitlements: Entitlements = Field(default_factory=list)
    included_credits: Included | None = Field(
        None, description="Granted at the beginning of each interval."
    )
    notes: Description | None = None
