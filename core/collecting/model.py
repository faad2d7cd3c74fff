"""Attempts to collect an invoice as frozen values, and what is decided about them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core import checkouts, invoicing, payments
from core.kernel.money import Money


class State(StrEnum):
    PAYING = "paying"
    """The provider is about to be asked, or was and has not answered."""
    PROCESSING = "processing"
    """Paid by a method that takes days."""
    NEEDS_ACTION = "needs_action"
    """A person has to pay, by a page: the bank asks for them, or no method is kept."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    """It was left, because there is nothing left to collect, or not by the provider."""


OPEN = frozenset({State.PAYING, State.PROCESSING, State.NEEDS_ACTION})
OWED = (invoicing.State.OPEN, invoicing.State.UNCOLLECTIBLE)
"""Of what is in these states money is asked for."""

PERMANENT = frozenset(
    {
        *("card_not_supported", "currency_not_supported", "do_not_honor_permanently"),
        *("expired_card", "fraudulent", "highest_risk_level", "incorrect_number"),
        *("invalid_account", "invalid_number", "lost_card", "merchant_blacklist"),
        *("pickup_card", "restricted_card", "revocation_of_all_authorizations"),
        *("revocation_of_authorization", "security_violation", "stolen_card"),
        *("stop_payment_order", "transaction_not_allowed", "provider_object_missing"),
    }
)
"""Words of banks and of the provider after which the same method will not pay another day."""
DECLINES_NOT = frozenset({"link_not_used", "underpaid", "provider_failed", "link_refused"})
"""Why an attempt failed though no bank said no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    project_id: str
    id: str
    invoice_id: str
    turn: int
    """The first attempt of an invoice is 1."""
    state: State
    amount: Money
    wanted_method_id: str | None
    """Which kept method was named; the project's default if none was."""
    method_id: str | None
    customer: str | None
    method: str | None
    checkout_id: str | None
    failure: dict[str, Any] | None
    created_by: str
    began_at: datetime
    asked_at: datetime | None
    told_at: datetime | None
    closed_at: datetime | None

    @property
    def payment_id(self) -> str:
        """Name the payment without the customer. What is paid by a page is the checkout's."""
        return payments.payment_id_of(self.id)

    @property
    def paid_by(self) -> str:
        """Name the payment that is to come of it as it stands."""
        return payments.payment_id_of(self.checkout_id or self.id)


def is_permanent(failure: payments.Failure) -> bool:
    """Tell whether it is of no use to ask the same method again."""
    return bool({failure.provider_code, failure.decline_code} & PERMANENT)


def is_decline(failure: payments.Failure) -> bool:
    """Tell whether a bank said no. Asking for the customer is not that."""
    return failure.provider_code not in DECLINES_NOT


class Step(StrEnum):
    """What is to be done about an attempt, by what the books say of its payment."""

    NOTHING = "nothing"
    SUCCEED = "succeed"
    WAIT = "wait"
    FAIL = "fail"
    TELL = "tell"
    """The page is there, and nobody was told of it."""


def step_of(
    attempt: Attempt,
    status: payments.Status,
    page: checkouts.Checkout | None,
    now: datetime,
) -> Step:
    """Decide what follows for an attempt from its payment, and from its page if it has one."""
    if status is payments.Status.SUCCEEDED and attempt.state is not State.SUCCEEDED:
        return Step.SUCCEED  # also of what was left, or given up: the money is there
    if attempt.closed_at or status is payments.Status.SUCCEEDED:
        return Step.NOTHING
    if status is payments.Status.UNDERPAID:
        return Step.FAIL
    if attempt.state is State.PAYING:
        return Step.NOTHING  # whoever asks the provider says what came of it
    return _by_page(attempt, status, page, now)


def _by_page(
    attempt: Attempt, status: payments.Status, page: checkouts.Checkout | None, now: datetime
) -> Step:
    if status is payments.Status.PENDING:
        return Step.NOTHING if attempt.state is State.PROCESSING else Step.WAIT
    over = page is None or page.state.is_final
    if status is payments.Status.CANCELED or (status is payments.Status.FAILED and over):
        return Step.FAIL  # on a page that is open somebody may still pay
    is_news = page is not None and attempt.told_at is None and page.address(now)
    return Step.TELL if is_news else Step.NOTHING


# -- What the money of a payment stands for --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stands:
    """The money of one payment, in smallest units: what came, went, goes, and what it settled."""

    received: int
    gone: int
    """Refunds that are booked, and what banks took for good."""
    leaving: int
    """That, and refunds that are only asked for."""
    applied: int
    """Of the invoice, less what was taken back from it."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What is to be booked. Two of the three are always nothing, but for the last."""

    apply: int = 0
    take_back: int = 0
    spare: int = 0
    """What is for nothing: it stays the customer's."""


def weigh(now: Stands, due: int) -> Moves:
    """Say what a payment's money settles when so much of its invoice is due.

    Money that went back settles nothing any more. Money that is here settles what is due, and what
    is left over is for nothing.
    """
    here = max(0, now.received - now.gone)
    if now.applied > here:
        return Moves(take_back=now.applied - here)
    free = max(0, now.received - now.leaving - now.applied)
    applied = min(free, due)
    return Moves(apply=applied, spare=free - applied)
