"""What a caller can do about how a subscription ends, rests, and goes on."""

from core import catalog, projects
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.lifecycles import CancellationScheduled, NotInState, PaymentOutstanding
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.subscriptions import changing
from core.subscriptions.changing import Ending
from core.subscriptions.errors import (
    AlreadySubscribed,
    BilledByProvider,
    SubscriptionChanged,
    SubscriptionNotFound,
    TermsOfOperators,
)
from core.subscriptions.operations import ONE, PATH
from core.subscriptions.shapes import (
    CancelSubscription,
    ChangeableSubscription,
    PauseSubscription,
    SubscriptionView,
    subscription_view,
)

_ALL = (
    projects.ProjectNotFound,
    SubscriptionNotFound,
    SubscriptionChanged,
    NotInState,
    BilledByProvider,
)


@operation(
    f"POST {PATH}/{{subscription_id}}/cancel",
    title="Cancel subscription",
    toolset=Toolset.PAYMENTS,
    effect=Effect.DESTROY,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(*_ALL, CancellationScheduled, PaymentOutstanding, TermsOfOperators),
    examples=(
        Example(title="With its period", arguments={**ONE, "reason": "Too expensive"}),
        Example(title="At once", arguments={**ONE, "effective": "now"}),
    ),
)
async def cancel_subscription(work: Work, request: CancelSubscription) -> SubscriptionView:
    """End a subscription: with the period that is paid for, or at once.

    Until it ends nothing changes, and reactivate_subscription takes it back. What is left of a
    period that ends at once is given back only if an operator says so.
    """
    at_once = request.effective == "now"
    if request.credit_unused and not work.caller.is_platform:
        raise TermsOfOperators("credit_unused")
    if request.credit_unused and not at_once:
        raise invalid("credit_unused", "is for effective now: nothing is left at the period's end")
    how = Ending(at_once=at_once, credit=request.credit_unused, why=request.reason)
    revision = request.revision
    after = await changing.cancel(work, request.subscription_id, how, revision=revision)
    return subscription_view(after)


@operation(
    f"POST {PATH}/{{subscription_id}}/pause",
    title="Pause subscription",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(*_ALL, CancellationScheduled),
    examples=(
        Example(title="For the summer", arguments={**ONE, "resumes_at": "2027-09-01T00:00:00Z"}),
    ),
)
async def pause_subscription(work: Work, request: PauseSubscription) -> SubscriptionView:
    """Pause a subscription: no bills and no access, until it is resumed, by hand or at a time.

    What is left of the period is kept, and goes on then.
    """
    if request.resumes_at is not None and request.resumes_at <= work.now:
        raise invalid("resumes_at", "must lie in the future")
    after = await changing.pause(
        work,
        request.subscription_id,
        resumes_at=request.resumes_at,
        why=request.reason,
        revision=request.revision,
    )
    return subscription_view(after)


@operation(
    f"POST {PATH}/{{subscription_id}}/resume",
    title="Resume subscription",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=_ALL,
    examples=(Example(title="Now", arguments=ONE),),
)
async def resume_subscription(work: Work, request: ChangeableSubscription) -> SubscriptionView:
    """Take up a paused subscription again. Its period ends as much later as it was paused."""
    revision = request.revision
    return subscription_view(
        await changing.resume(work, request.subscription_id, revision=revision)
    )


@operation(
    f"POST {PATH}/{{subscription_id}}/reactivate",
    title="Reactivate subscription",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(*_ALL, AlreadySubscribed, catalog.PlanArchived),
    examples=(Example(title="They stay", arguments=ONE),),
)
async def reactivate_subscription(work: Work, request: ChangeableSubscription) -> SubscriptionView:
    """Keep a subscription that is to end, or begin one again that has ended, on the same version.

    Within a period that was paid for nothing is billed. Later a new period begins: for whoever is
    no operator once its bill is paid, until when it is a draft.
    """
    revision = request.revision
    return subscription_view(
        await changing.reactivate(work, request.subscription_id, revision=revision)
    )


OPERATIONS = (
    cancel_subscription,
    pause_subscription,
    resume_subscription,
    reactivate_subscription,
)
