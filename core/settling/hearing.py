"""Hear of refunds, disputes, charges and payouts. Each is read anew; an event is but a hint."""

from datetime import timedelta

from core import payments
from core.inbox import Handlers, Hearing, ParentMissing, Standing
from core.kernel.ids import is_id
from core.payments import PaymentGateway, Window
from core.settling.following import (
    Looked,
    apply,
    look_at_dispute,
    look_at_payment,
    look_at_refund,
    trace,
)
from core.settling.handing_over import FAILED, follow_payout, list_parts

NEAR = timedelta(minutes=10)


async def refund_changed(hearing: Hearing) -> None:
    """Bring our refund up to the provider's, be it ours or one that was made over there."""
    before, gateway, fresh = await hearing.standing(), _gateway(hearing), True
    try:
        seen = await gateway.read_refund(hearing.event.object_id or "")
    except payments.ProviderUnavailable:
        fresh = False
        told = gateway.seen(hearing.event.snapshot)
        if not isinstance(told, payments.Refund):
            raise
        seen = told
    looked = await look_at_refund(hearing.begin, gateway, seen)
    await _apply(hearing, looked, before if fresh else None)


async def dispute_changed(hearing: Hearing) -> None:
    """Bring our dispute up to the provider's. Its status alone says how it ended."""
    before, gateway, fresh = await hearing.standing(), _gateway(hearing), True
    try:
        seen = await gateway.read_dispute(hearing.event.object_id or "")
    except payments.ProviderUnavailable:
        fresh = False
        told = gateway.seen(hearing.event.snapshot)
        if not isinstance(told, payments.Dispute):
            raise
        seen = told
    looked = await look_at_dispute(hearing.begin, gateway, seen)
    await _apply(hearing, looked, before if fresh else None)


async def _apply(hearing: Hearing, looked: Looked | None, before: Standing | None) -> None:
    """Apply what was read after `before`, or what the event itself says, which has none."""
    async with hearing.begin() as work:
        if looked is None:
            await hearing.ignored(work)
            return
        if before is not None:
            await hearing.follow(work, before)
        if (before is not None or await hearing.is_news(work)) and not await apply(work, looked):
            await hearing.ignored(work)
            return
        await hearing.handled(work)


async def charge_changed(hearing: Hearing) -> None:
    """Book what the processor kept of a charge, and what was refunded of it at the provider."""
    event, gateway = hearing.event, _gateway(hearing)
    found = await trace(hearing.begin, gateway, None, event.object_id)
    if found is None:
        await _unknown_charge(hearing)
        return
    async with hearing.begin() as work:
        record = await payments.find(work.within(found.project_id), found.payment_id)
    seen = await gateway.read_payment(record.external_id or "")
    looked = [await look_at_payment(gateway, seen, record)]
    if event.type == "charge.refunded":
        near = Window(start=event.occurred_at - NEAR, end=event.occurred_at + NEAR)
        ours = [x async for x in gateway.refunds_in(near) if x.charge_id == event.object_id]
        looked += [await look_at_refund(hearing.begin, gateway, each) for each in ours]
    async with hearing.begin() as work:
        for each in looked:
            if each is not None:
                await apply(work, each)
        await hearing.handled(work)


async def _unknown_charge(hearing: Hearing) -> None:
    """Wait for the payment if it is one of ours; what was charged by others is none of ours."""
    told = hearing.event.snapshot
    named, external_id = told.get("metadata"), told.get("payment_intent")
    payment_id = str(named.get("payment_id")) if isinstance(named, dict) else ""
    if is_id("pay", payment_id):
        seen = await _gateway(hearing).read_payment(external_id) if external_id else None
        if seen is None or not seen.elsewhere:
            raise ParentMissing(payment_id)
    async with hearing.begin() as work:
        await hearing.ignored(work)


async def payout_changed(hearing: Hearing) -> None:
    """Book what a payout brought, in the projects it is of; or take it back if it failed."""
    event, gateway = hearing.event, _gateway(hearing)
    told = await gateway.read_payout(event.object_id or "")
    if told.state == "paid" or told.state in FAILED:
        await follow_payout(hearing.begin, told, await list_parts(gateway, told))
    async with hearing.begin() as work:
        await hearing.handled(work)


def _gateway(hearing: Hearing) -> PaymentGateway:
    gateway: PaymentGateway = hearing.port("gateway")
    return gateway


HANDLERS: Handlers = {
    "refund.created": refund_changed,
    "refund.updated": refund_changed,
    "refund.failed": refund_changed,
    "charge.dispute.created": dispute_changed,
    "charge.dispute.updated": dispute_changed,
    "charge.dispute.funds_withdrawn": dispute_changed,
    "charge.dispute.funds_reinstated": dispute_changed,
    "charge.dispute.closed": dispute_changed,
    "charge.succeeded": charge_changed,
    "charge.updated": charge_changed,
    "charge.refunded": charge_changed,
    "payout.paid": payout_changed,
    "payout.failed": payout_changed,
    "payout.canceled": payout_changed,
    "payout.updated": payout_changed,
    "payout.reconciliation_completed": payout_changed,
}
