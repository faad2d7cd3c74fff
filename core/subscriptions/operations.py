"""What a caller can do about subscriptions: create, change, read and list them."""

from typing import Any

from core import catalog, dues, entitlements, projects, wallets
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.errors import EngineError
from core.kernel.ids import is_id
from core.lifecycles import AtTrialEnd, NothingChanges, NotInState, When
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.proration import Behaviour
from core.selling import QuantityForNothing
from core.subscriptions import changing, creating, finding, keeping
from core.subscriptions.changing import Other
from core.subscriptions.creating import Wanted
from core.subscriptions.errors import (
    AlreadySubscribed,
    BilledByProvider,
    MethodRequired,
    PlanOfAnotherProduct,
    SubscriptionChanged,
    SubscriptionNotFound,
    TermsOfOperators,
)
from core.subscriptions.shapes import (
    ChangePlan,
    CreateSubscription,
    ListSubscriptions,
    NamedSubscription,
    Preview,
    PreviewPlanChange,
    PreviewSubscription,
    SubscriptionDetails,
    SubscriptionList,
    SubscriptionView,
    details_view,
    preview_view,
    subscription_view,
)

PATH = "/v1/projects/{project_id}/subscriptions"
ONE = {"subscription_id": "sub_01jd3x8k5vq2m7r9t4w6y0z1ab"}
_PRICED: tuple[type[EngineError], ...] = (
    projects.ProjectNotFound,
    catalog.PlanNotFound,
    catalog.PlanVersionNotFound,
    catalog.PlanArchived,
    catalog.NoPriceInCurrency,
    QuantityForNothing,
    wallets.WalletNotFound,
    wallets.NoWalletForAsset,
    wallets.AssetsDiffer,
    TermsOfOperators,
)
_CHANGED: tuple[type[EngineError], ...] = (
    *_PRICED,
    SubscriptionNotFound,
    SubscriptionChanged,
    NotInState,
    NothingChanges,
    PlanOfAnotherProduct,
    BilledByProvider,
)
_OPERATORS = (
    *("version", "trial_days", "trial_price", "at_trial_end", "needs_method", "begins"),
    "proration",
)
"""Terms: whoever buys takes them as they are."""


def refuse_terms(work: Work, request: Any) -> None:
    """Refuse what only platform operators may say, from anybody else."""
    if work.caller.is_platform:
        return
    for name in _OPERATORS:
        if getattr(request, name, None) is not None:
            raise TermsOfOperators(name)


@operation(
    f"POST {PATH}",
    title="Create subscription",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(*_PRICED, AlreadySubscribed, MethodRequired, entitlements.PlanHeldBySubscription),
    examples=(
        Example(title="Five seats", arguments={"plan_key": "pro", "quantities": {"seats": 5}}),
        Example(
            title="A trial of a month that is billed in the end",
            arguments={
                "project_id": "prj_01jd3x8k5vq2m7r9t4w6y0z1ab",
                "plan_key": "pro",
                "trial_days": 30,
                "at_trial_end": "bill",
            },
        ),
    ),
)
async def create_subscription(work: Work, request: CreateSubscription) -> SubscriptionView:
    """Subscribe a project to a plan: with the plan's trial, once, or with its first period.

    It stays a draft, for a day, until the first bill is paid, if there is anything to pay. A
    project has one subscription of a product: change that one with change_plan.
    """
    refuse_terms(work, request)
    return subscription_view(await creating.create(work, _wanted(work, request)))


@operation(
    "POST /v1/projects/{project_id}/subscription-previews",
    title="Preview subscription",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(*_PRICED, MethodRequired),
    examples=(Example(title="What five seats cost", arguments={"plan_key": "pro"}),),
)
async def preview_subscription(work: Work, request: PreviewSubscription) -> Preview:
    """Show what create_subscription would do: the trial, the first period, and its bill by lines.

    Discounts the project has redeemed are taken off. Taxes are not in it. Nothing is created.
    """
    refuse_terms(work, request)
    proposed = await creating.propose(work, _wanted(work, request))
    return preview_view(proposed.decided)


