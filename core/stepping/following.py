"""Follow what the provider bills, whoever told of it: an event, a page, a look at its lists.

What is told is but a hint. The object is read as it is now, with no unit open, and then applied in
one unit under a lock; what was read before somebody else applied a later reading is read again.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from core import payments, subscriptions
from core.db.work import Work
from core.inbox import Overtaken
from core.kernel.errors import EngineError, Kind
from core.stepping import booking, events, keeping
from core.stepping.errors import Unmatched
from core.stepping.gateway import BillingProvider
from core.stepping.matching import match
from core.stepping.mirroring import mirror
from core.stepping.model import Problem
from core.stepping.provided import ProviderInvoice, ProviderSubscription

Begin = Callable[[], AbstractAsyncContextManager[Work]]
Settle = Callable[[Work], Awaitable[None]]
TRIES = 5


async def nothing(_work: Work) -> None:
    """Have nothing else to write in the unit of what was followed."""


async def follow_subscription(
    begin: Begin, gateway: BillingProvider, provider_id: str, settle: Settle = nothing
) -> bool:
    """Bring ours up to the provider's, and say whether it is mirrored.

    What cannot be is kept with the reason, and tried again whenever somebody looks.
    """
    for _ in range(TRIES - 1):
        try:
            return await _follow(begin, gateway, provider_id, settle)
        except Overtaken:
            continue
    return await _follow(begin, gateway, provider_id, settle)


async def _follow(begin: Begin, gateway: BillingProvider, provider_id: str, settle: Settle) -> bool:
    async with begin() as work:
        known = await keeping.find(work, provider_id)
    revision = known.revision if known else 0
    seen = await gateway.read_subscription(provider_id)
    if seen.elsewhere and known is None:
        async with begin() as work:
            await settle(work)
        return False
    try:
        async with begin() as work:
            await _mirror(work, seen, revision)
            await settle(work)
    except Overtaken:
        raise
    except EngineError as error:
        if error.kind is Kind.BUSY:
            raise
        async with begin() as work:
            await _report(work, seen, revision, error)
            await settle(work)
        return False
    return True


async def _mirror(work: Work, seen: ProviderSubscription, revision: int) -> None:
    kept = await keeping.keep(work, seen, revision)
    matched = await match(work, seen)
    here = work.within(matched.project_id)
    if kept.project_id not in {None, matched.project_id}:
        told = f"it was mirrored for {kept.project_id}"
        raise Unmatched(seen.id, Problem.OTHER_PROJECT, told)
    if kept.subscription_id is not None:
        ours = await subscriptions.find(here, kept.subscription_id)
        if ours.product_key != matched.original.product_key:
            told = f"it was of {ours.product_key}, and is of {matched.original.product_key}"
            raise Unmatched(seen.id, Problem.OTHER_PRODUCT, told)
    mirrored = await mirror(here, matched.original)
    await keeping.change(
        work,
        seen.id,
        project_id=matched.project_id,
        subscription_id=mirrored.id,
        problem=None,
        reason=None,
        applied_at=work.now,
    )


async def _report(
    work: Work, seen: ProviderSubscription, revision: int, error: EngineError
) -> None:
    """Keep why it is not mirrored as it is now, and tell it once."""
    before = await keeping.keep(work, seen, revision)
    problem = error.problem if isinstance(error, Unmatched) else error.code
    if isinstance(error, subscriptions.AlreadySubscribed):
        problem = Problem.ALREADY_SUBSCRIBED
    reason = keeping.short(error.reason if isinstance(error, Unmatched) else str(error))
    await keeping.change(work, seen.id, problem=str(problem)[:64], reason=reason)
    if (before.problem, before.reason) != (str(problem)[:64], reason):
        await events.tell_unmatched(work, seen.id, seen.customer_id, str(problem), reason)


async def follow_invoice(
    begin: Begin,
    gateway: BillingProvider,
    invoice: ProviderInvoice,
    settle: Settle = nothing,
) -> bool:
    """Keep an invoice as it was just read; one that is paid is booked, once.

    False where its subscription is none of ours: it is kept, and waits until that is.
    """
    if invoice.subscription_id is None:
        async with begin() as work:
            await settle(work)
        return False
    async with begin() as work:
        known = await keeping.find(work, invoice.subscription_id)
    if known is None or known.subscription_id is None or known.problem is not None:
        await follow_subscription(begin, gateway, invoice.subscription_id)
    came = await _came(gateway, invoice) if invoice.is_paid else ()
    async with begin() as work:
        row = await keeping.keep_invoice(work, invoice)
        known = await keeping.find(work, invoice.subscription_id)
        project_id = known.project_id if known else None
        subscription_id = known.subscription_id if known else None
        mirrored = project_id is not None and subscription_id is not None
        if project_id and subscription_id and invoice.is_paid and row.booked_at is None:
            await booking.book(work.within(project_id), subscription_id, row, invoice, came)
        await settle(work)
    return mirrored


async def _came(gateway: BillingProvider, invoice: ProviderInvoice) -> tuple[booking.Came, ...]:
    """Read the payments that paid an invoice, and what each did to our balance."""
    found = []
    for each in invoice.settlements:
        if not each.is_paid or each.payment_id is None:
            continue
        payment: payments.Payment = await gateway.read_payment(each.payment_id)
        name = payment.processor_transaction_id
        moved = await gateway.read_processor_transaction(name) if name else None
        found.append(booking.Came(each, payment, moved))
    return tuple(found)
