"""Ask the provider to pay for a top-up without the customer, and write down what came of it."""

from core import payers, payments
from core.db.work import Work
from core.jobs import Failure, JobContext, Retry, job
from core.topups import finding, settling
from core.topups.errors import NoPaymentMethod
from core.topups.model import Attempt, Rule, RuleState, State

PAGES = "pages"
"""The port that says where people come back to."""


async def _given_up(work: Work, failure: Failure, *, attempt_id: str) -> None:
    """Alert, once nobody will ask any more: whether it is paid is not known."""
    if failure.is_last:
        rule, _ = await settling.held(work, attempt_id)
        reason = "The payment provider has not said whether the last payment was made."
        await settling.pause(work, rule, "outcome_unknown", reason)


@job(
    "pay_top_up",
    outside=True,
    retry=Retry(attempts=48, first_seconds=2, factor=3, seconds_max=3600),
    failed=_given_up,
)
async def pay_top_up(context: JobContext, *, attempt_id: str) -> None:
    """Pay for an attempt, and write down what came of it."""
    async with context.begin() as work:
        question = await _question(work, attempt_id)
    if question is None:
        return
    answer = await payers.charge(context, question)
    async with context.begin() as work:
        await settling.apply(work, attempt_id, answer, context.port(PAGES))


async def _question(work: Work, attempt_id: str) -> payers.Charge | None:
    """Write down who is asked with what; None when there is nothing to ask."""
    await settling.converge(work, attempt_id)
    rule, attempt = await settling.held(work, attempt_id)
    if attempt.state is not State.PAYING:
        return None
    is_repeated = attempt.asked_at is not None
    if not is_repeated:
        if rule.state is not RuleState.ON:
            await settling.cancel(work, attempt)
            return None
        if not await _choose(work, rule, attempt):
            return None
        _, attempt = await settling.held(work, attempt_id)
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
            amount=attempt.price,
            description=f"Top-up {attempt.id}",
            metadata=ours | {"top_up_id": attempt.id},
        ),
    )


async def _choose(work: Work, rule: Rule, attempt: Attempt) -> bool:
    """Choose the method to pay with. Without one there is nothing to try until somebody acts."""
    customer = await payers.customer_of(work)
    method = await payers.method_for(work, rule.method_id)
    if customer is None or method is None:
        error = NoPaymentMethod()
        why = payments.Failure(reason=str(error), provider_code=error.code)
        told = payments.Told(status=payments.Status.CANCELED, failure=why)
        await payments.fulfil(work, attempt.payment_id, told)
        await settling.fail(work, rule, attempt, why, for_good=True)
        return False
    chosen = {"method_id": method.id, "method": method.external_id}
    asked = {"customer": customer.external_id, "asked_at": work.real_now}
    return await finding.change_attempt(work, attempt, **chosen, **asked)
