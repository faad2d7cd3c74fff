"""Follow what the provider tells of refunds, disputes and charges, whoever told us of it.

An event, and the reconciliation, do the same: look outside, with no unit open; then apply what was
seen in one unit, under the lock of the payment. What is applied twice is applied once.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from core import payments
from core.db.work import Work
from core.inbox import ParentMissing
from core.kernel.ids import is_id
from core.kernel.money import Money
from core.payments import (
    PaymentGateway,
    PaymentRecord,
    PaymentState,
    ProcessorTransaction,
    Told,
)
from core.settling import disputing, refunding
from core.settling.moving import Cause, book_movement

Begin = Callable[[], AbstractAsyncContextManager[Work]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A payment of ours that something of the provider's is about."""

    project_id: str
    payment_id: str
    seen: payments.Payment | None = None
    """Read anew, where our books did not have it as paid."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it was made by another installation on the same account."""
        return self.seen is not None and self.seen.elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was read outside, together: an object, its payment, and what it did to our balance."""

    about: payments.Payment | payments.Refund | payments.Dispute
    trace: Trace
    moved: tuple[tuple[ProcessorTransaction, int], ...] = field(default=())
    """Each with the sign of what is booked for it already."""


async def trace(
    begin: Begin, gateway: PaymentGateway, external_id: str | None, charge_id: str | None
) -> Trace | None:
    """Find whose payment it is about. None when it is none of ours."""
    async with begin() as work:
        record = await payments.find_external(work, external_id) if external_id else None
        if record is None and charge_id:
            record = await payments.find_charge(work, charge_id)
    if record and record.is_paid:
        return Trace(project_id=record.project_id, payment_id=record.id)
    if external_id is None:
        return None
    return named_in(await gateway.read_payment(external_id))


def named_in(seen: payments.Payment) -> Trace | None:
    """Read whose payment it is from what we wrote on it when it was asked for."""
    project_id, payment_id = (seen.metadata.get(each, "") for each in ("project_id", "payment_id"))
    if not is_id("prj", project_id) or not is_id("pay", payment_id):
        return None
    return Trace(project_id=project_id, payment_id=payment_id, seen=seen)


async def look_at_refund(
    begin: Begin, gateway: PaymentGateway, seen: payments.Refund
) -> Looked | None:
    """Read what a refund did to our balance. None when it is of none of our payments."""
    found = await trace(begin, gateway, seen.payment_id, seen.charge_id)
    if found is None:
        return None
    named = ((seen.processor_transaction_id, -1), (seen.failure_transaction_id, 1))
    moved = [(await gateway.read_processor_transaction(name), sign) for name, sign in named if name]
    return Looked(about=seen, trace=found, moved=tuple(moved))


async def look_at_dispute(
    begin: Begin, gateway: PaymentGateway, seen: payments.Dispute
) -> Looked | None:
    found = await trace(begin, gateway, seen.payment_id, seen.charge_id)
    return Looked(about=seen, trace=found) if found else None


async def look_at_payment(
    gateway: PaymentGateway, seen: payments.Payment, ours: PaymentRecord | None = None
) -> Looked | None:
    """Read what a payment did to our balance. It need not name us where our books have it."""
    known = Trace(project_id=ours.project_id, payment_id=ours.id) if ours else None
    if (found := named_in(seen) or known) is None:
        return None
    name = seen.processor_transaction_id
    moved = ((await gateway.read_processor_transaction(name), 1),) if name else ()
    return Looked(about=seen, trace=found, moved=moved)


async def apply(work: Work, looked: Looked) -> bool:
    """Bring our books up to what was seen. False when it turns out to be none of ours.

    Raises ParentMissing where the payment is not written down yet.
    """
    here, about = work.within(looked.trace.project_id), looked.about
    record = await _paid(here, looked.trace)
    if record is None:
        return False
    if isinstance(about, payments.Refund):
        refund = await refunding.converge(here, record.id, about)
        if refund.reversed_at is not None:
            await disputing.revise(here, record.id)
        booked = about.amount
    elif isinstance(about, payments.Dispute):
        await disputing.converge(here, record.id, about)
        return True
    else:
        booked = record.received
    for moved, sign in looked.moved:
        paid = Money(sign * booked.amount, booked.asset)
        await book_movement(here, moved, Cause(payment_id=record.id, paid=paid))
    return True


async def _paid(work: Work, found: Trace) -> PaymentRecord | None:
    """Lock our payment, and fulfil it first if we did not know yet that it is paid."""
    try:
        record = await payments.find(work, found.payment_id, lock=True)
    except payments.PaymentNotFound:
        if found.is_elsewhere:
            return None
        raise ParentMissing(found.payment_id) from None
    seen = found.seen
    if seen is None:
        return record
    if record.external_id not in {None, seen.id}:
        # Another try of the same payment, which never was booked; see `PaidTwice`.
        return None
    if not record.is_paid:
        record = await payments.fulfil(work, record.id, Told.of_payment(seen))
    if record.status is payments.Status.PENDING and seen.state == PaymentState.SUCCEEDED:
        # Less came than was asked for, and only its page tells whether that is right.
        raise ParentMissing(record.sale.source_id)
    return record if record.is_paid else None
