"""Charge a kept method while its owner is away: once, under one key, however often we ask.

Who is asked with what is written down before the first time, so that a repeated question is the
same. When an answer was lost, what happened is looked for at the provider before it is asked again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from core import payments
from core.db.work import Work
from core.jobs import JobContext
from core.kernel.errors import EngineError, Kind
from core.payers.customers import customer_of, forget_customer
from core.payers.methods import MethodRecord, kept_methods

KEY_HOURS = 23
"""Providers know a key for a day. After that it is only looked for, and never asked for again."""
FAILED_MINUTES = 30
"""What the provider failed at, and does not show after this long, was not done."""
SECOND = timedelta(seconds=1)
NOT_MADE = payments.Failure(
    reason="The payment provider could not be asked to pay.", provider_code="provider_failed"
)


class Verdict(StrEnum):
    """What the provider's word of a payment comes to."""

    PAID = "paid"
    WAITS = "waits"
    NEEDS_CUSTOMER = "needs_customer"
    DECLINED = "declined"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What to ask of the provider, and whether it may have been asked before."""

    payment_id: str
    """Ours. The draft's metadata names it too, so that it can be looked for there."""
    key: str
    asked_at: datetime
    is_repeated: bool
    now: datetime
    draft: payments.OffSessionDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the provider said of a charge."""

    verdict: Verdict
    told: payments.Told
    failure: payments.Failure | None = None


async def method_for(work: Work, method_id: str | None) -> MethodRecord | None:
    """Return the method that was named, else the default, else the one that was kept last."""
    kept = await kept_methods(work)
    if method_id:
        return next((each for each in kept if each.id == method_id), None)
    customer = await customer_of(work)
    default = customer and customer.default_method
    return next((each for each in kept if each.external_id == default), kept[0] if kept else None)


def verdict_of(seen: payments.Payment) -> Verdict:
    """Judge a payment as the provider has it. What failed without a word is not known."""
    if seen.state == payments.PaymentState.NEEDS_METHOD and seen.decline:
        words = {seen.decline.provider_code, seen.decline.decline_code}
        asks = "authentication_required" in words
        return Verdict.NEEDS_CUSTOMER if asks else Verdict.DECLINED
    return _VERDICTS.get(seen.state, Verdict.UNKNOWN)


_VERDICTS: dict[str, Verdict] = {
    payments.PaymentState.SUCCEEDED: Verdict.PAID,
    payments.PaymentState.PROCESSING: Verdict.WAITS,
    payments.PaymentState.NEEDS_CAPTURE: Verdict.WAITS,
    payments.PaymentState.NEEDS_ACTION: Verdict.NEEDS_CUSTOMER,
    payments.PaymentState.CANCELED: Verdict.DECLINED,
}


async def charge(context: JobContext, what: Charge) -> Answer:
    """Find out what became of the payment, asking for it if it was not made yet.

    Call with no unit open. Raises what is worth another try later: asking again is safe.
    """
    gateway: payments.PaymentGateway = context.port("gateway")
    seen = await _look_for(gateway, what) if what.is_repeated else None
    verdict = verdict_of(seen) if seen else Verdict.UNKNOWN
    if verdict is Verdict.UNKNOWN:
        if what.now - what.asked_at >= timedelta(hours=KEY_HOURS):
            return await _without(context, seen.id if seen else None, Verdict.DECLINED, NOT_MADE)
        try:
            seen = await gateway.pay_off_session(what.draft, key=what.key)
        except EngineError as error:
            return await _refused(context, what, error, seen)
        verdict = verdict_of(seen)
    if seen is None or verdict in {Verdict.PAID, Verdict.WAITS}:
        assert seen, "there is no verdict without a payment"
        return Answer(verdict=verdict, told=payments.Told.of_payment(seen))
    if verdict is Verdict.UNKNOWN:
        raise payments.ProviderUnavailable  # it goes on there: look again
    return await _without(context, seen.id, verdict, payments.Told.of_payment(seen).failure)


async def _look_for(gateway: payments.PaymentGateway, what: Charge) -> payments.Payment | None:
    """Find the payment at the provider by the name that we gave it."""
    window = payments.Window(start=what.asked_at - 60 * SECOND, end=what.now + 60 * SECOND)
    async for each in gateway.payments_in(window):
        if each.metadata.get("payment_id") == what.payment_id:
            return each
    return None


async def _refused(
    context: JobContext, what: Charge, error: EngineError, seen: payments.Payment | None
) -> Answer:
    """Judge why it is not paid. What may have happened all the same is left to another look."""
    left = seen.id if seen else None
    if isinstance(error, payments.PaymentDeclined):
        failure = payments.Failure(
            reason=error.reason, provider_code=error.provider_code, decline_code=error.decline_code
        )
        verdict = Verdict.NEEDS_CUSTOMER if error.needs_customer else Verdict.DECLINED
        return await _without(context, error.payment_id or left, verdict, failure)
    if isinstance(error, payments.ProviderFailed) and what.is_repeated:
        if what.now - what.asked_at >= timedelta(minutes=FAILED_MINUTES):
            return await _without(context, left, Verdict.DECLINED, NOT_MADE)
        raise error
    if error.kind in {Kind.BUSY, Kind.CONFLICT}:
        raise error
    if isinstance(error, payments.ProviderObjectMissing):
        await _forget(context, what, error)
    code = getattr(error, "provider_code", None) or error.code
    failure = payments.Failure(reason=getattr(error, "reason", str(error)), provider_code=code)
    return await _without(context, left, Verdict.DECLINED, failure)


async def _forget(context: JobContext, what: Charge, error: payments.ProviderObjectMissing) -> None:
    """Note that the customer was deleted there, so that the next need makes another."""
    if what.draft.customer_id == error.object_id:
        async with context.begin() as work:
            await forget_customer(work, what.draft.customer_id)


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
