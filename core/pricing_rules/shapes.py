"""What is sent to the operations on pricing rules, and what they answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core.operations.fields import (
    Amount,
    AssetCode,
    Code,
    Line,
    Name,
    PropertyName,
    SignedAmount,
    When,
)
from core.operations.operation import PageRequest, ProjectOrPlatformRequest, Request, Result
from core.pricing_rules.model import PRIORITY_DEFAULT, PRIORITY_MAX

RuleKey = Annotated[Code, Field(examples=["happy-hour"])]
Version = Annotated[int, Field(ge=1, le=1_000_000_000)]
Priority = Annotated[int, Field(ge=0, le=PRIORITY_MAX)]
Reference = Annotated[str, Line(80, r"^[a-z][a-z0-9_.-]*@[1-9][0-9]*$")]
PropertyTold = bool | int | Annotated[str, Line(200)]
Properties = Annotated[dict[PropertyName, PropertyTold], Field(max_length=50)]

APPLIES_TO = "Any of plans, products, items, meters, each a list of keys. Left out: everything."
WHEN = (
    "One condition {kind, ...}: all|any {of: [...]}, not {that}, time_of_day {time_zone, windows:"
    " [{begins, ends}], days}, season {time_zone, ranges: [{first_on, last_on}]}, location"
    " {countries, regions}, segment {any_of}, demand {bands}, volume {of: quantity|period, bands},"
    " text {of: project|usage, property, equals|one_of}, number {of, property, bands}, boolean {of,"
    " property, equals}. A band: at_least or more_than, below or at_most."
)
ADJUST = (
    "One of {kind: factor, factor}, {kind: percent, percent}, {kind: per_unit|total, amount,"
    " currency}, each with floor, cap; or {kind: overall, floor, cap, floor_percent, cap_percent}."
)


class CreatePricingRule(Request):
    rule_key: RuleKey = Field(description="What it is named by. It never changes.")
    name: Name = Field(description="What customers see where it applied.")
    priority: Priority = Field(PRIORITY_DEFAULT, description="The lowest applies first.")
    applies_to: dict[str, Any] | None = Field(None, description=APPLIES_TO)
    when: dict[str, Any] | None = Field(None, description=WHEN)
    adjust: dict[str, Any] = Field(description=ADJUST)
    stops: bool = Field(default=False, description="Where it applies, no later rule does.")
    effective_at: When | None = Field(None, description="Since when; left out, now.")
    ends_at: When | None = Field(None, description="Not any more from then on.")


class UpdatePricingRule(Request):
    rule_key: RuleKey
    name: Name | None = Field(None, description="Leave out to keep it, as with every field.")
    priority: Priority | None = None
    applies_to: dict[str, Any] | None = Field(None, description="Null for everything.")
    when: dict[str, Any] | None = Field(None, description="As in create_pricing_rule. Or null.")
    adjust: dict[str, Any] | None = Field(None, description="As in create_pricing_rule.")
    stops: bool | None = None
    effective_at: When | None = Field(None, description="Since when; left out, now.")
    ends_at: When | None = Field(None, description="Null for no end.")


class NamedPricingRule(Request):
    rule_key: RuleKey


class GetPricingRule(NamedPricingRule):
    version: Version | None = Field(None, description="Left out: the newest.")


class ListPricingRules(PageRequest):
    include_archived: bool = Field(
        default=False, description="Also those that do not apply any more."
    )


class PricingRuleView(Result):
    rule_key: str
    version: int
    name: str
    priority: int
    applies_to: dict[str, Any]
    """Empty for everything."""
    when: dict[str, Any] | None
    adjust: dict[str, Any]
    stops: bool
    effective_at: datetime
    ends_at: datetime | None
    newest_version: int
    in_force_version: int | None
    """Which version applies now; null where none does."""
    created_at: datetime
    archived_at: datetime | None


class VersionInBrief(Result):
    version: int
    name: str
    effective_at: datetime
    ends_at: datetime | None


class PricingRuleDetail(PricingRuleView):
    versions: list[VersionInBrief]
    """The newest first, at most 50."""


class PricingRuleList(Result):
    items: list[PricingRuleView]
    next_cursor: str | None


SUPPOSE = (
    "Staff only. Instead of what is known: demand, period_quantity, country, region, segments,"
    " properties, and versions, as in happy-hour@3, instead of those in force."
)


class EvaluatePricingRules(ProjectOrPlatformRequest):
    asset: AssetCode
    amount: Amount | None = Field(None, description="What is charged without rules; or price.")
    price: dict[str, Any] | None = Field(None, description="A price JSON, rated for quantity.")
    quantity: SignedAmount | None = Field(None, examples=["100"])
    plan_key: Code | None = None
    product_key: Code | None = None
    item_key: Code | None = None
    meter_key: Code | None = None
    usage_properties: Properties | None = None
    at: When | None = Field(None, description="Left out: now. Not in the future for a project.")
    suppose: dict[str, Any] | None = Field(None, description=SUPPOSE)


class Supposed(Request):
    """Facts that staff suppose, and versions of rules that they choose."""

    demand: SignedAmount | None = None
    period_quantity: SignedAmount | None = None
    country: Annotated[str, Line(2)] | None = None
    region: Annotated[str, Line(6, r"^[A-Z]{2}-[A-Z0-9]{1,3}$")] | None = None
    segments: Annotated[list[Code], Field(max_length=50)] | None = None
    properties: Properties | None = None
    versions: Annotated[list[Reference], Field(max_length=200)] | None = None


class RuleApplied(Result):
    rule_key: str
    version: int
    name: str
    did: str
    """In a few words: `-20 %`."""
    before: str
    after: str
    change: str
    """`after` less `before`, exactly."""
    held_at: Literal["floor", "cap", "zero"] | None
    """The bound that decided."""


class RulePassedOver(Result):
    rule_key: str
    version: int
    name: str
    field: str
    """The path of the first condition, or other part of the rule, that did not hold."""
    reason: str


class ContextView(Result):
    """Every fact that was asked for, so that the same can be asked again."""

    at: datetime
    quantity: str | None
    period_quantity: str | None
    demand: str | None
    country: str | None
    region: str | None
    segments: list[str] | None
    properties: dict[str, bool | str]
    usage_properties: dict[str, bool | str]


class PricingEvaluation(Result):
    asset: str
    base: str
    """What would be charged without rules, before rounding."""
    amount: str
    """What is charged."""
    exact: str
    """The same before rounding."""
    rounding: str
    """base, every change and this add up to amount."""
    applied: list[RuleApplied]
    """In the order in which they applied."""
    passed_over: list[RulePassedOver] | None
    """Null in what projects are told, as is all that follows."""
    versions: list[str] | None
    """Of all rules in force, or of those that were asked for."""
    context: ContextView | None
