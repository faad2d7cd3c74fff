"""The port to a provider that bills subscriptions by itself: we read, and change nothing there.

Call it with no unit of work open. Every call may raise ProviderUnavailable; those that name an
object may raise ProviderObjectMissing.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from core.payments import Customer, Payment, ProcessorTransaction, Window
from core.stepping.provided import ProviderInvoice, ProviderSubscription


class BillingProvider(Protocol):
    async def read_subscription(self, subscription_id: str) -> ProviderSubscription:
        """Read it as it is now, with its items. One that has ended can still be read."""

    async def read_invoice(self, invoice_id: str) -> ProviderInvoice:
        """Read it as it is now, with every line and every payment of it."""

    def subscriptions(self) -> AsyncIterator[ProviderSubscription]:
        """Tell all there are, the newest first; those that have ended too."""
        ...

    def invoices_of(self, subscription_id: str) -> AsyncIterator[ProviderInvoice]:
        """Tell the invoices of a subscription, the newest first."""
        ...

    def invoices_in(self, window: Window) -> AsyncIterator[ProviderInvoice]:
        """Tell the invoices that were made in the window, the newest first."""
        ...

    async def read_customer(self, customer_id: str) -> Customer:
        """Read it as it is now, with what we wrote on it when we made it."""

    async def read_payment(self, payment_id: str) -> Payment:
        """Read it as it is now, with its charge."""

    async def read_processor_transaction(self, transaction_id: str) -> ProcessorTransaction:
        """Read one movement of our balance, with its fee."""
