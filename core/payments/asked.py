"""What we ask the payment provider for, in our words: the arguments of `PaymentGateway`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from core.kernel.money import Asset, Money
from core.payments.costing import Cost, Interval, Tier, TierMode
from core.payments.provided import CheckoutMode

RefundReason = Literal["duplicate", "fraudulent", "requested_by_customer"]
REFUND_REASONS: dict[str, RefundReason] = {each: each for each in get_args(RefundReason)}
"""The reasons that a provider is told. It may itself give others for refunds of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerDraft:
    """A project as the provider's customer. With `id` the customer is changed, without it made."""

    id: str | None = None
    name: str | None = None
    email: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """What is for sale. With `id` the product is changed, without it made."""

    id: str | None = None
    name: str
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDraft:
    """A price of a product, paid once, or each `interval`. A price never changes: make another."""

    product_id: str
    unit: Money
    interval: Literal["day", "week", "month", "year"] | None = None
    interval_count: int = 1
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPriceDraft:
    """The price of an item of a plan. It never changes: make another."""

    product_id: str
    cost: Cost
    name: str | None = None
    """What staff see of it at the provider."""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutLine:
    """So many of a price; or of `unit`, called `name`, where there is no price to name."""

    quantity: int = 1
    price_id: str | None = None
    name: str | None = None
    unit: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutDraft:
    """A page on which the customer pays for `lines`, or (setup) leaves a method for later.

    Write CHECKOUT_ID in `success_url` where the provider shall put the id of the checkout. The
    metadata is on the checkout and on the payment, method or subscription that comes of it.
    """

    mode: CheckoutMode
    customer_id: str
    reference: str
    success_url: str
    cancel_url: str | None = None
    lines: tuple[CheckoutLine, ...] = ()
    currency: Asset | None = None
    """Of setup mode, which has no lines to tell."""
    expires_at: datetime | None = None
    """30 minutes to 24 hours after now; the latter if not said."""
    keep_method: bool = False
    """Keep the method for payments without the customer; the page asks for consent."""
    promotion_codes: bool = False
    trial_days: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


CHECKOUT_ID = "{CHECKOUT_SESSION_ID}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalDraft:
    """A page on which the customer sees invoices and changes its methods."""

    customer_id: str
    return_url: str
    flow: Literal["payment_method_update"] | None = None
    """Where in the portal to begin; its front page if not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffSessionDraft:
    """A payment with a kept method while the customer is away."""

    customer_id: str
    method_id: str
    amount: Money
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDraft:
    """Give back a part of a payment, or (no amount) what is left of it."""

    payment_id: str
    amount: Money | None = None
    reason: RefundReason | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Objects made in [start, end)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterDraft:
    """What the provider shall add up of the usage we export under `event_name`."""

    name: str
    event_name: str
    formula: Literal["sum", "count", "last"] = "sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredPriceDraft:
    """A recurring price of what a meter adds up, by tiers."""

    product_id: str
    meter_id: str
    asset: Asset
    tiers: tuple[Tier, ...]
    mode: TierMode = "graduated"
    interval: Interval = "month"
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def cost(self) -> Cost:
        return Cost(
            asset=self.asset,
            tiers=self.tiers,
            mode=self.mode,
            interval=self.interval,
            meter_id=self.meter_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDraft:
    """One usage event to export. The same `id` counts once within a day; it is the event's own."""

    id: str
    event_name: str
    customer_id: str
    quantity: str
    """A decimal text."""
    occurred_at: datetime
    """At most 35 days old."""
