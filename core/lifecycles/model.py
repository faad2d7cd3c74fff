"""A subscription as a frozen value, and what follows from it alone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.kernel.money import Asset
from core.kernel.period import Period
from core.lifecycles.states import PAYING, TICKING, State
from core.proration import AmountOff, BillingPeriod, Cycle, Interval, PercentOff

NOTICE_DAYS = 3
"""So long before a trial ends it is told."""
DRAFT_HOURS = 24
"""So long a draft waits for its first payment: as long as a payment page is open."""


class Due(StrEnum):
    """What is to be done next, in the order of what goes first at one instant."""

    CANCEL = "cancel"
    EXPIRE = "expire"
    CONVERT = "convert"
    RENEW = "renew"
    RESUME = "resume"
    NOTICE = "notice"


class AtTrialEnd(StrEnum):
    """What becomes of a trial that ends while the project has no way to pay."""

    EXPIRE = "expire"
    BILL = "bill"
    """It is billed like any other, and asked for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which version of a plan, priced in which book, in which quantities."""

    version_id: str
    plan_key: str
    plan_version: int
    book_key: str
    quantities: Mapping[str, int]
    """Of recurring items, by their keys; one of what is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    project_id: str
    id: str
    product_key: str
    state: State
    revision: int
    """Grows with every change: who changes it says which one was meant."""
    choice: Choice
    next: Choice | None = None
    """What the next period begins with, where that is something else."""
    asset: Asset
    """Never another one: nothing is converted."""
    wallet_id: str | None = None
    """Where included credits go."""
    time_zone: str
    interval: Interval
    anchor_at: datetime
    anchor_day: int | None = None
    period_start_at: datetime
    period_end_at: datetime
    discounts: tuple[PercentOff | AmountOff, ...] = ()
    """What came off this period's price, and so off what a part of it is worth."""
    recurring: int | None = None
    """What a period comes to as it goes on, in smallest units; None where nobody has counted it."""
    trial_ends_at: datetime | None = None
    trial_told_at: datetime | None = None
    at_trial_end: AtTrialEnd = AtTrialEnd.EXPIRE
    cancel_at: datetime | None = None
    paused_at: datetime | None = None
    resumes_at: datetime | None = None
    starts_at: datetime
    """Since when there is one without a break."""
    ended_at: datetime | None = None
    provider_id: str | None = None
    """What the provider calls it that bills it; None where we do."""
    created_at: datetime
    updated_at: datetime

    @property
    def source(self) -> str:
        """By this name it holds its plan for the project."""
        return f"subscription:{self.id}"

    @property
    def paid_for(self) -> int:
        """What recurs of it now: nothing in a trial, in a pause, or once it is over."""
        return (self.recurring or 0) if self.state in PAYING else 0

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def cycle(self) -> Cycle:
        return Cycle(self.anchor_at, self.interval, self.zone, self.anchor_day)

    @property
    def period(self) -> BillingPeriod:
        return BillingPeriod(self.period_start_at, self.period_end_at, self.interval, self.zone)

    @property
    def month_day(self) -> int | None:
        """The day of the month its periods are meant to begin on; None where they are no months."""
        if not self.interval.months:
            return None
        return self.anchor_day or self.anchor_at.astimezone(self.zone).day

    def due(self) -> tuple[datetime, Due] | None:
        """Return what is to be done next, and when. None where nothing is until somebody acts.

        Nothing ever is of what the provider bills: it is followed, and our clock moves it nowhere.
        """
        if self.provider_id is not None:
            return None
        order = list(Due)
        return min(
            ((at, what) for what, at in self._ahead() if at),
            key=lambda each: (each[0], order.index(each[1])),
            default=None,
        )

    @property
    def next_due_at(self) -> datetime | None:
        if self.provider_id is not None:
            # When the provider will change it next, for whoever reads.
            ends = min(filter(None, (self.period_end_at, self.cancel_at)))
            return ends if self.state in TICKING else None
        found = self.due()
        return found[0] if found else None

    def _ahead(self) -> list[tuple[Due, datetime | None]]:
        ends = (Due.CANCEL, self.cancel_at)
        match self.state:
            case State.DRAFT:
                return [(Due.EXPIRE, self.starts_at + timedelta(hours=DRAFT_HOURS))]
            case State.TRIALING:
                return [ends, (Due.CONVERT, self.trial_ends_at), (Due.NOTICE, self._notice_at)]
            case State.ACTIVE | State.PAST_DUE:
                return [ends, (Due.RENEW, self.period_end_at)]
            case State.PAUSED:
                return [(Due.RESUME, self.resumes_at)]
            case _:
                return []

    @property
    def _notice_at(self) -> datetime | None:
        if self.trial_ends_at is None or self.trial_told_at is not None:
            return None
        # A trial that is shorter than the notice is told of as it begins.
        return max(self.trial_ends_at - timedelta(days=NOTICE_DAYS), self.starts_at)

    def next_period(self) -> BillingPeriod:
        """Return the period after this one, computed from the anchor."""
        cycle = self.cycle
        number = cycle.number_at(self.period_end_at)
        while (found := cycle.period(number)).end_at <= self.period_end_at:
            # A day that a zone's calendar leaves out is no period.
            number += 1
        return found

    def in_period(self, period: Period) -> "Subscription":
        return replace(self, period_start_at=period.start_at, period_end_at=period.end_at)

    def anchored(self, cycle: Cycle) -> "Subscription":
        """Return it with the cycle's first period as its own."""
        moved = replace(
            self, anchor_at=cycle.anchor_at, anchor_day=cycle.day, interval=cycle.interval
        )
        return moved.in_period(cycle.period(0))


def write_discounts(discounts: tuple[PercentOff | AmountOff, ...]) -> list[dict[str, str]]:
    """Write what came off a period as JSON."""
    return [
        {"percent": str(each.percent)}
        if isinstance(each, PercentOff)
        else {"amount": str(each.amount)}
        for each in discounts
    ]


def read_discounts(told: list[dict[str, str]]) -> tuple[PercentOff | AmountOff, ...]:
    return tuple(
        PercentOff(Decimal(each["percent"]))
        if "percent" in each
        else AmountOff(Decimal(each["amount"]))
        for each in told
    )
