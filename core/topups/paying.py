"""Ask the provider to pay without the customer: once, under one key, however often we ask.

Who is asked with what is written down before the first time, so that a repeated question is the
same. When an answer was lost, what happened is looked for at the provider before it is asked again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core import payers, payments
from core.db.work import Work
from core.jobs import Failure, JobContext, Retry, job
from core.kernel.errors import EngineError, Kind
from core.topups import finding, settling
from core.topups.errors import NoPaymentMethod
from core.topups.model import Attempt, Rule, RuleState, State, Verdict, verdict_of
from core.topups.settling import Answer

PAGES = "pages"
"""The port that says where people come back to."""
KEY_HOURS = 23
"""Providers know a key for a day. After that it is only looked for, and never asked for again."""
FAILED_MINUTES = 30
"""What the provider failed at, and does not show after this long, was not done."""
SECOND = timedelta(seconds=1)
NOT_MADE = payments.Failure(
    reason="The payment provider could not be asked to pay.", provider_code="provider_failed"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask of the provider, and whether it may have been asked before."""

    attempt: Attempt
    asked_at: datetime
    is_repeated: bool
    now: datetime
    draft: payments.OffSessionDraft


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
    answer = await _answer(context, question)
    async with context.begin() as work:
        await settling.apply(work, attempt_id, answer, context.port(PAGES))


async def _question(work: Work, attempt_id: str) -> Question | None:
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
    return Question(
        attempt=attempt,
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
    method = await method_for(work, rule.method_id)
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


async def method_for(work: Work, method_id: str | None) -> payers.MethodRecord | None:
    """Return the method that was named, else the default, else the one that was kept last."""
    kept = await payers.kept_methods(work)
    if method_id:
        return next((each for each in kept if each.id == method_id), None)
    customer = await payers.customer_of(work)
    default = customer and customer.default_method
    return next((each for each in kept if each.external_id == default), kept[0] if kept else None)


async def _answer(context: JobContext, question: Question) -> Answer:
    """Find out what became of the payment, asking for it if it was not made yet."""
    gateway: payments.PaymentGateway = context.port("gateway")
    seen = await _look_for(gateway, question) if question.is_repeated else None
    verdict = verdict_of(seen) if seen else Verdict.UNKNOWN
    if verdict is Verdict.UNKNOWN:
        if question.now - question.asked_at >= timedelta(hours=KEY_HOURS):
            return await _without(context, seen.id if seen else None, Verdict.DECLINED, NOT_MADE)
        try:
            seen = await gateway.pay_off_session(question.draft, key=f"{question.attempt.id}:pay")
        except EngineError as error:
            return await _refused(context, question, error, seen)
        verdict = verdict_of(seen)
    if seen is None or verdict in {Verdict.PAID, Verdict.WAITS}:
        assert seen, "there is no verdict without a payment"
        return Answer(verdict=verdict, told=payments.Told.of_payment(seen))
    if verdict is Verdict.UNKNOWN:
        raise payments.ProviderUnavailable  # it goes on there: look again
    return await _without(context, seen.id, verdict, payments.Told.of_payment(seen).failure)


async def _look_for(
    gateway: payments.PaymentGateway, question: Question
) -> payments.Payment | None:
    """Find the payment at the provider by the name that we gave it."""
    window = payments.Window(start=question.asked_at - 60 * SECOND, end=question.now + 60 * SECOND)
    async for each in gateway.payments_in(window):
        if each.metadata.get("payment_id") == question.attempt.payment_id:
            return each
    return None


async def _refused(
    context: JobContext, question: Question, error: EngineError, seen: payments.Payment | None
) -> Answer:
    """Judge why it is not paid. What may have happened all the same is left to another look."""
    left = seen.id if seen else None
    if isinstance(error, payments.PaymentDeclined):
        failure = payments.Failure(
            reason=error.reason, provider_code=error.provider_code, decline_code=error.decline_code
        )
        verdict = Verdict.NEEDS_CUSTOMER if error.needs_customer else Verdict.DECLINED
        return await _without(context, error.payment_id or left, verdict, failure)
    if isinstance(error, payments.ProviderFailed) and question.is_repeated:
        if question.now - question.asked_at >= timedelta(minutes=FAILED_MINUTES):
            return await _without(context, left, Verdict.DECLINED, NOT_MADE)
        raise error
    if error.kind in {Kind.BUSY, Kind.CONFLICT}:
        raise error
    if isinstance(error, payments.ProviderObjectMissing):
        await _forget(context, question, error)
    code = getattr(error, "provider_code", None) or error.code
    failure = payments.Failure(reason=getattr(error, "reason", str(error)), provider_code=code)
    return await _without(context, left, Verdict.DECLINED, failure)


async def _forget(
    context: JobContext, question: Question, error: payments.ProviderObjectMissing
) -> None:
    """Note that the customer was deleted there, so that the next need makes another."""
    if question.draft.customer_id == error.object_id:
        async with context.begin() as work:
            await payers.forget_customer(work, question.draft.customer_id)


async def _without(
    context: JobContext,
    payment_id: str | None,
    verdict: Verdict,
    failure: payments.Failure | None,
) -> Answer:
    """Make sure that what failed is never paid after all, before anything takes its place."""
    told = payments.Told(status=payments.Status.CANCELED)
    if payment_id is not None:
        gateway: payments.PaymentGateway = context.port("gateway")
        key = payments.key_of_attempt(f"{context.job_id}:cancel", context.attempt)
        told = payments.Told.of_payment(await gateway.cancel_payment(payment_id, key=key))
        if told.status is payments.Status.SUCCEEDED:
            return Answer(verdict=Verdict.PAID, told=told)
    return Answer(verdict=verdict, told=replace(told, failure=failure), failure=failure)
