"""Hear what becomes of payments at the provider.

A payment is read anew, because events come late, twice and out of order. Where the provider does
not answer, an event's own picture of it is taken if nothing later is known.
"""

from core.db.work import Work
from core.inbox import Handlers, Hearing, ParentMissing
from core.kernel.ids import is_id
from core.payments.errors import ProviderUnavailable
from core.payments.fulfilling import NOT_ARRIVED, Told, fulfil
from core.payments.gateway import PaymentGateway
from core.payments.missing import PaidTwice, PaymentNotFound
from core.payments.provided import Payment, PaymentState
from core.payments.records import PaymentRecord, Status, find


async def payment_changed(hearing: Hearing) -> None:
    """Bring our record of a payment up to what the provider says of it now.

    Payments that do not carry our names were not asked for by us, and are none of ours. Others who
    share the account may use the same words for names of their own.
    """
    before, event = await hearing.standing(), hearing.event
    gateway: PaymentGateway = hearing.port("gateway")
    fresh = True
    try:
        seen = await gateway.read_payment(event.object_id or "")
    except ProviderUnavailable:
        fresh = False
        told = gateway.seen(event.snapshot)
        if not isinstance(told, Payment):
            raise
        seen = told
    project_id, payment_id = (seen.metadata.get(each, "") for each in ("project_id", "payment_id"))
    async with hearing.begin() as work:
        if not is_id("prj", project_id) or not is_id("pay", payment_id):
            await hearing.ignored(work)
            return
        if fresh:
            await hearing.follow(work, before)
        if fresh or await hearing.is_news(work):
            here = work.within(project_id)
            if seen.elsewhere and not await _is_known(here, payment_id):
                await hearing.ignored(work)
                return
            await _apply(here, payment_id, seen, event.type)
        await hearing.handled(work)


async def _is_known(work: Work, payment_id: str) -> bool:
    try:
        await find(work, payment_id)
    except PaymentNotFound:
        return False
    return True


async def _apply(work: Work, payment_id: str, seen: Payment, event_type: str) -> None:
    try:
        record = await find(work, payment_id, lock=True)
    except PaymentNotFound:
        raise ParentMissing(payment_id) from None
    told = Told.of_payment(seen)
    if told.status is Status.EXPECTED and event_type.endswith(".payment_failed"):
        told = Told.failed(seen, NOT_ARRIVED)
    if is_another(record, seen):
        return
    await fulfil(work, payment_id, told)


def is_another(record: PaymentRecord, seen: Payment) -> bool:
    """Tell whether the provider speaks of another try than the one that we know.

    Raises PaidTwice where both were paid: a person must decide what to give back.
    """
    if record.external_id in {None, seen.id} or not record.is_paid:
        return False
    if seen.state == PaymentState.SUCCEEDED:
        raise PaidTwice(record.id, seen.id)
    return True


HANDLERS: Handlers = {
    "payment_intent.succeeded": payment_changed,
    "payment_intent.payment_failed": payment_changed,
    "payment_intent.processing": payment_changed,
    "payment_intent.requires_action": payment_changed,
    "payment_intent.canceled": payment_changed,
}