@operation(
    f"POST {PATH}/{{subscription_id}}/plan",
    title="Change plan",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=_CHANGED,
    examples=(
        Example(title="Another plan", arguments={**ONE, "plan_key": "business", "revision": 3}),
        Example(title="Eight seats", arguments={**ONE, "quantities": {"seats": 8}}),
    ),
)
async def change_plan(work: Work, request: ChangePlan) -> SubscriptionView:
    """Change a subscription's plan or quantities: up at once, with proration, down at renewal.

    Choosing what it has already takes back what was set for renewal. See preview_plan_change.
    """
    _refuse_change(work, request)
    other, revision = _other(request), request.revision
    after = await changing.change(work, request.subscription_id, other, revision=revision)
    return subscription_view(after)


@operation(
    f"POST {PATH}/{{subscription_id}}/plan-previews",
    title="Preview plan change",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=_CHANGED,
    examples=(Example(title="What it would cost", arguments={**ONE, "plan_key": "business"}),),
)
async def preview_plan_change(work: Work, request: PreviewPlanChange) -> Preview:
    """Show what change_plan would do now: when it takes effect, and each line of its bill.

    What is given back is below zero. The figures hold for this very instant. Nothing is changed.
    """
    _refuse_change(work, request)
    before = await keeping.find(work, request.subscription_id, revision=request.revision)
    return preview_view(await changing.propose_change(work, before, _other(request)))


@operation(
    f"GET {PATH}/{{subscription_id}}",
    title="Get subscription",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, SubscriptionNotFound),
    examples=(Example(title="As it is now", arguments=ONE),),
)
async def get_subscription(work: Work, request: NamedSubscription) -> SubscriptionDetails:
    """Show a subscription with its newest bills, and what happened to it: when, why, by whom."""
    one = await keeping.find(work, request.subscription_id)
    billed = await dues.of_subscription(work, one.id)
    happened = await finding.history_of(work, one.id)
    return details_view(one, billed, happened, for_staff=work.caller.is_platform)


@operation(
    "GET /v1/subscriptions",
    title="List subscriptions",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(
        Example(title="My project's", arguments={}),
        Example(title="Who owes something", arguments={"subscription_state": "past_due"}),
    ),
)
async def list_subscriptions(work: Work, request: ListSubscriptions) -> SubscriptionList:
    """List subscriptions with what is due next, also those that ended.

    A project sees its own; platform staff that name no project see all.
    """
    found = await finding.list_after(
        work,
        _place(paging.after(request.cursor, parts=2)),
        request.limit + 1,
        product_key=request.product_key,
        state=request.subscription_state,
    )
    shown = paging.page(found, request.limit, lambda each: [each.project_id, each.id])
    items = [subscription_view(each) for each in shown.items]
    return SubscriptionList(items=items, next_cursor=shown.next_cursor)


def _wanted(work: Work, request: PreviewSubscription) -> Wanted:
    return Wanted(
        plan_key=request.plan_key,
        version=request.version,
        currency=request.currency,
        quantities=request.quantities,
        wallet_id=request.wallet_id,
        trial_days=request.trial_days,
        trial_price=request.trial_price,
        at_trial_end=AtTrialEnd(request.at_trial_end or AtTrialEnd.EXPIRE),
        needs_method=bool(request.needs_method),
        when_paid=not work.caller.is_platform or request.begins != "now",
    )


def _refuse_change(work: Work, request: PreviewPlanChange) -> None:
    refuse_terms(work, request)
    if request.effective == "now" and not work.caller.is_platform:
        raise TermsOfOperators("effective")


def _other(request: PreviewPlanChange) -> Other:
    return Other(
        plan_key=request.plan_key,
        version=request.version,
        quantities=request.quantities,
        when=When(request.effective) if request.effective else None,
        behaviour=Behaviour(request.proration or Behaviour.PRORATE),
    )


def _place(key: list[str] | None) -> tuple[str, str] | None:
    if key is None:
        return None
    for prefix, told in zip(("prj", "sub"), key, strict=True):
        if not is_id(prefix, told):
            raise paging.InvalidCursor
    return key[0], key[1]


OPERATIONS = (
    create_subscription,
    preview_subscription,
    change_plan,
    preview_plan_change,
    get_subscription,
    list_subscriptions,
)
