"""Hear what becomes of pages at the provider. The page is read anew; an event is but a hint."""

from core import payments
from core.checkouts import finding
from core.checkouts.errors import CheckoutNotFound
from core.checkouts.following import Looked, converge, look
from core.inbox import Handlers, Hearing, ParentMissing
from core.kernel.ids import is_id


async def page_changed(hearing: Hearing) -> None:
    """Bring our checkout up to the provider's page, and fulfil what is paid.

    A page that does not carry our name was not asked for by us. One whose row is not there yet is
    waited for. Where nobody answers, the event's own picture is taken if nothing later is known.
    """
    before, event = await hearing.standing(), hearing.event
    gateway: payments.PaymentGateway = hearing.port("gateway")
    fresh = True
    try:
        looked = await look(gateway, event.object_id or "")
    except payments.ProviderUnavailable:
        fresh = False
        told = gateway.seen(event.snapshot)
        if not isinstance(told, payments.Checkout):
            raise
        looked = Looked(page=told)
    project_id, checkout_id = (
        looked.page.metadata.get("project_id", ""),
        looked.page.reference or "",
    )
    async with hearing.begin() as work:
        if not is_id("prj", project_id) or not is_id("chk", checkout_id):
            await hearing.ignored(work)
            return
        here = work.within(project_id)
        try:
            await finding.find(here, checkout_id)
        except CheckoutNotFound:
            if looked.page.elsewhere:
                await hearing.ignored(work)
                return
            raise ParentMissing(checkout_id) from None
        if fresh:
            await hearing.follow(work, before)
        if fresh or await hearing.is_news(work):
            await converge(here, checkout_id, looked)
        await hearing.handled(work)


HANDLERS: Handlers = {
    "checkout.session.completed": page_changed,
    "checkout.session.async_payment_succeeded": page_changed,
    "checkout.session.async_payment_failed": page_changed,
    "checkout.session.expired": page_changed,
}
