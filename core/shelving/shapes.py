"""What is asked about a plan on the provider's shelf, and what is shown of it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.operations.fields import Code
from core.operations.operation import Request, Result
from core.shelving.model import Shelf, ShelfPrice, ShelfState
from core.shelving.noting import state_of

PlanKey = Annotated[Code, Field(examples=["pro"])]


class GetPlanSync(Request):
    plan_key: PlanKey
    version: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Of this version alone; left out, of all that is sold or differs there."
    )


class ResyncPlan(Request):
    plan_key: PlanKey


class SyncedPrice(Result):
    version: int
    item_key: str
    book_key: str
    state: Literal["waiting", "synced", "billed_by_us", "refused", "drifted", "archived"]
    price_id: str | None
    """The provider's own id of it."""
    reason: str | None
    """Why it is billed by us or refused, or how it differs there."""


class PlanSync(Result):
    plan_id: str
    plan_key: str
    state: Literal["waiting", "synced", "refused", "drifted"]
    reason: str | None
    """Why the provider refuses the plan, in its own words, or how it differs there."""
    product_id: str | None
    """The provider's own id of the plan."""
    revision: int
    """Grows whenever the provider has to be told."""
    synced_at: datetime | None
    checked_at: datetime | None
    """When it was last compared with what is there."""
    prices: list[SyncedPrice]


def sync_view(shelf: Shelf, every: list[ShelfPrice], shown: list[ShelfPrice]) -> PlanSync:
    state, reason = state_of(shelf, every)
    return PlanSync(
        plan_id=shelf.plan_id,
        plan_key=shelf.plan_key,
        state=state.value,
        reason=reason,
        product_id=shelf.product_id,
        revision=shelf.revision,
        synced_at=shelf.synced_at,
        checked_at=shelf.checked_at,
        prices=[price_view(each) for each in shown],
    )


def waiting_view(plan_id: str, plan_key: str) -> PlanSync:
    """Show a plan that was published so recently that its revision is not written yet."""
    return PlanSync(
        plan_id=plan_id,
        plan_key=plan_key,
        state=ShelfState.WAITING.value,
        reason=None,
        product_id=None,
        revision=0,
        synced_at=None,
        checked_at=None,
        prices=[],
    )


def price_view(price: ShelfPrice) -> SyncedPrice:
    return SyncedPrice(
        version=price.version,
        item_key=price.item_key,
        book_key=price.book_key,
        state=price.state.value,
        price_id=price.external_id,
        reason=price.billed_by_us or price.refused or price.drift,
    )
