"""Follow a page until it is over: whoever asks, or is told, brings ours up to the provider's.

A page that polls, an event, and a job at the end of the page's time do the same: read the page and
its payment outside, then converge in one unit, under the lock of our row. What is final stays.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import jobs, messaging, payers, payments
from core.checkouts import finding
from core.checkouts.model import Checkout, Mode, State, state_after, told_of
from core.db.work import Work
from core.jobs import Errand, JobContext
from core.kernel.errors import EngineError, Kind

LOOK_SECONDS = 2
"""How often, at most, the provider is asked about one page because somebody polls."""
DAYS_FOLLOWED = 21
"""How long a payment that takes days is asked after, should its event be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A page at the provider with what came of it, read together."""

    page: payments.Checkout
    payment: payments.Payment | None = None
    method: payments.Method | None = None


async def look(gateway: payments.PaymentGateway, external_id: str) -> Looked:
    """Read the page, and the payment or the method that came of it. Call with no unit open."""
    page = await gateway.read_checkout(external_id)
    paid = await gateway.read_payment(page.payment_id) if page.payment_id else None
    left = await gateway.read_method(page.method_id) if page.method_id else None
    return Looked(page=page, payment=paid, method=left)


async def converge(work: Work, checkout_id: str, looked: Looked) -> Checkout:
    """Bring a checkout of the unit's project up to what was read, and fulfil what is paid."""
    checkout = await finding.find(work, checkout_id, lock=True)
    page = looked.page
    if checkout.external_id not in {None, page.id}:
        # An answer that was lost left a second page, whose address nobody was told.
        if page.paid == payments.PaidState.PAID:
            raise payments.PaidTwice(checkout.payment_id or checkout.id, page.id)
        return checkout
    if checkout.payment_id:
        await payments.fulfil(work, checkout.payment_id, told_of(page, looked.payment))
    state = state_after(checkout.state, page)
    if looked.method and state is State.COMPLETE:
        await payers.keep_method(work, looked.method)
    values = {"seen_at": work.real_now, "external_id": page.id, "state": str(state)}
    if state is State.OPEN:
        values |= {"url": page.url, "opened_at": checkout.opened_at or work.real_now}
    elif state is not checkout.state:
        values |= {"closed_at": work.real_now, "url": None}
    await finding.change(work, checkout, **values)
    if state is not checkout.state and state.is_final:
        work.record(str(state), checkout.id)
        told = {"mode": str(checkout.mode), "payment_id": checkout.payment_id}
        await messaging.publish(work, f"checkout.{state}", checkout.id, told)
    return await finding.find(work, checkout_id)


@jobs.job("look_at_checkout", outside=True)
async def look_at_checkout(context: JobContext, *, checkout_id: str) -> None:
    """Look once, because somebody waits. If nobody answers, whoever waits asks again."""
    async with context.begin() as work:
        checkout = await finding.find(work, checkout_id)
    if checkout.external_id is None:
        return
    try:
        looked = await look(context.port("gateway"), checkout.external_id)
    except EngineError as error:
        if error.kind is Kind.BUSY:
            return
        raise
    async with context.begin() as work:
        await converge(work, checkout_id, looked)


@jobs.job("follow_checkout", outside=True)
async def follow_checkout(context: JobContext, *, checkout_id: str, turn: int) -> None:
    """Close a page whose time is over, and ask after a payment that takes days."""
    async with context.begin() as work:
        checkout = await finding.find(work, checkout_id)
        waits = await is_awaited(work, checkout)
    if checkout.external_id is None or not waits:
        return
    gateway: payments.PaymentGateway = context.port("gateway")
    if checkout.state is State.OPEN:
        key = payments.key_of_attempt(f"{checkout_id}:expire", context.attempt)
        await gateway.expire_checkout(checkout.external_id, key=key)
    looked = await look(gateway, checkout.external_id)
    async with context.begin() as work:
        after = await converge(work, checkout_id, looked)
        if turn < DAYS_FOLLOWED and await is_awaited(work, after):
            tomorrow = work.real_now + timedelta(days=1)
            key = f"{checkout_id}:{turn + 1}"
            told = {"checkout_id": checkout_id, "turn": turn + 1}
            await jobs.enqueue(work, follow_checkout, key=key, run_at=tomorrow, **told)


async def close(work: Work, checkout_id: str) -> None:
    """Have a page closed at the provider, because what it is for is not wanted any more.

    Somebody may have paid on it before: what is paid is paid, and heard of as ever. One that is
    not open yet is to be closed by whoever hears that it is.
    """
    key, turn = f"{checkout_id}:close", DAYS_FOLLOWED
    await jobs.enqueue(work, follow_checkout, key=key, checkout_id=checkout_id, turn=turn)


async def is_awaited(work: Work, checkout: Checkout) -> bool:
    """Tell whether the provider may still have news of the page or of its payment."""
    if checkout.mode is Mode.PORTAL or checkout.state is State.REFUSED:
        return False
    if not checkout.state.is_final or checkout.payment_id is None:
        return not checkout.state.is_final
    record = await payments.find(work, checkout.payment_id)
    return checkout.state is State.COMPLETE and record.status is payments.Status.PENDING


def errand_to_look(project_id: str, checkout_id: str, now: datetime) -> Errand:
    """Name the job that looks at the page, at most one in `LOOK_SECONDS`."""
    return Errand(
        job=look_at_checkout,
        key=f"{checkout_id}:{int(now.timestamp()) // LOOK_SECONDS}",
        project_id=project_id,
        arguments={"checkout_id": checkout_id},
    )
