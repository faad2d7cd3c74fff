"""Open pages at the provider: written down first, asked for by a job, told once it is there."""

from typing import Any

from sqlalchemy import insert

from core import audit, jobs, messaging, payers, payments
from core.checkouts import finding
from core.checkouts.following import follow_checkout
from core.checkouts.model import Checkout, Mode, State, lasts_until
from core.checkouts.tables import checkouts
from core.db.work import Work
from core.jobs import Errand, Failure, JobContext
from core.kernel.errors import EngineError, Kind
from core.kernel.money import Asset

OPENED = "checkout.opened"
REFUSED = "checkout.refused"
UNAVAILABLE = "provider_unavailable"


async def begin(work: Work, checkout_id: str, mode: Mode, **wanted: Any) -> Checkout:
    """Write down which page is wanted, and leave the job that asks for it."""
    row = {
        "project_id": work.project_id,
        "id": checkout_id,
        "mode": str(mode),
        "state": str(State.OPENING),
        "created_by": work.caller.subject[:160],
        "user_id": work.caller.user_id,
        "created_at": work.real_now,
        "expires_at": lasts_until(mode, work.real_now),
        "quantity": 1,
        "keep_method": False,
    }
    await work.execute(insert(checkouts), row | wanted)
    errand = errand_of(work.project_id, checkout_id)
    await jobs.enqueue(work, errand.job, key=errand.key, **errand.arguments)
    work.record("opening", checkout_id)
    await audit.record(work, "checkout.asked_for", checkout_id, mode=str(mode))
    return await finding.find(work, checkout_id)


async def _given_up(work: Work, failure: Failure, *, checkout_id: str) -> None:
    if failure.is_last:
        checkout = await finding.find(work, checkout_id, lock=True)
        await _refuse(work, checkout, {"code": UNAVAILABLE, "reason": failure.error})


@jobs.job("open_checkout", outside=True, failed=_given_up)
async def open_checkout(context: JobContext, *, checkout_id: str) -> None:
    """Have the provider open the page, and keep its address."""
    async with context.begin() as work:
        checkout = await finding.find(work, checkout_id)
        line = await _line(work, checkout)
    if checkout.state is not State.OPENING:
        return
    customer_id = ""
    try:
        customer_id = await payers.need_customer(context)
        opened = await _open(context, checkout, line, customer_id)
    except payments.ProviderObjectMissing as error:
        if error.object_id == customer_id:
            # Deleted there behind our back. The next attempt makes another customer.
            async with context.begin() as work:
                await payers.forget_customer(work, customer_id)
            raise
        await _settle_refusal(context, checkout, error)
    except EngineError as error:
        if error.kind is Kind.BUSY:
            raise
        await _settle_refusal(context, checkout, error)
    else:
        async with context.begin() as work:
            await _opened(work, checkout, opened)


async def _line(work: Work, checkout: Checkout) -> payments.CheckoutLine:
    """Return what is sold: at the provider's own price, or for an amount of ours, by its title."""
    if checkout.payment_id is None or checkout.title is None:
        return payments.CheckoutLine(price_id=checkout.price_id, quantity=checkout.quantity)
    record = await payments.find(work, checkout.payment_id)
    return payments.CheckoutLine(name=checkout.title, unit=record.sale.price)


async def _open(
    context: JobContext, checkout: Checkout, line: payments.CheckoutLine, customer_id: str
) -> dict[str, Any]:
    """Ask for the page. Its draft follows from what never changes, so it may be asked for again."""
    gateway: payments.PaymentGateway = context.port("gateway")
    root = f"{checkout.id}:{customer_id}"
    key = payments.key_of_attempt(root, context.attempt)
    if checkout.mode is Mode.PORTAL:
        draft = payments.PortalDraft(customer_id=customer_id, return_url=checkout.success_url)
        return {"url": await gateway.open_portal(draft, key=key)}
    page = await gateway.open_checkout(_draft(checkout, line, customer_id), key=key)
    return {"url": page.url, "external_id": page.id}


def _draft(
    checkout: Checkout, line: payments.CheckoutLine, customer_id: str
) -> payments.CheckoutDraft:
    ours = {"project_id": checkout.project_id, "checkout_id": checkout.id}
    buys = checkout.mode is Mode.PAYMENT
    return payments.CheckoutDraft(
        mode=payments.CheckoutMode.PAYMENT if buys else payments.CheckoutMode.SETUP,
        customer_id=customer_id,
        reference=checkout.id,
        success_url=checkout.success_url,
        cancel_url=checkout.cancel_url,
        lines=(line,) if buys else (),
        currency=None if buys or not checkout.asset else Asset.parse(checkout.asset),
        expires_at=checkout.expires_at,
        keep_method=buys and checkout.keep_method,
        metadata=ours | ({"payment_id": checkout.payment_id} if checkout.payment_id else {}),
    )


async def _opened(work: Work, checkout: Checkout, opened: dict[str, Any]) -> None:
    is_open = {"state": str(State.OPEN), "opened_at": work.real_now}
    if not await finding.change(work, checkout, **is_open, **opened):
        return  # what it is was told by an event that was faster
    if checkout.mode is not Mode.PORTAL:
        await jobs.enqueue(
            work,
            follow_checkout,
            key=checkout.id,
            run_at=checkout.expires_at,
            checkout_id=checkout.id,
            turn=1,
        )
    work.record("opened", checkout.id)
    await messaging.publish(work, OPENED, checkout.id, {"mode": str(checkout.mode)})


async def _settle_refusal(context: JobContext, checkout: Checkout, error: EngineError) -> None:
    told = {"code": error.code, "reason": getattr(error, "reason", str(error))}
    more = {name: getattr(error, name, None) for name in ("provider_code", "param")}
    async with context.begin() as work:
        await _refuse(work, checkout, told | more)


async def _refuse(work: Work, checkout: Checkout, refusal: dict[str, Any]) -> None:
    refused = {"state": str(State.REFUSED), "refusal": refusal, "closed_at": work.real_now}
    if not await finding.change(work, checkout, **refused):
        return
    if checkout.payment_id:
        told = payments.Told(status=payments.Status.CANCELED)
        await payments.fulfil(work, checkout.payment_id, told)
    await messaging.publish(work, REFUSED, checkout.id, refusal)
    await audit.record(work, REFUSED, checkout.id, **refusal)


def errand_of(project_id: str, checkout_id: str) -> Errand:
    """Name the job that opens this page."""
    return Errand(
        job=open_checkout,
        key=checkout_id,
        project_id=project_id,
        arguments={"checkout_id": checkout_id},
    )


def unless_refused(checkout: Checkout) -> Checkout:
    """Return the checkout, or raise why the provider gives no page for it."""
    if checkout.state is not State.REFUSED or checkout.refusal is None:
        return checkout
    if checkout.refusal["code"] == UNAVAILABLE:
        raise payments.ProviderUnavailable
    refusal = checkout.refusal
    raise payments.ProviderRefused(
        refusal["reason"], refusal.get("provider_code"), refusal.get("param") or "the request"
    )
