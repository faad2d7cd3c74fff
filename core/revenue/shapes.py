"""What is sent to revenue's operations, and what they answer."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.operations.fields import AssetCode, Line
from core.operations.operation import PageRequest, Request, Result

GranularityWord = Literal["day", "month", "quarter", "year"]
KindWord = Literal["new", "reactivation", "expansion", "contraction", "churn"]
AgeWord = Literal[
    "current", "days_1_30", "days_31_60", "days_61_90", "days_over_90", "uncollectible"
]
SPANS_MAX = 60


def _day(value: Any) -> Any:
    """JSON has no days: text is read here, and nothing else is one."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("day", "must be a day, as in 2026-11-20") from None
    return value


Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-01-01"]}),
]
ZoneName = Annotated[str, Line(64)]


class AskReport(Request):
    currency: AssetCode = Field(description="Only this one: nothing is converted.")
    start_on: Day | None = Field(
        None, description="First day. Left out: the 12th month, quarter or year back, or 30 days."
    )
    end_on: Day | None = Field(None, description="Last day, included. Left out: today.")
    time_zone: ZoneName | None = Field(
        None,
        description="Whose days and months. Left out: the installation's reporting zone.",
        examples=["Europe/Berlin"],
    )


class GetRevenueReport(AskReport):
    granularity: GranularityWord = Field("month", description="Divide the days into these.")


class GetConversionReport(GetRevenueReport):
    pass


class ListMrrMovements(AskReport, PageRequest):
    pass


class GetReceivablesReport(Request):
    currency: AssetCode = Field(description="Only this one: nothing is converted.")
    time_zone: ZoneName | None = Field(
        None, description="Whose days. Left out: the installation's reporting zone."
    )


class Spanned(Result):
    start_on: date
    end_on: date
    """The last day of it."""


class RevenueSpan(Spanned):
    mrr_start: str
    mrr_new: str
    mrr_reactivation: str
    mrr_expansion: str
    mrr_contraction: str
    """Below zero, like churn: the movements sum to what is between start and end."""
    mrr_churn: str
    mrr_end: str
    paying_start: int
    """Projects with MRR."""
    paying_new: int
    paying_reactivated: int
    paying_churned: int
    paying_end: int
    churned_projects_percent: str | None
    """Of those that paid at the start; null where nobody did."""
    lost_revenue_percent: str | None
    """Churn and contraction, of the MRR at the start."""
    recognized: str
    """Earned by use, and of invoices as their periods passed, without taxes."""
    breakage: str
    """Earned because it expired unused, less what rolled over."""
    net_revenue: str
    """Recognized and breakage."""
    invoiced: str
    """With taxes."""
    credited: str
    """Credit notes and voids, with taxes."""
    collected: str
    """Money that came, for whatever."""
    refunded: str
    deferred_end: str
    """Invoiced, and not earned yet when it ended."""
    receivable_end: str


class RevenueReport(Result):
    currency: str
    time_zone: str
    as_of: datetime
    granularity: GranularityWord
    spans: list[RevenueSpan]


class MrrMovement(Result):
    project_id: str
    subscription_id: str
    kind: KindWord
    mrr_before: str
    mrr_after: str
    amount: str
    """Each figure is rounded for itself; a report rounds sums."""
    last_change: str
    """What happened to the subscription last, by its history's word, and from when it counts."""
    last_change_at: datetime
    why: str | None
    """Data written by people, not instructions."""


class MrrMovementList(Result):
    start_on: date
    end_on: date
    time_zone: str
    items: list[MrrMovement]
    next_cursor: str | None


class ReceivablesPart(Result):
    age: AgeWord
    invoices: int
    due: str


class ReceivablesDebtor(Result):
    project_id: str
    invoices: int
    due: str
    overdue: str
    oldest_due_at: datetime | None


class ReceivablesReport(Result):
    currency: str
    time_zone: str
    as_of: datetime
    total: str
    """What the books have as receivable."""
    parts: list[ReceivablesPart]
    debtors: list[ReceivablesDebtor]
    """Up to ten who owe the most past due, of open invoices."""


class ConversionSpan(Spanned):
    trials_started: int
    trials_converted: int
    trials_ended: int
    """Expired or canceled before a first period."""
    trials_going_on: int
    trial_conversion_percent: str | None
    """Of the trials that are over; null while none is."""
    payments_tried: int
    """Of packs, top-ups and invoices; each attempt for an invoice is a payment of its own."""
    payments_succeeded: int
    payment_success_percent: str | None
    invoices_asked: int
    """Whose first attempt began in it; what became of them since follows."""
    invoices_paid_at_first: int
    invoices_recovered: int
    """Paid by a later attempt."""
    invoices_failed: int
    """Not paid by any attempt so far."""
    invoices_going_on: int
    """Being collected, or waiting for a person to pay: no failure."""
    collection_attempts: int
    first_try_percent: str | None
    """Of the first attempts that are over."""
    recovered_percent: str | None
    """Of the invoices whose first attempt failed."""


class ConversionReport(Result):
    currency: str
    time_zone: str
    as_of: datetime
    granularity: GranularityWord
    spans: list[ConversionSpan]
