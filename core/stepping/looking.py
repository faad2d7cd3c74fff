"""Look at the provider's own lists: what nobody told us of is found, and what drifted put right."""

from datetime import timedelta

from core import payments
from core.jobs import JobContext, Schedule, job
from core.payments import Window
from core.stepping import keeping
from core.stepping.following import follow_invoice, follow_subscription
from core.stepping.gateway import BillingProvider
from core.stepping.model import digest_of

DAYS = 35
"""How far back invoices are looked at: longer than events are kept, and than a month."""
EVERY_SECONDS = 3600.0


@job("look_at_provider_subscriptions", outside=True)
async def look_at_provider_subscriptions(context: JobContext) -> None:
    """Follow every subscription that is not as it was last seen, and every invoice not booked."""
    gateway: BillingProvider = context.port("gateway")
    async for seen in gateway.subscriptions():
        async with context.begin() as work:
            known = await keeping.find(work, seen.id)
        if known is None or known.problem is not None or known.digest != digest_of(seen):
            was_waiting = known is None or known.subscription_id is None
            mirrored = await follow_subscription(context.begin, gateway, seen.id)
            if mirrored and was_waiting:
                await _follow_invoices(context, gateway, seen.id)
    async with context.begin() as work:
        now = work.now
    window = Window(start=now - timedelta(days=DAYS), end=now + timedelta(minutes=1))
    async for invoice in gateway.invoices_in(window):
        async with context.begin() as work:
            kept = await keeping.find_invoice(work, invoice.id)
        if invoice.subscription_id and (kept is None or kept.booked_at is None):
            await follow_invoice(context.begin, gateway, invoice)


@job("apply_provider_subscription", outside=True)
async def apply_provider_subscription(context: JobContext, *, provider_id: str) -> None:
    """Follow one subscription again, and all that was ever billed for it."""
    gateway: BillingProvider = context.port("gateway")
    try:
        mirrored = await follow_subscription(context.begin, gateway, provider_id)
    except payments.ProviderObjectMissing:
        return
    if mirrored:
        await _follow_invoices(context, gateway, provider_id)


async def _follow_invoices(context: JobContext, gateway: BillingProvider, provider_id: str) -> None:
    """Book what was billed before anybody here knew whose it is, the oldest first."""
    found = [each async for each in gateway.invoices_of(provider_id)]
    for invoice in reversed(found):
        await follow_invoice(context.begin, gateway, invoice)


SCHEDULES = (Schedule(look_at_provider_subscriptions, every_seconds=EVERY_SECONDS),)
JOBS = (apply_provider_subscription,)
