"""Ask the provider to pay an invoice with a kept method, and write down what came of it.

Killed between any two lines it goes on where it was: the intent is committed before anybody is
asked, what was asked is looked for there, and what was paid is booked by whoever hears of it first.
"""

from core import checkouts, invoicing, payers, payments
from core.collecting import concluding, finding
from core.collecting.model import OWED, Attempt, State
from core.db.work import Work
from core.jobs import Failure, JobContext, Retry, job
from core.kernel.errors import EngineError
from core.topups import PAGES

SILENT = payments.Failure(
    reason="The payment provider has not said whether the payment was made.",
    provider_code="provider_failed",
)
CHANGED = "invoice_changed", "Something else is due of the invoice than was asked for."


async def _given_up(work: Work, failure: Failure, *, attempt_id: str) -> None:
    """End it, once nobody will ask any more. Should it be paid after all, it is."""
    if failure.is_last:
        _, attempt = await finding.held(work, attempt_id)
        if attempt.state is State.PAYING:
            await concluding.fail(work, attempt, SILENT)


@job(
    "collect_invoice",
    outside=True,
    retry=Retry(attempts=48, first_seconds=2, factor=3, seconds_max=3600),
    failed=_given_up,
)
async def collect_invoice(context: JobContext, *, attempt_id: str) -> None:
    """Have an attempt paid, with no unit open while the provider is asked."""
    gateway: payments.PaymentGateway = context.port("gateway")
    pages: checkouts.ReturnPages = context.port(PAGES)
    async with context.begin() as work:
        charge = await _charge(work, attempt_id, gateway.limits, pages)
    if charge is None:
        return
    answer = await payers.charge(context, charge)
    async with context.begin() as work:
        await concluding.apply(work, attempt_id, answer, pages)


async def _charge(
    work: Work, attempt_id: str, limits: payments.Limits, pages: checkouts.ReturnPages
) -> payers.Charge | None:
    """Write down who is asked with what; None when there is nothing to ask."""
    await concluding.converge(work, attempt_id)
    invoice, attempt = await finding.held(work, attempt_id)
    if attempt.state is not State.PAYING:
        return None
    is_repeated = attempt.asked_at is not None
    if not is_repeated:
        if not await _is_payable(work, invoice, attempt, limits):
            return None
        if not await _choose(work, invoice, attempt, pages):
            return None
        attempt = await finding.find(work, attempt_id)
    who = attempt.asked_at, attempt.customer, attempt.method
    assert all(who), "they are written together"
    ours = {"project_id": work.project_id, "payment_id": attempt.payment_id}
    return payers.Charge(
        payment_id=attempt.payment_id,
        key=f"{attempt.id}:pay",
        asked_at=attempt.asked_at or work.real_now,
        is_repeated=is_repeated,
        now=work.real_now,
        draft=payments.OffSessionDraft(
            customer_id=attempt.customer or "",
            method_id=attempt.method or "",
            amount=attempt.amount,
            description=concluding.title_of(invoice),
            metadata=ours | {"invoice_id": invoice.id},
        ),
    )


async def _is_payable(
    work: Work, invoice: invoicing.Invoice, attempt: Attempt, limits: payments.Limits
) -> bool:
    """Leave an attempt whose invoice is paid elsewhere, or cannot be paid through the provider."""
    due = invoice.figures.due if invoice.state in OWED else 0
    if due != attempt.amount.amount:
        await concluding.leave(work, attempt, *CHANGED)
        return False
    try:
        limits.require(attempt.amount)
    except EngineError as error:
        # Not a failure of anybody's: it is left to be paid in another way.
        await concluding.leave(work, attempt, error.code, str(error))
        return False
    return True


async def _choose(
    work: Work, invoice: invoicing.Invoice, attempt: Attempt, pages: checkouts.ReturnPages
) -> bool:
    """Choose the method to pay with. Without one a person is asked to pay on a page."""
    customer = await payers.customer_of(work)
    method = await payers.method_for(work, attempt.wanted_method_id)
    if customer is None or method is None:
        told = payments.Told(status=payments.Status.CANCELED)
        await payments.fulfil(work, attempt.payment_id, told)
        await concluding.ask_person(work, invoice, attempt, pages)
        return False
    chosen = {"method_id": method.id, "method": method.external_id}
    asked = {"customer": customer.external_id, "asked_at": work.real_now}
    return await finding.change(work, attempt, State.PAYING, **chosen, **asked)
