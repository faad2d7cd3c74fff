"""What is sent to the operations on subscriptions, and what they answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core.dues import Billed
from core.kernel.money import Money
from core.lifecycles import Bill, Choice, Decided, Subscription, Verb, write_lines
from core.operations.fields import Amount, AssetCode, Code, Identifier, Memo, WalletId, When
from core.operations.operation import (
    PageRequest,
    ProjectOrPlatformRequest,
    ProjectRequest,
    Result,
)

SubscriptionId = Annotated[str, Identifier("sub")]
PlanKey = Annotated[Code, Field(examples=["pro"])]
Quantities = Annotated[
    dict[Code, Annotated[int, Field(ge=1, le=1_000_000)]],
    Field(
        max_length=50,
        description="How many of each recurring item, such as seats; one of what is not named.",
        examples=[{"seats": 5}],
    ),
]
Revision = Annotated[
    int | None,
    Field(ge=1, description="The revision you read. Refused if somebody changed it since."),
]
StateWord = Literal[
    "draft", "trialing", "active", "past_due", "suspended", "paused", "canceled", "expired"
]
UnitWord = Literal["day", "week", "month", "year"]


class PreviewSubscription(ProjectRequest):
    plan_key: PlanKey
    quantities: Quantities = Field(default_factory=dict)
    currency: AssetCode | None = Field(
        None, description="Needed where the plan is sold in several, and the project has none."
    )
    wallet_id: WalletId | None = Field(
        None, description="Where included credits go. Leave out for the project's own wallet."
    )
    version: int | None = Field(
        None, ge=1, le=1_000_000, description="Operators only: an earlier version."
    )
    trial_days: int | None = Field(
        None, ge=0, le=730, description="Operators only: instead of the plan's own, once more."
    )
    trial_price: Amount | None = Field(None, description="Operators only: what the trial costs.")
    at_trial_end: Literal["expire", "bill"] | None = Field(
        None,
        description="Operators only. What becomes of a trial that ends without a way to pay: it "
        "expires (default), or is billed.",
    )
    needs_method: bool | None = Field(
        None, description="Operators only: a trial needs a payment method first."
    )
    begins: Literal["now", "when_paid"] | None = Field(
        None,
        description="Operators only: at once, or when the first bill is paid (default).",
    )


class CreateSubscription(PreviewSubscription):
    pass


class NamedSubscription(ProjectRequest):
    subscription_id: SubscriptionId


class ChangeableSubscription(NamedSubscription):
    revision: Revision = None


class PreviewPlanChange(ChangeableSubscription):
    plan_key: PlanKey | None = Field(None, description="Leave out to change quantities alone.")
    quantities: Quantities | None = None
    version: int | None = Field(
        None, ge=1, le=1_000_000, description="Operators only: another version than is sold now."
    )
    effective: Literal["now", "renewal"] | None = Field(
        None,
        description="When. An upgrade is made at once by default, anything else at renewal. Only "
        "operators choose now.",
    )
    proration: Literal["prorate", "reset", "none"] | None = Field(
        None,
        description="Operators only: give back and charge what is left of the period (default), "
        "begin a new period at its full price, or neither.",
    )


class ChangePlan(PreviewPlanChange):
    pass


class CancelSubscription(ChangeableSubscription):
    effective: Literal["now", "period_end"] = Field(
        "period_end", description="When it ends; access goes on until then."
    )
    credit_unused: bool = Field(
        default=False, description="Operators only, with now: give back what is left of the period."
    )
    reason: Memo | None = Field(None, description="Why, for the history.")


class PauseSubscription(ChangeableSubscription):
    resumes_at: When | None = Field(
        None, description="When it goes on by itself. Leave out to resume it by hand."
    )
    reason: Memo | None = Field(None, description="Why, for the history.")


class ListSubscriptions(ProjectOrPlatformRequest, PageRequest):
    product_key: Annotated[Code, Field(examples=["app"])] | None = Field(
        None, description="Only of this product."
    )
    subscription_state: StateWord | None = Field(None, description="Only in this state.")


class ChoiceView(Result):
    plan_key: str
    plan_version: int
    quantities: dict[str, int]


class SubscriptionView(Result):
    id: str
    project_id: str
    product_key: str
    plan_key: str
    plan_version: int
    quantities: dict[str, int]
    state: StateWord
    revision: int
    currency: str
    interval: UnitWord
    interval_count: int
    time_zone: str
    period_start_at: datetime
    period_end_at: datetime
    trial_ends_at: datetime | None
    cancel_at: datetime | None
    """When it ends, where that is set."""
    paused_at: datetime | None
    resumes_at: datetime | None
    at_renewal: ChoiceView | None
    """What the next period begins with, where that is another plan or quantity."""
    next_due_at: datetime | None
    starts_at: datetime
    ended_at: datetime | None
    billed_by: Literal["us", "provider"]
    """By the provider: it is changed there, and nowhere else."""
    provider_id: str | None
    created_at: datetime


class BillLineView(Result):
    kind: Literal["recurring", "one_time", "trial", "usage", "credit", "charge", "kept"]
    item_key: str
    name: str
    start_at: datetime
    end_at: datetime
    quantity: str
    amount: str
    off: str
    """What discounts take off."""
    total: str
    explained: list[str]


class BillView(Result):
    """What is billed for a period, before taxes."""

    reason: str
    start_at: datetime
    end_at: datetime
    currency: str
    total: str
    lines: list[BillLineView]
    credits: str | None
    """Granted once it is paid."""
    credits_asset: str | None


class BilledView(BillView):
    id: str
    invoice_id: str | None
    without_invoice: Literal["nothing", "returned", "no_entity", "before"] | None
    """Why there is none: no line, given back, nobody issues invoices, or made before there were."""
    created_at: datetime
    paid_at: datetime | None
    written_off_at: datetime | None
    """Its invoice is void, or was credited whole."""


class HappenedView(Result):
    revision: int
    verb: str
    from_state: StateWord | None
    to_state: StateWord
    effective_at: datetime
    done_at: datetime
    done_by: str | None
    """Null in what projects are told."""
    reason: str | None


class SubscriptionDetails(SubscriptionView):
    bills: list[BilledView]
    """The newest first, twenty at most."""
    history: list[HappenedView]
    """The newest first, fifty at most."""


class SubscriptionList(Result):
    items: list[SubscriptionView]
    next_cursor: str | None


class Preview(Result):
    """What would be, and what would be billed at once."""

    takes_effect: Literal["now", "renewal"]
    state: StateWord
    plan_key: str
    plan_version: int
    quantities: dict[str, int]
    currency: str
    period_start_at: datetime
    period_end_at: datetime
    trial_ends_at: datetime | None
    at_renewal: ChoiceView | None
    bill: BillView | None


def subscription_view(one: Subscription) -> SubscriptionView:
    return SubscriptionView.model_validate(_facts(one))


def details_view(
    one: Subscription, billed: Sequence[Billed], happened: Sequence[Any], *, for_staff: bool
) -> SubscriptionDetails:
    told = _facts(one) | {
        "bills": [_billed_view(each) for each in reversed(billed[-20:])],
        "history": [_happened_view(each, for_staff=for_staff) for each in happened],
    }
    return SubscriptionDetails.model_validate(told)


def preview_view(decided: Decided) -> Preview:
    after, bill = decided.after, decided.bill
    told = {
        "takes_effect": "renewal" if decided.verb is Verb.SCHEDULE else "now",
        "state": str(after.state),
        **_choice(after.choice),
        "currency": str(after.asset),
        "period_start_at": after.period_start_at,
        "period_end_at": after.period_end_at,
        "trial_ends_at": after.trial_ends_at,
        "at_renewal": _choice(after.next) if after.next else None,
        "bill": _bill(bill) if bill else None,
    }
    return Preview.model_validate(told)


def _facts(one: Subscription) -> dict[str, Any]:
    same = (
        *("id", "project_id", "product_key", "revision", "time_zone", "period_start_at"),
        *("period_end_at", "trial_ends_at", "cancel_at", "paused_at", "resumes_at"),
        *("next_due_at", "starts_at", "ended_at", "provider_id", "created_at"),
    )
    return {name: getattr(one, name) for name in same} | {
        **_choice(one.choice),
        "billed_by": "us" if one.provider_id is None else "provider",
        "state": str(one.state),
        "currency": str(one.asset),
        "interval": str(one.interval.unit),
        "interval_count": one.interval.count,
        "at_renewal": _choice(one.next) if one.next else None,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "plan_key": choice.plan_key,
        "plan_version": choice.plan_version,
        "quantities": dict(choice.quantities),
    }


def bill_view(bill: Bill) -> BillView:
    return BillView.model_validate(_bill(bill))


def _bill(bill: Bill) -> dict[str, Any]:
    told = {"reason": bill.reason, "start_at": bill.period.start_at, "end_at": bill.period.end_at}
    return told | _sums(bill.total, write_lines(bill), bill.credits)


def _billed_view(billed: Billed) -> dict[str, Any]:
    return {
        "id": billed.id,
        "reason": billed.reason,
        "start_at": billed.period_start_at,
        "end_at": billed.period_end_at,
        "invoice_id": billed.invoice_id,
        "without_invoice": billed.without_invoice,
        "created_at": billed.created_at,
        "paid_at": billed.paid_at,
        "written_off_at": billed.written_off_at,
    } | _sums(billed.total, billed.lines, billed.credits)


def _sums(
    total: Money, lines: Sequence[Mapping[str, Any]], credits: Money | None
) -> dict[str, Any]:
    return {
        "currency": str(total.asset),
        "total": total.decimal,
        "lines": list(lines),
        "credits": credits.decimal if credits else None,
        "credits_asset": str(credits.asset) if credits else None,
    }


def _happened_view(row: Any, *, for_staff: bool) -> dict[str, Any]:
    return {
        "revision": row.revision,
        "verb": row.verb,
        "from_state": row.before,
        "to_state": row.after,
        "effective_at": row.effective_at,
        "done_at": row.done_at,
        "done_by": row.done_by if for_staff else None,
        "reason": row.why,
    }
