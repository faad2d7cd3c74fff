"""What is sent to the operations on subscriptions that the provider bills, and their answers."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from core.operations.operation import PageRequest, Request, Result
from core.stepping.keeping import Kept

ProviderId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        pattern=r"^[A-Za-z0-9_]+$",
        description="What the provider calls the subscription.",
        examples=["sub_1QxYz2Ab3Cd4Ef5G"],
    ),
]


class ListProviderSubscriptions(PageRequest):
    unmatched: bool = Field(
        default=False, description="Only those that are not mirrored as they are there."
    )


class ApplyProviderSubscription(Request):
    provider_id: ProviderId


class ProviderSubscriptionView(Result):
    provider_id: str
    customer_id: str
    """What the provider calls the customer."""
    state: str
    """In the provider's own words."""
    price_ids: list[str]
    of_project_id: str | None
    subscription_id: str | None
    """Ours, that mirrors it; null where none does."""
    problem: str | None
    """Why it is not mirrored as it is there: unknown_customer, unknown_price, already_subscribed,
    and so on. Null where it is."""
    reason: str | None
    seen_at: datetime
    applied_at: datetime | None


class ProviderSubscriptionList(Result):
    items: list[ProviderSubscriptionView]
    next_cursor: str | None


def view_of(kept: Kept) -> ProviderSubscriptionView:
    return ProviderSubscriptionView(
        provider_id=kept.provider_id,
        customer_id=kept.customer_id,
        state=kept.state,
        price_ids=list(kept.price_ids),
        of_project_id=kept.project_id,
        subscription_id=kept.subscription_id,
        problem=kept.problem,
        reason=kept.reason,
        seen_at=kept.seen_at,
        applied_at=kept.applied_at,
    )
