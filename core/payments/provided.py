"""What the payment provider says, in our words. Frozen: what it says later is another value.

Ids are the provider's own. Instants are aware, in UTC. Amounts are in what the provider counts
in: cents, yen. States are its own words where ours would only rename them; a state that is new to
us is kept as it is, so compare with what you know and treat everything else as not final.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.kernel.money import Money
from core.payments.costing import Cost


class CheckoutMode(StrEnum):
    PAYMENT = "payment"
    SETUP = "setup"
    """Nothing is paid; a payment method is kept for later."""
    SUBSCRIPTION = "subscription"


class CheckoutState(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    """The customer has finished. Whether it is paid is another question: see `PaidState`."""
    EXPIRED = "expired"


class PaidState(StrEnum):
    PAID = "paid"
    UNPAID = "unpaid"
    """Also of a complete checkout whose method takes days: wait for it."""
    NOTHING_DUE = "no_payment_required"


class PaymentState(StrEnum):
    NEEDS_METHOD = "requires_payment_method"
    """Not tried, or the last try failed: then `decline` says why."""
    NEEDS_CONFIRMATION = "requires_confirmation"
    NEEDS_ACTION = "requires_action"
    PROCESSING = "processing"
    NEEDS_CAPTURE = "requires_capture"
    CANCELED = "canceled"
    SUCCEEDED = "succeeded"


class RefundState(StrEnum):
    PENDING = "pending"
    NEEDS_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """May follow `succeeded`: the bank sent the money back to us."""
    CANCELED = "canceled"


class DisputeState(StrEnum):
    """The outcome is read here and nowhere else; the names of events mislead."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    """An inquiry: no money has moved."""
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response"
    APPEAL_UNDER_REVIEW = "appeal_under_review"
    PREVENTED = "prevented"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """What every object of the provider has."""

    id: str
    created_at: datetime
    live: bool
    """Whether it is about real money; false in test mode and in the sandbox."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What we wrote on it when we made it."""
    elsewhere: bool = False
    """Whether another installation, which shares the account, made it: its names are not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Provided):
    name: str | None = None
    email: str | None = None
    default_method_id: str | None = None
    deleted: bool = False
    """Deleted at the provider; nothing else is known of it then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Provided):
    name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Provided):
    product_id: str
    unit: Money | None
    """None where the price has tiers, or is finer than the smallest unit."""
    active: bool
    cost: Cost | None = None
    """All that it costs by. None where that was not told: events leave tiers out."""
    meter_id: str | None = None
    recurring: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Why the last try to pay failed; the same words as in PaymentDeclined."""

    reason: str
    provider_code: str
    decline_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout(Provided):
    mode: CheckoutMode | str
    state: CheckoutState | str
    paid: PaidState | str
    url: str | None
    """Where the customer goes; only while it is open."""
    reference: str | None
    """Our own id, given when it was opened."""
    customer_id: str | None
    total: Money | None
    """After discounts and taxes; None in setup mode."""
    expires_at: datetime | None
    discount: Money | None = None
    """What promotions of the provider's own took off; None in setup mode."""
    payment_id: str | None = None
    subscription_id: str | None = None
    invoice_id: str | None = None
    setup_id: str | None = None
    method_id: str | None = None
    """What was kept in setup mode. Known when the checkout is read, not in an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Provided):
    state: PaymentState | str
    amount: Money
    received: Money
    customer_id: str | None
    method_id: str | None = None
    charge_id: str | None = None
    decline: Decline | None = None
    action_url: str | None = None
    """Where the customer proves to be the customer, if the provider has a page for it."""
    refunded: Money | None = None
    """Known when the payment is read or listed with its charge; None if nothing was charged."""
    disputed: bool = False
    processor_transaction_id: str | None = None
    canceled_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Provided):
    state: RefundState | str
    amount: Money
    payment_id: str | None
    charge_id: str | None
    reason: str | None = None
    failure_reason: str | None = None
    processor_transaction_id: str | None = None
    failure_transaction_id: str | None = None
    """The processor transaction that brought the money of a failed refund back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute(Provided):
    state: DisputeState | str
    amount: Money
    payment_id: str | None
    charge_id: str
    reason: str
    evidence_due_at: datetime | None
    processor_transactions: tuple["ProcessorTransaction", ...] = ()
    """Withdrawals and reinstatements of this dispute, at most two."""

    @property
    def is_inquiry(self) -> bool:
        """Whether the bank only asks: no money has moved, and may never."""
        return self.state.startswith("warning_")

    @property
    def is_final(self) -> bool:
        return self.state in {
            DisputeState.WON,
            DisputeState.LOST,
            DisputeState.WARNING_CLOSED,
            DisputeState.PREVENTED,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Provided):
    """A kept payment method. Never more of a card than what a receipt shows."""

    customer_id: str | None
    kind: str
    """`card`, `us_bank_account`, `link`, …"""
    brand: str | None = None
    last4: str | None = None
    expiry_month: int | None = None
    expiry_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorTransaction(Provided):
    """One movement of our balance at the provider (at Stripe: a balance transaction).

    `net` = `amount` - `fee`; money that leaves is negative. It is in the currency that is settled
    in, which may not be the one that was paid in.
    """

    kind: str
    """`charge`, `payment`, `refund`, `adjustment`, `stripe_fee`, `payout`, …"""
    category: str
    """The provider's reporting category: `charge`, `refund`, `dispute`, `fee`, `payout`, …"""
    amount: Money
    fee: Money
    net: Money
    source_id: str | None
    """The charge, refund, dispute or payout it came of."""
    state: str
    available_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout(Provided):
    state: str
    """`paid` is an expectation: `failed` may follow."""
    amount: Money
    arrives_at: datetime
    failure_code: str | None = None
    automatic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """What the provider told about one of its objects, which may have changed since."""

    id: str
    type: str
    occurred_at: datetime
    """Whole seconds: two changes of one object can have the same."""
    live: bool
    api_version: str | None
    object_type: str | None
    object_id: str | None
    """None of an upcoming invoice, which is not one yet."""
    payload: Mapping[str, Any]
    """The whole event as it was told. A thin event has its facts under `data` and no object."""

    @property
    def snapshot(self) -> Mapping[str, Any] | None:
        """The object as it was then; None of a thin event."""
        told = (self.payload.get("data") or {}).get("object")
        return told if isinstance(told, Mapping) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter(Provided):
    """What the provider adds up of the usage that is exported to it."""

    event_name: str
    active: bool


Seen = (
    Customer
    | Product
    | Price
    | Checkout
    | Payment
    | Refund
    | Dispute
    | Method
    | ProcessorTransaction
    | Payout
    | Meter
)
