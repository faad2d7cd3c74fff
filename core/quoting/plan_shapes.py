"""What is sent to the operations that quote plans, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.operations.fields import AssetCode, Code, When
from core.operations.operation import ProjectRequest, Request, Result
from core.pricing import text
from core.quoting.costing import Cost
from core.quoting.shapes import PriceLine, lines_view
from core.quoting.usage_forms import Quantity

VERSION_MAX = 1_000_000
CHANGES_MAX = 100

PlanKey = Annotated[Code, Field(examples=["pro"])]
Number = Annotated[int, Field(ge=1, le=VERSION_MAX)]
KindWord = Literal["recurring", "usage", "one_time"]


class PreviewUsageCost(ProjectRequest):
    plan_key: PlanKey
    version: Number | None = Field(None, description="Leave out for the one on sale.")
    draft: bool = Field(default=False, description="The plan's draft. Platform staff only.")
    start_at: When | None = Field(
        None, description="From here, included. Leave out for the last whole month."
    )
    end_at: When | None = Field(None, description="To here, not included.")
    currency: AssetCode | None = Field(None, description="Needed where there are several.")
    price_book: Code | None = Field(None, description="Leave out for the one of a new sale.")
    seats: dict[Code, Quantity] = Field(
        default_factory=dict,
        max_length=20,
        description="How many of a recurring item, by its key; 1 if left out.",
        json_schema_extra={"additionalProperties": False},
    )


class ItemCost(Result):
    item_key: str
    name: str
    kind: KindWord
    meter_key: str | None
    start_at: datetime
    end_at: datetime
    quantity: str
    """What the meter made of the usage, or how many of a fee."""
    event_count: int | None
    """null for what is not usage."""
    lines: list[PriceLine]
    amount: str


class UsageCost(Result):
    plan_key: str
    version: int
    draft: bool
    price_book: str
    currency: str
    start_at: datetime
    end_at: datetime
    time_zone: str
    items: list[ItemCost]
    """Each item once for each interval of the plan that the period touches."""
    recurring: str
    usage: str
    one_time: str
    total: str


class SimulatePriceChange(Request):
    plan_key: PlanKey
    to_version: Number | None = Field(None, description="Leave out for the draft.")
    from_version: Number | None = Field(
        None, description="Leave out for the one each project holds, or else the one on sale."
    )
    start_at: When | None = Field(
        None, description="From here, included. Leave out for the last whole month, in UTC."
    )
    end_at: When | None = Field(None, description="To here, not included; on a quarter hour.")
    currency: AssetCode | None = Field(None, description="Needed where there are several.")
    limit: int = Field(20, ge=1, le=CHANGES_MAX, description="How many changes to list at most.")
    cursor: str | None = Field(
        None, max_length=512, description="next_cursor, to go on with further projects."
    )


class SimulatedProject(Result):
    project_id: str
    from_version: int
    before: str
    after: str
    change: str
    """after less before: negative where the project pays less."""


class NotRated(Result):
    project_id: str
    code: str
    reason: str


class SimulatedChange(Result):
    plan_key: str
    to_version: int
    to_draft: bool
    currency: str
    start_at: datetime
    end_at: datetime
    compared: Literal["holders", "users"]
    """Projects that hold the plan, or where nobody does, those that used what it meters."""
    projects: int
    """How many were looked at in this answer."""
    winners: int
    """They pay less."""
    losers: int
    """They pay more."""
    unchanged: int
    before_total: str
    after_total: str
    change_total: str
    largest: list[SimulatedProject]
    """The largest changes of these projects, whichever way they go."""
    not_rated: list[NotRated]
    """Projects whose usage a price refuses; they are in no total. The first of them."""
    not_rated_count: int
    next_cursor: str | None
    """There are more projects: ask again with it, and add the answers up."""


def item_view(cost: Cost) -> ItemCost:
    return ItemCost(
        item_key=cost.item.key,
        name=cost.item.name,
        kind=cost.item.kind.value,
        meter_key=cost.item.meter_key,
        start_at=cost.part.period.start_at,
        end_at=cost.part.period.end_at,
        quantity=text(cost.usage.quantity),
        event_count=cost.usage.events if cost.item.meter_key else None,
        lines=lines_view(cost.rated),
        amount=cost.rated.total.decimal,
    )
