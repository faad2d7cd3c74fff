"""Give money back: written down first, asked of the provider by a job, booked when it is given.

A refund that somebody makes at the provider comes here too, by what the provider tells of it.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update

from core import audit, jobs, payments
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.jobs import Errand, Failure, JobContext, Retry
from core.kernel.errors import EngineError, Kind
from core.kernel.money import Money
from core.ledger import AccountRole, reverse
from core.payments import PaymentRecord
from core.settling import events, finding, standing
from core.settling.errors import (
    AlreadyRefunded,
    PaymentDisputed,
    PaymentNotRefundable,
    RefundAnswered,
    RefundTooLarge,
)
from core.settling.model import Refund, RefundState, TakenBack, named_after, refund_state_after
from core.settling.tables import refunds
from core.settling.taking import operator, take_back

KIND = "refund"
AT_PROVIDER = "provider"
"""Who made a refund that nobody asked for here."""
KEY_AGE_MAX = timedelta(hours=23)
"""Providers know a key for a day. After that it is looked for before it is asked for again."""
MINUTE = timedelta(minutes=1)


async def begin(work: Work, payment_id: str, amount: Money | None, reason: str | None) -> Refund:
    """Write down what is to be given back, and leave the job that has it given.

    The payment is locked, so of two that ask at once the second is decided about what the first
    leaves: together they never give back more than was paid.
    """
    now = await standing.lock(work, payment_id)
    given = _require(now, amount)
    row = _row(now.record, work.ids.new("rfd"), given) | {
        "reason": reason,
        "created_by": work.caller.subject[:160],
        "invocation_id": work.invocation_id,
        "created_at": work.real_now,
    }
    await work.execute(insert(refunds), row)
    errand = errand_of(work.project_id, row["id"])
    await jobs.enqueue(work, errand.job, key=errand.key, **errand.arguments)
    work.record("asked", row["id"])
    await audit.record(work, "refund.asked_for", row["id"], amount=given.decimal, reason=reason)
    return await finding.find_refund(work, row["id"])


def _require(now: standing.Standing, amount: Money | None) -> Money:
    """Return what can be refunded of a payment, or raise why it cannot."""
    record = now.record
    if not record.is_paid or record.external_id is None:
        raise PaymentNotRefundable(record.id, str(record.status))
    if now.blocked_by:
        raise PaymentDisputed(record.id, now.blocked_by.id)
    left = now.refundable
    if not left.amount:
        raise AlreadyRefunded(record.id)
    if amount is not None and amount.amount > left.amount:
        raise RefundTooLarge(record.id, amount, left)
    return amount or left


async def retry(work: Work, refund_id: str) -> Refund:
    """Have a refund asked for again now, though it was given up. Its key is the same for ever."""
    payment_id = (await finding.find_refund(work, refund_id)).payment_id
    now = await standing.lock(work, payment_id)
    refund = next(each for each in now.refunds if each.id == refund_id)
    if refund.state is not RefundState.ASKED:
        raise RefundAnswered(refund.id, str(refund.state))
    if now.blocked_by:
        raise PaymentDisputed(payment_id, now.blocked_by.id)
    found = await jobs.again(work, refund_payment, refund.id)
    assert found, "what nobody has answered has a job, given up or not"
    work.record("asked", refund.id)
    await audit.record(work, "refund.asked_for_again", refund.id, amount=refund.amount.decimal)
    return refund


async def _given_up(work: Work, failure: Failure, *, refund_id: str) -> None:
    """Tell that nobody asks any more. Whether money has gone is not known, so nothing else is."""
    if failure.is_last:
        await events.tell_given_up(work, await finding.find_refund(work, refund_id), failure.error)


@jobs.job(
    "refund_payment",
    outside=True,
    failed=_given_up,
    # Longer than providers are away, and than a failure of theirs is answered again: a day.
    retry=Retry(attempts=48, first_seconds=2, factor=3, seconds_max=3600),
)
async def refund_payment(context: JobContext, *, refund_id: str) -> None:
    """Have the provider give the money back, and book it."""
    async with context.begin() as work:
        refund, now = await finding.find_refund(work, refund_id), work.real_now
        record = await payments.find(work, refund.payment_id)
    if refund.state is not RefundState.ASKED:
        return
    gateway: payments.PaymentGateway = context.port("gateway")
    try:
        seen = await _given(gateway, refund, record, now)
    except EngineError as error:
        if error.kind is Kind.BUSY:
            raise
        async with context.begin() as work:
            await _refuse(work, refund, error)
    else:
        async with context.begin() as work:
            await converge(work, record.id, seen)


async def _given(
    gateway: payments.PaymentGateway, refund: Refund, record: PaymentRecord, now: datetime
) -> payments.Refund:
    """Ask for the refund under its own key, or find it if the key may have been forgotten."""
    if now - refund.created_at >= KEY_AGE_MAX:
        ever = payments.Window(start=refund.created_at - MINUTE, end=now + MINUTE)
        async for each in gateway.refunds_in(ever):
            if each.metadata.get("refund_id") == refund.id:
                return each
    ours = {"project_id": record.project_id, "payment_id": record.id, "refund_id": refund.id}
    draft = payments.RefundDraft(
        payment_id=record.external_id or "",
        amount=refund.amount,
        reason=payments.REFUND_REASONS[refund.reason] if refund.reason else None,
        metadata=ours,
    )
    # The key is the refund's own for ever, whatever the attempt: money moves once under it.
    return await gateway.refund(draft, key=f"refund:{refund.id}")


async def converge(work: Work, payment_id: str, seen: payments.Refund) -> Refund:
    """Bring our refund up to the provider's, and book what follows: given back, or back again."""
    now = await standing.lock(work, payment_id)
    refund = _known(now, seen)
    if refund is None:
        refund = await _adopt(work, now.record, seen)
    state = refund_state_after(refund.state, seen.state)
    values: dict[str, Any] = {"seen_at": work.now, "external_id": seen.id, "state": str(state)}
    if state.is_booked and refund.booked_at is None:
        values |= await _book(work, now, refund)
    if state in _OVER and refund.counts:
        await _reverse(work, refund)
        values["reversed_at"] = work.now
    if state is not refund.state:
        is_over = state in {*_OVER, RefundState.SUCCEEDED}
        values |= {"refusal": None, "closed_at": work.now if is_over else None}
        values["failure_reason"] = (seen.failure_reason or "")[:255] or None
    after = await _change(work, refund, values)
    if state is not refund.state:
        await standing.note(work, payment_id)
        work.record(str(state), refund.id)
        await events.tell_refund(work, after)
    return after


