"""Subscriptions and invoices that the provider bills by itself, in our words. Frozen.

Ids are the provider's own; instants are aware, in UTC; amounts are in what the provider counts in.
A state that is new to us is kept as it is: compare with what you know, and apply nothing else.
"""

from dataclasses import dataclass
from datetime import datetime

from core.kernel.money import Asset, Money
from core.payments import Provided


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderItem:
    """So many of a price. The period is the item's: a subscription has none of its own."""

    id: str
    price_id: str
    product_id: str
    quantity: int | None
    """None of what is metered."""
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSubscription(Provided):
    state: str
    customer_id: str
    asset: Asset
    items: tuple[ProviderItem, ...]
    starts_at: datetime
    anchor_at: datetime
    trial_start_at: datetime | None = None
    trial_ends_at: datetime | None = None
    cancel_at: datetime | None = None
    """When it is going to end, with its period or at another instant."""
    ended_at: datetime | None = None
    collection_paused: bool = False
    """It goes on, and nobody is charged for it."""
    latest_invoice_id: str | None = None

    @property
    def price_ids(self) -> list[str]:
        return [each.price_id for each in self.items]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLine:
    """A line of an invoice: before discounts and taxes, below zero where it is given back."""

    price_id: str | None
    quantity: int | None
    amount: Money
    start_at: datetime
    end_at: datetime
    prorated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettlement:
    """One payment of an invoice. Without a payment of the provider's the money came elsewhere."""

    id: str
    amount: Money
    payment_id: str | None
    is_paid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderInvoice(Provided):
    state: str
    """`draft`, `open`, `paid`, `uncollectible`, `void`."""
    reason: str
    """Why it was made: `subscription_create`, `subscription_cycle`, `subscription_update`, …"""
    customer_id: str
    subscription_id: str | None
    number: str | None
    total: Money
    """After discounts, with taxes."""
    tax: Money
    paid: Money
    due: Money
    """What is still to be paid; what the customer's balance pays is not."""
    lines: tuple[ProviderLine, ...]
    settlements: tuple[ProviderSettlement, ...] = ()
    attempts: int = 0
    next_attempt_at: datetime | None = None
    paid_at: datetime | None = None

    @property
    def is_paid(self) -> bool:
        return self.state == "paid"

    @property
    def net(self) -> Money:
        return Money(self.total.amount - self.tax.amount, self.total.asset)
