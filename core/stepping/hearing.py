"""Hear of what the provider bills. Each object is read anew: see `following`."""

from core import payments
from core.inbox import Handlers, Hearing
from core.stepping.following import follow_invoice, follow_subscription
from core.stepping.gateway import BillingProvider


async def subscription_changed(hearing: Hearing) -> None:
    """Bring ours up to the provider's, whatever the event says that it was."""
    gateway: BillingProvider = hearing.port("gateway")
    try:
        await follow_subscription(
            hearing.begin, gateway, hearing.event.object_id or "", hearing.handled
        )
    except payments.ProviderObjectMissing:
        await _ignore(hearing)


async def invoice_changed(hearing: Hearing) -> None:
    """Keep an invoice as it is now; what is paid is booked, and brings its credits, once.

    An invoice of no subscription is none that we know of, and one that is coming has no name yet.
    """
    gateway: BillingProvider = hearing.port("gateway")
    if hearing.event.object_id is None:
        await _ignore(hearing)
        return
    try:
        invoice = await gateway.read_invoice(hearing.event.object_id)
    except payments.ProviderObjectMissing:
        await _ignore(hearing)
        return
    if invoice.subscription_id is None:
        await _ignore(hearing)
        return
    await follow_subscription(hearing.begin, gateway, invoice.subscription_id)
    await follow_invoice(hearing.begin, gateway, invoice, hearing.handled)


async def _ignore(hearing: Hearing) -> None:
    async with hearing.begin() as work:
        await hearing.ignored(work)


SUBSCRIPTIONS = (
    *("created", "updated", "deleted", "paused", "resumed", "trial_will_end"),
    *("pending_update_applied", "pending_update_expired"),
)
INVOICES = (
    *("created", "finalized", "finalization_failed", "paid", "payment_succeeded"),
    *("payment_failed", "payment_action_required", "payment_attempt_required", "overdue"),
    *("will_be_due", "overpaid", "upcoming", "voided", "marked_uncollectible", "updated"),
    "deleted",
)
HANDLERS: Handlers = {
    **{f"customer.subscription.{each}": subscription_changed for each in SUBSCRIPTIONS},
    **{f"invoice.{each}": invoice_changed for each in INVOICES},
}
