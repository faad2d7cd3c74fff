"""Hear what becomes of customers and their methods at the provider: each is read anew."""

from core import payments
from core.inbox import Handlers, Hearing
from core.jobs import enqueue
from core.payers.customers import find_customer, mirror_customer
from core.payers.jobs import refresh_methods
from core.payers.methods import find_external_method, mirror_detached, mirror_method


async def method_changed(hearing: Hearing) -> None:
    """Mirror a method as the provider has it now, or note that it is gone."""
    before, event = await hearing.standing(), hearing.event
    gateway: payments.PaymentGateway = hearing.port("gateway")
    try:
        seen = await gateway.read_method(event.object_id or "")
    except payments.ProviderObjectMissing:
        seen = None
    async with hearing.begin() as work:
        await hearing.follow(work, before)
        known = await find_external_method(work, event.object_id or "")
        owner = seen and seen.customer_id and await find_customer(work, seen.customer_id)
        if seen and owner:
            await mirror_method(work.within(owner.project_id), owner, seen)
        elif known:
            await mirror_detached(work.within(known.project_id), known)
        else:
            await hearing.ignored(work)
            return
        await hearing.handled(work)


async def customer_changed(hearing: Hearing) -> None:
    """Mirror which method a customer pays with, and that it was deleted there."""
    before, event = await hearing.standing(), hearing.event
    gateway: payments.PaymentGateway = hearing.port("gateway")
    seen = await gateway.read_customer(event.object_id or "")
    async with hearing.begin() as work:
        await hearing.follow(work, before)
        known = await find_customer(work, seen.id)
        if known is None:
            await hearing.ignored(work)
            return
        await mirror_customer(work.within(known.project_id), known, seen)
        await hearing.handled(work)


async def setup_changed(hearing: Hearing) -> None:
    """Have the methods listed anew of a customer who left one, or failed to."""
    customer_id = hearing.event.snapshot.get("customer")
    async with hearing.begin() as work:
        known = await find_customer(work, customer_id) if isinstance(customer_id, str) else None
        if known is None:
            await hearing.ignored(work)
            return
        key = f"event:{hearing.event.external_id}"
        await enqueue(work.within(known.project_id), refresh_methods, key=key)
        await hearing.handled(work)


HANDLERS: Handlers = {
    "setup_intent.succeeded": setup_changed,
    "setup_intent.setup_failed": setup_changed,
    "setup_intent.requires_action": setup_changed,
    "setup_intent.canceled": setup_changed,
    "payment_method.attached": method_changed,
    "payment_method.detached": method_changed,
    "payment_method.updated": method_changed,
    "payment_method.automatically_updated": method_changed,
    "customer.updated": customer_changed,
    "customer.deleted": customer_changed,
}
