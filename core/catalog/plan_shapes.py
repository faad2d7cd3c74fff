"""What is sent to the operations on plans, and what they answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core import pricing
from core.catalog.comparing import Change
from core.catalog.model import Entitled, Head, IncludedCredits, Item, Plan, PlanVersion
from core.catalog.shapes import (
    Decimals,
    Description,
    Entitlements,
    Included,
    IntervalCount,
    IntervalWord,
    Items,
    TermsForm,
    TrialDays,
)
from core.catalog.writing import write_entitled
from core.operations.fields import Code, Name, When
from core.operations.operation import PageRequest, Request, Result

ProductKey = Annotated[Code, Field(examples=["app"])]
PlanKey = Annotated[Code, Field(examples=["pro"])]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
Revision = Annotated[int, Field(ge=1, le=1_000_000_000)]
StateWord = Literal["draft", "published", "superseded", "archived"]
KindWord = Literal["switch", "limit", "quota"]
WindowWord = Literal["billing_period", "day", "week", "month", "year", "ever"]


class NamedPlan(Request):
    plan_key: PlanKey


class CreatePlan(NamedPlan, TermsForm):
    product_key: ProductKey
    name: Name
    description: Description | None = None


class UpdatePlan(NamedPlan):
    version: Version | None = Field(None, description="The draft's, to be sure.")
    revision: Revision | None = Field(
        None, description="The draft's as you read it; refused if it was changed since."
    )
    name: Name | None = None
    description: Description | None = None
    interval: IntervalWord | None = None
    interval_count: IntervalCount | None = None
    trial_days: TrialDays | None = None
    items: Items | None = Field(None, description="All of them, in place of those before.")
    entitlements: Entitlements | None = Field(None, description="All of them.")
    included_credits: Included | None = Field(None, description="Null takes them away.")
    notes: Description | None = None


class PublishPlan(NamedPlan):
    effective_at: When | None = Field(
        None, description="New sales use it from then on; leave out for at once."
    )
    version: Version | None = Field(None, description="The draft's, to be sure which one it is.")
    revision: Revision | None = Field(
        None, description="The draft's as you read it; refused if it was changed since."
    )


class GetPlan(NamedPlan):
    version: Version | None = Field(
        None, description="Show this published version; leave out for the one on sale."
    )


class ListPlans(PageRequest):
    product_key: ProductKey | None = Field(None, description="Only plans of this product.")
    include_archived: bool = Field(default=False, description="Also those that were archived.")


class ComparePlanVersions(NamedPlan):
    from_version: Version = Field(description="What it is compared with.")
    to_version: Version | None = Field(
        None, description="Leave out for the draft or, where there is none, the newest."
    )
    quantity: Decimals | None = Field(
        None, description="Also tell what each changed price asks for this many.", examples=["1000"]
    )


class ItemView(Result):
    key: str
    name: str
    kind: Literal["recurring", "usage", "one_time"]
    meter_key: str | None
    prices: dict[str, dict[str, Any]]
    """By price book: each a price as preview_price takes it."""


class EntitledView(Result):
    feature_key: str
    kind: KindWord
    enabled: bool
    limit: str | None
    unlimited: bool
    per: WindowWord | None


class IncludedView(Result):
    amount: str
    asset: str
    rollover_max: str | None
    expires_after_days: int | None


class VersionHead(Result):
    id: str
    version: int
    state: StateWord
    published_at: datetime | None
    effective_at: datetime | None
    """New sales use it from then on."""
    superseded_at: datetime | None
    """A later version takes its place then; whoever holds it keeps it."""


class VersionView(VersionHead):
    revision: int | None
    """Of a draft: grows with every change."""
    interval: IntervalWord
    interval_count: int
    trial_days: int
    items: list[ItemView]
    entitlements: list[EntitledView]
    included_credits: IncludedView | None
    notes: str | None
    """For staff. Null in what projects are told."""
    created_at: datetime


class PlanView(Result):
    id: str
    plan_key: str
    product_key: str
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class PlanDetails(PlanView):
    version: VersionView | None
    """The version that was asked for, or else the one on sale."""
    draft: VersionView | None
    """What is being prepared. Null in what projects are told."""
    versions: list[VersionHead]
    """The newest published ones, the newest first."""


class PlanSummary(PlanView):
    version: int | None
    """On sale now."""
    draft_version: int | None
    """Being prepared. Null in what projects are told."""


class PlanList(Result):
    items: list[PlanSummary]
    next_cursor: str | None


class ChangeView(Result):
    path: str
    """items.tokens.prices.usd: items, entitlements and prices by their keys."""
    what: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    currency: str | None
    """What the costs are in, where a price was changed and a quantity was given."""
    cost_before: str | None
    cost_after: str | None
    not_rated: str | None
    """Why there is no cost: the price asks more of usage than a quantity."""


class PlanComparison(Result):
    plan_key: str
    from_version: int
    to_version: int
    to_state: StateWord
    changes: list[ChangeView]
    held_from: int
    """How many projects hold from_version now, and keep it until they are migrated."""
    held_to: int


def head_view(head: Head, plan: Plan, now: datetime) -> VersionHead:
    return VersionHead(
        id=head.id,
        version=head.number,
        state=head.state_at(plan, now).value,
        published_at=head.published_at,
        effective_at=head.effective_at,
        superseded_at=head.superseded_at,
    )


def version_view(version: PlanVersion, now: datetime, *, for_staff: bool) -> VersionView:
    head = head_view(version.head, version.plan, now)
    return VersionView(
        **head.model_dump(),
        revision=version.revision or None,
        interval=version.interval.unit.value,
        interval_count=version.interval.count,
        trial_days=version.trial_days,
        items=[_item(each) for each in version.items],
        entitlements=[_entitled(each) for each in version.entitlements],
        included_credits=_included(version.included) if version.included else None,
        notes=version.notes if for_staff else None,
        created_at=version.created_at,
    )


def plan_members(plan: Plan) -> dict[str, Any]:
    """Return the members of PlanView, which other views share."""
    return {
        "id": plan.id,
        "plan_key": plan.key,
        "product_key": plan.product_key,
        "name": plan.name,
        "description": plan.description,
        "created_at": plan.created_at,
        "updated_at": plan.updated_at,
        "archived_at": plan.archived_at,
    }


def summary_view(plan: Plan, version: int | None, draft: int | None) -> PlanSummary:
    return PlanSummary(**plan_members(plan), version=version, draft_version=draft)


def change_view(change: Change, cost: Mapping[str, str]) -> ChangeView:
    return ChangeView(
        path=change.path,
        what=change.what,
        before=change.before,
        after=change.after,
        currency=cost.get("currency"),
        cost_before=cost.get("before"),
        cost_after=cost.get("after"),
        not_rated=cost.get("not_rated"),
    )


def _item(item: Item) -> ItemView:
    return ItemView(
        key=item.key,
        name=item.name,
        kind=item.kind.value,
        meter_key=item.meter_key,
        prices={key: pricing.write_price(price) for key, price in item.prices.items()},
    )


def _entitled(entitled: Entitled) -> EntitledView:
    is_switch = entitled.kind == "switch"
    return EntitledView(
        feature_key=entitled.feature_key,
        kind=entitled.kind.value,
        enabled=entitled.enabled,
        limit=write_entitled(entitled).get("limit"),
        unlimited=entitled.limit is None and not is_switch,
        per=entitled.per.value if entitled.per else None,
    )


def _included(included: IncludedCredits) -> IncludedView:
    most = included.rollover_max
    return IncludedView(
        amount=included.amount.decimal,
        asset=str(included.amount.asset),
        rollover_max=None if most is None else most.decimal,
        expires_after_days=included.expires_after_days,
    )


def heads_view(heads: Sequence[Head], plan: Plan, now: datetime) -> list[VersionHead]:
    return [head_view(each, plan, now) for each in heads]
