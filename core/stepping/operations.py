"""What staff can ask of subscriptions that the provider bills: see them, and have one applied."""

from core import jobs
from core.db import paging
from core.db.schema import PLATFORM
from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.operations.errors import NotAllowed
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.stepping import keeping
from core.stepping.errors import ProviderSubscriptionNotFound
from core.stepping.looking import apply_provider_subscription as apply_job
from core.stepping.shapes import (
    ApplyProviderSubscription,
    ListProviderSubscriptions,
    ProviderSubscriptionList,
    ProviderSubscriptionView,
    view_of,
)

PATH = "/v1/provider-subscriptions"


@operation(
    f"GET {PATH}",
    title="List provider subscriptions",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor, NotAllowed),
    examples=(Example(title="What is not mirrored", arguments={"unmatched": True}),),
)
async def list_provider_subscriptions(
    work: Work, request: ListProviderSubscriptions
) -> ProviderSubscriptionList:
    """List subscriptions that the payment provider bills by itself, and whether each is mirrored.

    What is of no customer or price that we know is kept here with its problem. Once that is put
    right, call apply_provider_subscription, or wait: all are looked at again every hour.
    """
    _refuse_bound(work, "list_provider_subscriptions")
    key = paging.after(request.cursor, parts=1)
    place = key[0] if key else None
    found = await keeping.after(work, place, request.limit + 1, unmatched=request.unmatched)
    shown = paging.page(found, request.limit, lambda each: [each.provider_id])
    items = [view_of(each) for each in shown.items]
    return ProviderSubscriptionList(items=items, next_cursor=shown.next_cursor)


@operation(
    f"POST {PATH}/{{provider_id}}/apply",
    title="Apply provider subscription",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(ProviderSubscriptionNotFound, NotAllowed),
    examples=(
        Example(title="After its price is known", arguments={"provider_id": "sub_1QxYz2Ab3Cd4Ef"}),
    ),
)
async def apply_provider_subscription(
    work: Work, request: ApplyProviderSubscription
) -> ProviderSubscriptionView:
    """Have a subscription that the payment provider bills read there again, and mirrored.

    Every paid invoice of it is booked and brings its credits, once, however late. Answered is how
    it stands before that: list_provider_subscriptions shows what came of it a few seconds later.
    """
    _refuse_bound(work, "apply_provider_subscription")
    kept = await keeping.find(work, request.provider_id)
    if kept is None:
        raise ProviderSubscriptionNotFound(request.provider_id)
    key = f"{kept.provider_id}:{kept.revision}"
    platform = work.within(PLATFORM)
    await jobs.enqueue(platform, apply_job, key=key, provider_id=kept.provider_id)
    work.record("asked", kept.provider_id)
    return view_of(kept)


def _refuse_bound(work: Work, name: str) -> None:
    """They are about all customers: staff who bound themselves to one see none of them."""
    if work.caller.project_id:
        raise NotAllowed(name, f"the platform role {PlatformRole.AUDITOR}, bound to no project")


OPERATIONS = (list_provider_subscriptions, apply_provider_subscription)
