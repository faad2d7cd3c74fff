"""What is sent to the operations on entitlements, and what they answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core.catalog import Feature, FeatureKind
from core.entitlements.deciding import Decision
from core.entitlements.model import Grant, Override
from core.entitlements.upgrading import Upgrade
from core.kernel.quantity import as_text, micro
from core.metering import Event
from core.operations.errors import invalid
from core.operations.fields import Code, EventId, Line, PropertyName, When
from core.operations.operation import ProjectPageRequest, ProjectRequest, Result

DECIMAL = r"^(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?$"
INTEGER_MAX = 2**53 - 1
"""Beyond this a number in JSON is not the same number to everybody who reads it."""

FeatureKey = Annotated[Code, Field(examples=["api_calls"])]
Number = (
    Annotated[str, Field(pattern=DECIMAL, max_length=32)]
    | Annotated[int, Field(ge=0, le=INTEGER_MAX)]
)
PropertyValue = (
    bool | Annotated[int, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)] | Annotated[str, Line(256)]
)
KindWord = Literal["switch", "limit", "quota"]
WindowWord = Literal["billing_period", "day", "week", "month", "year", "ever"]
ReasonWord = Literal[
    "included",
    "granted_by_override",
    "no_plan",
    "not_in_plan",
    "switched_off",
    "denied_by_override",
    "limit_reached",
    "quota_exhausted",
]


class CheckEntitlement(ProjectRequest):
    feature_key: FeatureKey
    quantity: Number | None = Field(
        None,
        description="Of a limit, how many there are or would be; of a quota, how much more would "
        "be used. Leave out to ask whether anything is left.",
        examples=["3"],
    )


class ListEntitlements(ProjectPageRequest):
    """All that a project was given, by feature."""


class UseEntitlement(ProjectRequest):
    feature_key: FeatureKey
    event_id: EventId = Field(
        description="Your own id of this use. The same id is never counted twice.",
        examples=["req_7f3a"],
    )
    quantity: Number = Field(
        "1", description="How much, where the meter reads it, with at most 6 decimals."
    )
    properties: dict[PropertyName, PropertyValue] = Field(
        default_factory=dict,
        max_length=20,
        description="What else is known of it; the meter may read one. Decimals go in quotes.",
        json_schema_extra={"additionalProperties": False},
    )

    def event(self, meter_key: str) -> Event:
        return Event(
            event_id=self.event_id,
            meter_key=meter_key,
            occurred_at=None,
            quantity=self.quantity,
            properties=self.properties,
        )


class SetEntitlementOverride(ProjectRequest):
    feature_key: FeatureKey
    mode: Literal["grant", "deny", "limit"] = Field(
        description="grant: it is there without any limit. deny: it is not. limit: so many."
    )
    override_limit: Number | None = Field(
        None, description="For the mode limit: how many, instead of what the plan says."
    )
    per: Literal["day", "week", "month", "year", "ever"] | None = Field(
        None,
        description="For a limited quota: how often it begins anew. Leave out for as often as the "
        "plan's, or monthly where no plan gives it.",
    )
    reason: Annotated[str, Line(500)] = Field(description="Why, for staff; customers do not see.")
    expires_at: When | None = Field(
        None, description="From this instant what the plan says counts again; null for never."
    )


class RemoveEntitlementOverride(ProjectRequest):
    feature_key: FeatureKey


class EntitlementSource(Result):
    type: Literal["plan", "override"]
    product_key: str | None
    plan_key: str | None
    plan_version: int | None
    expires_at: datetime | None
    """When the override is over, or the plan ends."""
    override_reason: str | None
    """Why the operator made the exception. Null in what projects are told."""


class UpgradeGives(Result):
    enabled: bool
    limit: str | None
    """Null is without limit."""
    per: WindowWord | None


class UpgradeHint(Result):
    plan_key: str
    plan_name: str
    plan_version: int
    product_key: str
    gives: UpgradeGives


class EntitlementView(Result):
    feature_key: str
    name: str
    kind: KindWord
    allowed: bool
    reason: ReasonWord
    unit: str | None
    used: str | None
    """Of a quota, in its window; of a limit, what was told as quantity."""
    limit: str | None
    """Null where there is none; see unlimited."""
    unlimited: bool
    remaining: str | None
    per: WindowWord | None
    window_start_at: datetime | None
    resets_at: datetime | None
    """When the quota begins anew; null where it never does."""
    source: EntitlementSource | None
    """What decided it; null where no plan gives the feature."""
    upgrade: UpgradeHint | None
    """Where it is refused: the cheapest plan of the product line that would allow it."""


class EntitlementList(Result):
    items: list[EntitlementView]
    next_cursor: str | None


class EntitlementUsed(Result):
    event_id: str
    duplicate: bool
    """This event was recorded before, and took nothing now."""
    entitlement: EntitlementView


class OverrideView(Result):
    feature_key: str
    mode: Literal["grant", "deny", "limit"]
    override_limit: str | None
    per: WindowWord | None
    reason: str
    set_by: str
    created_at: datetime
    expires_at: datetime | None


def quantity_of(told: str | int | None, field: str = "quantity") -> int | None:
    """Read a number that was sent, in millionths."""
    if told is None:
        return None
    number = micro(told)
    if number is None:
        raise invalid(field, "must have at most 6 decimals, and not be too large to count")
    return number


def entitlement_view(
    feature: Feature, decision: Decision, upgrade: Upgrade | None, *, for_staff: bool
) -> EntitlementView:
    """Show a decision, and by what it was made."""
    standing = decision.standing
    allowance = standing.grant.allowance if standing else None
    most = allowance.most if allowance else None
    window, counts = (standing.window if standing else None), feature.kind is not FeatureKind.SWITCH
    used = _used(decision)
    return EntitlementView(
        feature_key=feature.key,
        name=feature.name,
        kind=feature.kind.value,
        allowed=decision.allowed,
        reason=decision.reason.value,
        unit=feature.unit,
        used=as_text(used) if used is not None else None,
        limit=as_text(most) if most is not None else None,
        unlimited=bool(counts and allowance and allowance.is_on and most is None),
        remaining=as_text(max(0, most - used)) if most is not None and used is not None else None,
        per=allowance.per.value if allowance and allowance.per else None,
        window_start_at=window.start_at if window else None,
        resets_at=decision.resets_at,
        source=_source(standing.grant, for_staff=for_staff) if standing else None,
        upgrade=UpgradeHint.model_validate(upgrade.told) if upgrade else None,
    )


def _used(decision: Decision) -> int | None:
    standing, question = decision.standing, decision.question
    if standing and standing.window:
        return standing.used
    return question.quantity if question.kind is FeatureKind.LIMIT else None


def _source(grant: Grant, *, for_staff: bool) -> EntitlementSource:
    if grant.override:
        return EntitlementSource(
            type="override",
            product_key=None,
            plan_key=None,
            plan_version=None,
            expires_at=grant.override.expires_at,
            override_reason=grant.override.reason if for_staff else None,
        )
    assert grant.holding, "it is given by an override or by a plan"
    version = grant.holding.version
    return EntitlementSource(
        type="plan",
        product_key=version.product_key,
        plan_key=version.plan_key,
        plan_version=version.number,
        expires_at=grant.holding.assignment.ends_at,
        override_reason=None,
    )


def override_view(override: Override) -> OverrideView:
    told: dict[str, Any] = {
        name: getattr(override, name)
        for name in OverrideView.model_fields
        if name not in {"override_limit", "mode", "per"}
    }
    most = override.most
    return OverrideView(
        **told,
        mode=override.mode.value,
        per=override.per.value if override.per else None,
        override_limit=as_text(most) if most is not None else None,
    )
