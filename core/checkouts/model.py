"""A checkout as a frozen value: a page at the provider, and what has become of it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core import payments

HOURS_OPEN = 23
"""Providers close a page a day after it was opened at the latest; this leaves time to open it."""
PORTAL_MINUTES = 5
"""An address of a portal is good for a few minutes; it is not told after that."""


class Mode(StrEnum):
    PAYMENT = "payment"
    SETUP = "setup"
    PORTAL = "portal"


class State(StrEnum):
    OPENING = "opening"
    """The provider has not given the page yet."""
    OPEN = "open"
    COMPLETE = "complete"
    """The customer has finished. Whether it is paid, the payment says."""
    EXPIRED = "expired"
    REFUSED = "refused"
    """The provider gives no page for it, and says why."""

    @property
    def is_final(self) -> bool:
        return self in {State.COMPLETE, State.EXPIRED, State.REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    project_id: str
    id: str
    mode: Mode
    state: State
    payment_id: str | None
    pack_id: str | None
    price_id: str | None
    """The provider's price, as it was when somebody chose the pack."""
    quantity: int
    discount_id: str | None
    """What makes it cheaper than the provider's price, and so sold by its title and amount."""
    discount: int | None
    title: str | None
    asset: str | None
    keep_method: bool
    success_url: str
    cancel_url: str
    external_id: str | None
    url: str | None
    refusal: dict[str, Any] | None
    created_by: str
    user_id: str | None
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    seen_at: datetime | None

    def address(self, now: datetime) -> str | None:
        """Return where to send somebody, as long as the page is there."""
        return self.url if self.state is State.OPEN and now < self.expires_at else None


def lasts_until(mode: Mode, now: datetime) -> datetime:
    hours, minutes = timedelta(hours=HOURS_OPEN), timedelta(minutes=PORTAL_MINUTES)
    return now + (minutes if mode is Mode.PORTAL else hours)


def told_of(seen: payments.Checkout, paid: payments.Payment | None) -> payments.Told:
    """Say what a page and its payment, read together, tell of the payment."""
    told = payments.Told(status=payments.Status.EXPECTED, customer_id=seen.customer_id)
    if paid is not None:
        told = replace(payments.Told.of_payment(paid), discount=seen.discount)
        over = seen.state == payments.CheckoutState.COMPLETE
        if over and told.status is payments.Status.EXPECTED:
            return payments.Told.failed(paid, payments.NOT_ARRIVED)
    elif seen.state == payments.CheckoutState.COMPLETE:
        return payments.Told.of_checkout(seen)
    if seen.state == payments.CheckoutState.EXPIRED and told.status in _NOT_PAID:
        return told.canceled()
    return told


_NOT_PAID = (payments.Status.EXPECTED, payments.Status.FAILED)


def state_after(now: State, seen: payments.Checkout) -> State:
    """Return the state that follows from what the provider says. What is final stays."""
    if now.is_final:
        return now
    return _STATES.get(seen.state, now)


_STATES: dict[str, State] = {
    payments.CheckoutState.OPEN: State.OPEN,
    payments.CheckoutState.COMPLETE: State.COMPLETE,
    payments.CheckoutState.EXPIRED: State.EXPIRED,
}
