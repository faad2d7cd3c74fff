"""Rules and attempts as frozen values, and what is decided about them. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core import payments
from core.kernel.money import Money
from core.kernel.period import Window

PAUSES = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""How long a wallet is left alone after each failure in a row; after one more it is paused."""
CAPPED = "cap_reached"


class RuleState(StrEnum):
    ON = "on"
    PAUSED = "paused"
    """It failed too often, or cannot work any more: until somebody sets it again."""
    OFF = "off"


class State(StrEnum):
    PAYING = "paying"
    """The provider is about to be asked, or was and has not answered."""
    PROCESSING = "processing"
    """Paid by a method that takes days."""
    NEEDS_ACTION = "needs_action"
    """The bank asks for the customer, who can pay by a link instead."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    """Auto top-up was disabled before anybody was asked to pay."""


SPENDING = (State.PAYING, State.PROCESSING, State.NEEDS_ACTION, State.SUCCEEDED)
"""What counts against the caps: what was spent, and what still may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that a rule may do within a day and a month."""

    daily_count: int
    monthly_count: int
    daily_spend: Money | None
    monthly_spend: Money


@dataclass(frozen=True, slots=True)
class Spent:
    """How many attempts a window has, and what they come to."""

    count: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    project_id: str
    wallet_id: str
    state: RuleState
    threshold: Money
    pack_key: str
    quantity: int
    method_id: str | None
    caps: Caps
    failures: int
    rests_until: datetime | None
    rests_for: str | None
    paused_for: str | None
    set_by: str
    created_at: datetime
    updated_at: datetime

    def is_due(self, now: datetime) -> bool:
        """Tell whether the wallet is to be looked at."""
        rests = self.rests_until is not None and now < self.rests_until
        return self.state is RuleState.ON and not rests


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    project_id: str
    id: str
    wallet_id: str
    state: State
    price: Money
    price_id: str | None
    """The provider's price of the pack, for the link."""
    method_id: str | None
    customer: str | None
    method: str | None
    checkout_id: str | None
    failure: dict[str, Any] | None
    began_at: datetime
    asked_at: datetime | None
    told_at: datetime | None
    closed_at: datetime | None

    @property
    def payment_id(self) -> str:
        """Name the payment without the customer. What is paid by the link is the checkout's."""
        return payments.payment_id_of(self.id)


def cap_reached(caps: Caps, price: Money, day: Spent, month: Spent) -> Window | None:
    """Return the window in which one more would be too many or too much; None when it may be."""
    if month.count >= caps.monthly_count or month.amount + price.amount > caps.monthly_spend.amount:
        return Window.MONTH
    if day.count >= caps.daily_count:
        return Window.DAY
    if caps.daily_spend and day.amount + price.amount > caps.daily_spend.amount:
        return Window.DAY
    return None


def pause_after(failures: int) -> timedelta | None:
    """Return how long to wait after so many failures in a row; None when it is to be paused."""
    return PAUSES[failures - 1] if failures <= len(PAUSES) else None
