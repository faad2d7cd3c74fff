"""Write down what came of an attempt: by the provider's answer, an event, or its page.

Everybody here holds the invoice. Whoever comes first ends the attempt and tells of it; whoever
comes after finds it ended.
"""

from core import checkouts, invoicing, payers, payments
from core.collecting import events, finding, letters
from core.collecting.model import Attempt, State, Step, is_decline, is_permanent, step_of
from core.collecting.weighing import weigh_payment
from core.db.work import Work
from core.jobs import enqueue
from core.payers import Answer, Verdict

UNTIL = "%-d %B %Y, %H:%M"
LINK_OVER = payments.Failure(
    reason="Nobody paid by the link that was sent.", provider_code="link_not_used"
)
NOT_PAID = payments.Failure(reason="It was not paid.", provider_code="payment_failed")
UNDERPAID = payments.Failure(reason="Less was paid than was asked for.", provider_code="underpaid")


async def apply(
    work: Work, attempt_id: str, answer: Answer, pages: checkouts.ReturnPages
) -> Attempt:
    """Write down what the provider answered to an attempt, and what follows."""
    invoice, attempt = await finding.held(work, attempt_id)
    record = await payments.fulfil(work, attempt.payment_id, answer.told)
    if record.is_paid or attempt.state is not State.PAYING:
        return await converge(work, attempt_id)
    if answer.verdict is Verdict.WAITS:
        await _wait(work, attempt)
    elif answer.verdict is Verdict.NEEDS_CUSTOMER:
        await ask_person(work, invoice, attempt, pages, failure=answer.failure)
    else:
        await fail(work, attempt, answer.failure or NOT_PAID)
    return await finding.find(work, attempt_id)


async def converge(work: Work, attempt_id: str) -> Attempt:
    """Bring an attempt up to what the books say of its payment, and of its page."""
    invoice, attempt = await finding.held(work, attempt_id)
    record, page = await _payment(work, attempt)
    step = step_of(attempt, record.status, page, work.real_now)
    if step is Step.SUCCEED:
        await _succeed(work, attempt, record)
    elif step is Step.WAIT:
        await _wait(work, attempt)
    elif step is Step.FAIL:
        await fail(work, attempt, _why(record, page))
    elif step is Step.TELL and page:
        await _tell_link(work, invoice, attempt, page)
    if record.is_paid:
        await weigh_payment(work, record.id, is_news=True)
    return await finding.find(work, attempt_id)


async def _payment(
    work: Work, attempt: Attempt
) -> tuple[payments.PaymentRecord, checkouts.Checkout | None]:
    """Return the payment that an attempt came to, and its page: the one it was made by first."""
    record = await payments.find(work, attempt.paid_by)
    if attempt.checkout_id is None:
        return record, None
    if not record.is_paid and attempt.asked_at is not None:
        # What was given up before the page was opened may turn out to be paid after all.
        first = await payments.find(work, attempt.payment_id)
        record = first if first.is_paid else record
    return record, await checkouts.find(work, attempt.checkout_id)


def _why(record: payments.PaymentRecord, page: checkouts.Checkout | None) -> payments.Failure:
    if record.status is payments.Status.UNDERPAID:
        return UNDERPAID
    if page is not None and page.state is checkouts.State.REFUSED and page.refusal:
        return payments.Failure(reason=page.refusal["reason"], provider_code="link_refused")
    if page is not None and page.state is not checkouts.State.COMPLETE:
        return LINK_OVER
    return record.failure or NOT_PAID


async def ask_person(
    work: Work,
    invoice: invoicing.Invoice,
    attempt: Attempt,
    pages: checkouts.ReturnPages,
    *,
    failure: payments.Failure | None = None,
) -> None:
    """Open a page for exactly this attempt. Its address is told once the provider has given it."""
    page = await checkouts.open_bill(
        work,
        pages,
        payments.Sale.of_invoice(invoice.id, "", attempt.amount),
        title=title_of(invoice),
        keep_method=recurs(invoice),
    )
    values = {"checkout_id": page.id, "failure": failure and failure.as_json()}
    await finding.change(work, attempt, State.NEEDS_ACTION, **values)


def title_of(invoice: invoicing.Invoice) -> str:
    return f"Invoice {invoice.number}"


def recurs(invoice: invoicing.Invoice) -> bool:
    """Tell whether there will be more of the kind, so that whoever pays keeps the method."""
    return any(each.kind is invoicing.LineKind.RECURRING for each in invoice.lines)


async def _tell_link(
    work: Work, invoice: invoicing.Invoice, attempt: Attempt, page: checkouts.Checkout
) -> None:
    url, until = page.address(work.real_now) or "", page.expires_at
    await finding.change(work, attempt, attempt.state, told_at=work.now)
    await letters.send_link(work, invoice, attempt, url, f"{until:{UNTIL}}")
    told = {"checkout_id": page.id, "url": url, "expires_at": until.isoformat()}
    why = "authentication_required" if attempt.asked_at else "no_payment_method"
    await events.tell(work, events.NEEDS_ACTION, attempt, why=why, **told)


async def _wait(work: Work, attempt: Attempt) -> None:
    if await finding.change(work, attempt, State.PROCESSING):
        await events.tell(work, events.PROCESSING, attempt)


async def _succeed(work: Work, attempt: Attempt, record: payments.PaymentRecord) -> None:
    closed = {"closed_at": work.now, "failure": None}
    if await finding.change(work, attempt, State.SUCCEEDED, **closed):
        told = {"payment_id": record.id, "transaction_id": record.transaction_id}
        await events.tell(work, events.SUCCEEDED, attempt, **told)
        if attempt.checkout_id is not None:
            # What was kept on the page pays the next invoice, whether or not its event comes.
            await enqueue(work, payers.refresh_methods, key=f"paid:{attempt.id}")


async def fail(work: Work, attempt: Attempt, why: payments.Failure) -> None:
    """End an attempt that did not work, and say whether the same method may work another day."""
    closed = {"closed_at": work.now, "failure": why.as_json()}
    if await finding.change(work, attempt, State.FAILED, **closed):
        told = {
            "payment_id": attempt.paid_by,
            "reason": why.reason,
            "code": why.decline_code or why.provider_code,
            "permanent": is_permanent(why),
            "declined": is_decline(why),
        }
        await events.tell(work, events.FAILED, attempt, **told)


async def leave(work: Work, attempt: Attempt, code: str, reason: str) -> None:
    """End an attempt that is of no use any more. Its page is closed, so that nobody pays there."""
    why = payments.Failure(reason=reason, provider_code=code)
    closed = {"closed_at": work.now, "failure": why.as_json()}
    if not await finding.change(work, attempt, State.CANCELED, **closed):
        return
    if attempt.checkout_id is not None:
        await checkouts.close(work, attempt.checkout_id)
    else:
        told = payments.Told(status=payments.Status.CANCELED, failure=why)
        await payments.fulfil(work, attempt.payment_id, told)
    await events.tell(work, events.CANCELED, attempt, code=code, reason=reason)