_OVER = {RefundState.FAILED, RefundState.CANCELED}


def _known(now: standing.Standing, seen: payments.Refund) -> Refund | None:
    """Find ours by the provider's name, or by ours that it carries if its answer was lost."""
    for each in now.refunds:
        if each.external_id == seen.id:
            return each
    named = seen.metadata.get("refund_id")
    return next((x for x in now.refunds if x.id == named and x.external_id is None), None)


async def _adopt(work: Work, record: PaymentRecord, seen: payments.Refund) -> Refund:
    """Write down a refund that was made at the provider, under an id made of its name there."""
    row = _row(
        record, named_after("rfd", seen.created_at, work.project_id, seen.id), seen.amount
    ) | {
        "external_id": seen.id,
        "reason": (seen.reason or "")[:64] or None,
        "created_by": AT_PROVIDER,
        "created_at": work.real_now,
    }
    await insert_if_absent(work, refunds, row)
    return await finding.find_refund(work, row["id"])


async def _book(work: Work, now: standing.Standing, refund: Refund) -> dict[str, Any]:
    """Post that the money has gone, and take back what it had bought."""
    given = refund.amount
    money = (
        operator(work, AccountRole.EXCHANGE, given),
        operator(work, AccountRole.CLEARING, -given),
    )
    due = now.due(given.amount)
    back = await take_back(work, now.record, due, money, kind=KIND, reference=refund.reference)
    return booked(back) | {"booked_at": work.now}


def booked(back: TakenBack) -> dict[str, Any]:
    """Say in columns what was due and taken, and what posted it."""
    return {
        "credits_due": back.due.credits,
        "bonus_due": back.due.bonus,
        "credits_taken": back.taken.credits,
        "bonus_taken": back.taken.bonus,
        "transaction_id": back.transaction_id,
        "bonus_transaction_id": back.bonus_transaction_id,
    }


async def _reverse(work: Work, refund: Refund) -> None:
    """Give back what was taken: the customer has not got the money after all."""
    for transaction_id in (refund.transaction_id, refund.bonus_transaction_id):
        if transaction_id:
            await reverse(work, transaction_id, f"Refund {refund.id} has failed")


async def _refuse(work: Work, refund: Refund, error: EngineError) -> None:
    """Keep why the provider gives nothing back, in its own words."""
    await standing.lock(work, refund.payment_id)
    fresh = await finding.find_refund(work, refund.id)
    if fresh.state is not RefundState.ASKED:
        return
    told = {"code": error.code, "reason": getattr(error, "reason", str(error))}
    more = {name: getattr(error, name, None) for name in ("provider_code", "param")}
    values = {"state": str(RefundState.REFUSED), "refusal": told | more, "closed_at": work.now}
    await events.tell_refund(work, await _change(work, fresh, values))


async def _change(work: Work, refund: Refund, values: dict[str, Any]) -> Refund:
    r = refunds.c
    this = update(refunds).where(r.project_id == work.project_id, r.id == refund.id)
    await work.execute(this.values(values))
    return await finding.find_refund(work, refund.id)


def _row(record: PaymentRecord, refund_id: str, amount: Money) -> dict[str, Any]:
    return {
        "project_id": record.project_id,
        "id": refund_id,
        "payment_id": record.id,
        "asset": str(amount.asset),
        "amount": amount.amount,
        "state": str(RefundState.ASKED),
        **dict.fromkeys(("credits_due", "bonus_due", "credits_taken", "bonus_taken"), 0),
    }


def errand_of(project_id: str, refund_id: str) -> Errand:
    """Name the job that has this refund given."""
    return Errand(
        job=refund_payment,
        key=refund_id,
        project_id=project_id,
        arguments={"refund_id": refund_id},
    )
