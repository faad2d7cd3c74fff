"""The port to whoever takes payments: what we need of it, in our words.

Call it with no unit of work open. Whatever changes something takes `key`: our row's id and the
number of the attempt. Asked twice with one key and the same draft, it happens once and the first
answer is given again; so a call whose answer was lost is made again with the same key. A new
attempt after a decline is a new key.

Every call may raise ProviderUnavailable (try again, same key) and ProviderKeyRefused; those that
name an object may raise ProviderObjectMissing; those that change one, ProviderRefused.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from core.payments.asked import (
    CheckoutDraft,
    CustomerDraft,
    ItemPriceDraft,
    MeterDraft,
    MeteredPriceDraft,
    OffSessionDraft,
    PortalDraft,
    PriceDraft,
    ProductDraft,
    RefundDraft,
    UsageDraft,
    Window,
)
from core.payments.limits import Limits
from core.payments.provided import (
    Checkout,
    Customer,
    Dispute,
    Meter,
    Method,
    Payment,
    Payout,
    Price,
    ProcessorTransaction,
    Product,
    ProviderEvent,
    Refund,
    Seen,
)


class Customers(Protocol):
    async def save_customer(self, draft: CustomerDraft, *, key: str) -> Customer:
        """Make the customer, or change the one that the draft names."""

    async def read_customer(self, customer_id: str) -> Customer:
        """Read it as it is now. One that was deleted is told as such, not as missing."""

    async def open_portal(self, draft: PortalDraft, *, key: str) -> str:
        """Return the address of a page for this customer alone, good for a few minutes."""


class Shelf(Protocol):
    async def save_product(self, draft: ProductDraft, *, key: str) -> Product:
        """Make the product, or change the one that the draft names; it is for sale again."""

    async def save_price(self, draft: PriceDraft, *, key: str) -> Price:
        """Make a price. The amount must be within `limits`."""

    async def archive_product(self, product_id: str, *, key: str) -> Product:
        """Sell it no longer. What was sold stays sold."""

    async def archive_price(self, price_id: str, *, key: str) -> Price:
        """Sell at it no longer. Archived twice is archived."""


class Tariffs(Protocol):
    """What plans cost, put beside credit packs on the same shelf, and read back to compare."""

    async def save_item_price(self, draft: ItemPriceDraft, *, key: str) -> Price:
        """Make a price of an item of a plan, and return it with what it costs."""

    async def restore_price(self, price_id: str, *, key: str) -> Price:
        """Sell at it again. One that was never archived stays as it is."""

    async def read_product(self, product_id: str) -> Product:
        """Read it as it is now."""

    async def read_price(self, price_id: str) -> Price:
        """Read it as it is now, with what it costs."""

    def prices_of(self, product_id: str) -> AsyncIterator[Price]:
        """Tell every price of a product with what it costs: those for sale, then archived ones."""
        ...

    def products_in(self, window: Window) -> AsyncIterator[Product]:
        """Tell the products made in the window, archived ones too."""
        ...


class Checkouts(Protocol):
    async def open_checkout(self, draft: CheckoutDraft, *, key: str) -> Checkout:
        """Open a page to pay on, and return it with its address."""

    async def read_checkout(self, checkout_id: str) -> Checkout:
        """Read it as it is now."""

    async def expire_checkout(self, checkout_id: str, *, key: str) -> Checkout:
        """Close the page. One that is complete or expired already is returned as it is."""


class Payments(Protocol):
    async def pay_off_session(self, draft: OffSessionDraft, *, key: str) -> Payment:
        """Charge a kept method now. A failure is PaymentDeclined, which names the payment.

        A payment that is `processing` is neither paid nor failed yet.
        """

    async def read_payment(self, payment_id: str) -> Payment:
        """Read it as it is now, with what was refunded and disputed of it."""

    async def cancel_payment(self, payment_id: str, *, key: str) -> Payment:
        """Make sure it is never paid. One that is paid or cancelled is returned as it is."""

    async def refund(self, draft: RefundDraft, *, key: str) -> Refund:
        """Give money back. More than what is left of the payment is ProviderRefused."""

    async def read_refund(self, refund_id: str) -> Refund:
        """Read it as it is now."""

    async def read_dispute(self, dispute_id: str) -> Dispute:
        """Read it as it is now, with the movements of money it has caused."""


class Methods(Protocol):
    async def list_methods(self, customer_id: str) -> Sequence[Method]:
        """List what a customer has left with the provider, the newest first, at most a hundred."""

    async def read_method(self, method_id: str) -> Method:
        """Read one. Its customer is None once it is detached."""

    async def set_default_method(self, customer_id: str, method_id: str, *, key: str) -> Customer:
        """Have the customer pay with this one unless another is named."""

    async def detach_method(self, method_id: str, *, key: str) -> Method:
        """Forget it. One that is detached already is returned as it is."""


class History(Protocol):
    """What has happened. Everything is told in pages behind the iterator, none is kept."""

    async def read_event(self, event_id: str) -> ProviderEvent:
        """Read an event again; it is kept for 30 days."""

    async def read_thin_event(self, event_id: str) -> ProviderEvent:
        """Read what a thin event, which came with its id and little more, is about."""

    def events_since(
        self, after: str | None, *, since: datetime | None = None, types: Sequence[str] = ()
    ) -> AsyncIterator[ProviderEvent]:
        """Tell the events after this one in the order they happened; None begins at `since`."""
        ...

    def checkouts_in(self, window: Window) -> AsyncIterator[Checkout]:
        """Tell those opened in the window, the newest first. So do the others."""
        ...

    def payments_in(self, window: Window) -> AsyncIterator[Payment]: ...

    def refunds_in(self, window: Window) -> AsyncIterator[Refund]: ...

    def disputes_in(self, window: Window) -> AsyncIterator[Dispute]: ...

    def seen(self, snapshot: Mapping[str, Any]) -> Seen | None:
        """Put the object of an event in our words, calling nobody. None for what we never read."""


class Settlements(Protocol):
    """What the provider keeps of what was paid, and when it hands over the rest."""

    async def read_processor_transaction(self, transaction_id: str) -> ProcessorTransaction:
        """Read one movement of our balance, with its fee."""

    def processor_transactions_in(self, window: Window) -> AsyncIterator[ProcessorTransaction]:
        """Tell the movements of our balance in the window, the newest first."""
        ...

    async def read_payout(self, payout_id: str) -> Payout:
        """Read it as it is now: one that was paid may have failed since."""

    def payouts_in(self, window: Window) -> AsyncIterator[Payout]: ...

    def paid_out_by(self, payout_id: str) -> AsyncIterator[ProcessorTransaction]:
        """Tell the movements that an automatic payout consists of."""
        ...


class Usage(Protocol):
    """Optional: our ledger is the meter. This copies what it counted to the provider."""

    async def save_meter(self, draft: MeterDraft, *, key: str) -> Meter:
        """Make a meter; if there is one of this event name, return it."""

    async def save_metered_price(self, draft: MeteredPriceDraft, *, key: str) -> Price:
        """Make a recurring price of what a meter adds up, and return it with what it costs."""

    async def send_usage(self, usage: UsageDraft) -> None:
        """Export one event. Sent twice within a day it counts once; ProviderRefused is final."""

    async def stream_usage(self, usage: Sequence[UsageDraft]) -> None:
        """Export up to a hundred events at once. What is wrong with one is told later, by event."""

    async def withdraw_usage(self, event_name: str, usage_id: str, *, key: str) -> None:
        """Take back an event that was sent within the last day."""


class PaymentGateway(
    Customers,
    Shelf,
    Tariffs,
    Checkouts,
    Payments,
    Methods,
    History,
    Settlements,
    Usage,
    Protocol,
):
    """All of it; a use-case asks for the part it needs."""

    @property
    def name(self) -> str:
        """Say who it is, in one word that is kept in records: `stripe`."""

    @property
    def limits(self) -> Limits:
        """Tell what can be paid, calling nobody."""
