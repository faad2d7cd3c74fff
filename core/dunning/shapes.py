"""What is sent to the operations of dunning, and what they answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core.operations.fields import Code, Identifier, Line, Memo
from core.operations.operation import (
    PageRequest,
    ProjectOrPlatformRequest,
    ProjectRequest,
    Request,
    Result,
)

DAYS_MAX = 60
STEPS_MAX = 10
HOURS_MAX = DAYS_MAX * 24

RunId = Annotated[str, Identifier("dun")]
StateWord = Literal["open", "suspended", "closed"]
OutcomeWord = Literal[
    "recovered",
    "paid_elsewhere",
    "voided",
    "given_up",
    "stopped",
    "uncollectible",
    "canceled",
    "unpaid",
]
BannerWord = Literal["none", "notice", "warning", "final", "suspended"]
ToneWord = Literal["gentle", "urgent", "final"]
Day = Annotated[int, Field(ge=1, le=DAYS_MAX)]


class GetBillingStatus(ProjectRequest):
    pass


class ListDunningRuns(ProjectOrPlatformRequest, PageRequest):
    run_state: StateWord | None = Field(None, description="Only in this state.")


class NamedRun(ProjectRequest):
    run_id: RunId


class StopDunning(NamedRun):
    why: Memo = Field(description="For the log: who promised what.")


class NoticeForm(Request):
    hours_before: int = Field(ge=1, le=HOURS_MAX, description="Before the end.")
    tone: ToneWord


class SetDunningCampaign(Request):
    campaign_key: Annotated[Code, Field(examples=["default"])] = Field(
        description="`default` is for all others."
    )
    product_key: Annotated[Code, Field(examples=["app"])] | None = Field(
        None, description="Whose subscriptions; needed but for `default`."
    )
    attempt_days: list[Day] = Field(
        [3, 6, 12, 14],
        max_length=STEPS_MAX,
        description="Days after the failure to try again, ascending.",
    )
    jitter_percent: int = Field(
        25, ge=0, le=50, description="How much of a pause an attempt may move."
    )
    lasts_days: Day = Field(14, description="The end; no attempt is later.")
    permanent_days: Day = Field(7, description="The same if declined for good.")
    campaign_notices: list[NoticeForm] = Field(
        [
            NoticeForm(hours_before=168, tone="gentle"),
            NoticeForm(hours_before=72, tone="urgent"),
            NoticeForm(hours_before=24, tone="urgent"),
            NoticeForm(hours_before=6, tone="final"),
        ],
        max_length=STEPS_MAX,
        description="Mails of growing urgency.",
    )
    at_end: Literal["suspend", "nothing"] = Field("suspend", description="What the end brings.")
    afterwards: Literal["cancel", "uncollectible", "nothing"] = Field(
        "nothing", description="If it stays unpaid."
    )
    afterwards_days: int = Field(30, ge=1, le=365, description="After the end.")
    renewal_notice_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] | None = Field(
        7, description="Told so long before a renewal; null: never."
    )
    renewal_interval_days_min: int = Field(
        28, ge=1, le=366, description="What renews more often is not told."
    )


class ListDunningCampaigns(Request):
    pass


class OpenCardUpdate(Request):
    token: Annotated[str, Line(200)] = Field(description="The end of the link, after its last /.")


# -- Answers ---------------------------------------------------------------------------------------


class OwedInvoice(Result):
    invoice_id: str
    number: str | None
    run_id: str
    subscription_id: str | None
    amount_due: str
    currency: str
    banner: BannerWord
    ends_at: datetime
    """When access ends unless it is paid before."""
    next_attempt_at: datetime | None
    """Null when it is not tried again with the method that there is."""
    reason: str | None
    """Why it was not paid, in the words of the bank."""


class OwedAmount(Result):
    amount: str
    currency: str


class BillingStatus(Result):
    project_id: str
    banner: BannerWord
    """What to show: nothing, a notice, a warning, the final one, or that access is suspended."""
    owed: list[OwedAmount]
    """One for each currency."""
    until: datetime | None
    """When access ends unless all is paid; null where nothing is owed, or it has ended."""
    next_attempt_at: datetime | None
    link_path: str | None
    """Below the public URL: leads to where a card is left. Only for who may keep one."""
    invoices: list[OwedInvoice]


class StepView(Result):
    number: int
    kind: Literal["attempt", "notice", "end", "close"]
    tone: ToneWord | None
    due_at: datetime
    done_at: datetime | None
    result: str | None
    """`done`, or why not."""


class LogLine(Result):
    number: int
    at: datetime
    what: str
    step: int | None
    attempt_id: str | None
    done_by: str
    told: dict[str, Any]


class RunSummary(Result):
    id: str
    project_id: str
    invoice_id: str
    subscription_id: str | None
    state: StateWord
    outcome: OutcomeWord | None
    campaign_key: str
    reason: str | None
    permanent: bool
    """The bank declined for good: it is not tried again with the same method."""
    failed_at: datetime
    ends_at: datetime
    suspended_at: datetime | None
    closed_at: datetime | None


class RunList(Result):
    items: list[RunSummary]
    next_cursor: str | None


class RunView(RunSummary):
    steps: list[StepView]
    log: list[LogLine]


class NoticeView(Result):
    hours_before: int
    tone: ToneWord


class CampaignView(Result):
    campaign_key: str
    product_key: str | None
    attempt_days: list[int]
    jitter_percent: int
    lasts_days: int
    permanent_days: int
    campaign_notices: list[NoticeView]
    at_end: Literal["suspend", "nothing"]
    afterwards: Literal["cancel", "uncollectible", "nothing"]
    afterwards_days: int
    renewal_notice_days: int | None
    renewal_interval_days_min: int


class CampaignList(Result):
    items: list[CampaignView]


class CardUpdate(Result):
    state: Literal["opening", "open", "complete", "expired", "refused"]
    url: str | None
    """Where the card is left; null while the page is being opened: ask again."""
    expires_at: datetime
