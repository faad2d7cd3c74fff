"""End an attempt, or bring it up to what is known of its payment; and what follows for its rule.

Everybody here holds the rule's row: one after the other begins, ends, and counts failures.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from core import checkouts, payments
from core.db.work import Work
from core.payers import Answer, Verdict
from core.topups import events, finding, letters
from core.topups.model import Attempt, Rule, RuleState, State, pause_after

UNTIL = "%-d %B %Y, %H:%M"
LINK_OVER = payments.Failure(
    reason="Nobody paid by the link that was sent.", provider_code="link_not_used"
)
UNDERPAID = payments.Failure(reason="Less was paid than was asked for.", provider_code="underpaid")
NOT_PAID = payments.Failure(reason="It was not paid.", provider_code="payment_failed")


async def apply(work: Work, attempt_id: str, answer: Answer, pages: checkouts.ReturnPages) -> None:
    """Write down what the provider answered to an attempt, and what follows."""
    rule, attempt = await held(work, attempt_id)
    record = await payments.fulfil(work, attempt.payment_id, answer.told)
    if attempt.closed_at or attempt.state is State.NEEDS_ACTION:
        return
    if record.status is payments.Status.SUCCEEDED:
        await _succeed(work, rule, attempt)
    elif record.status is payments.Status.UNDERPAID:
        await fail(work, rule, attempt, UNDERPAID, for_good=True)
    elif answer.verdict is Verdict.WAITS:
        await _set(work, attempt, State.PROCESSING)
    elif answer.verdict is Verdict.NEEDS_CUSTOMER:
        failure = answer.failure and answer.failure.as_json()
        link = await checkouts.open_link(work, pages, record.sale, price_id=attempt.price_id)
        await _set(work, attempt, State.NEEDS_ACTION, checkout_id=link.id, failure=failure)
    else:
        await fail(work, rule, attempt, answer.failure or NOT_PAID)


class Step(StrEnum):
    """What is to be done about an open attempt, by what our books say of its payment."""

    NOTHING = "nothing"
    SUCCEED = "succeed"
    FAIL = "fail"
    TELL = "tell"
    """The link is there, and nobody was told of it."""


async def next_step(work: Work, attempt: Attempt) -> Step:
    """Look, without holding anything, whether something is to be done about an attempt."""
    return (await _look(work, attempt))[0]


async def converge(work: Work, attempt_id: str) -> None:
    """Bring an open attempt up to what our books say of its payment, or of its link."""
    rule, attempt = await held(work, attempt_id)
    step, record, checkout = await _look(work, attempt)
    if step is Step.SUCCEED:
        await _succeed(work, rule, attempt)
    elif step is Step.FAIL:
        why = LINK_OVER if checkout else record.failure or NOT_PAID
        is_short = record.status is payments.Status.UNDERPAID
        # Its money is here: nothing more is charged until somebody has decided what it is for.
        await fail(work, rule, attempt, UNDERPAID if is_short else why, for_good=is_short)
    elif step is Step.TELL and checkout:
        await _tell_link(work, attempt, checkout)


Looked = tuple[Step, payments.PaymentRecord, checkouts.Checkout | None]


async def _look(work: Work, attempt: Attempt) -> Looked:
    checkout = None
    payment_id = attempt.payment_id
    if attempt.checkout_id:
        checkout = await checkouts.find(work, attempt.checkout_id)
        payment_id = checkout.payment_id or payment_id
    record = await payments.find(work, payment_id)
    return _step(attempt, record.status, checkout, work.now), record, checkout


def _step(
    attempt: Attempt,
    status: payments.Status,
    checkout: checkouts.Checkout | None,
    now: datetime,
) -> Step:
    if attempt.closed_at:
        return Step.NOTHING
    if status is payments.Status.SUCCEEDED:
        return Step.SUCCEED
    if status is payments.Status.UNDERPAID:
        return Step.FAIL
    if attempt.state is State.PAYING:
        return Step.NOTHING  # whoever asks the provider says what came of it
    is_over = status is payments.Status.CANCELED
    if status is payments.Status.FAILED:
        # On a page that is open somebody may still pay.
        is_over = checkout is None or checkout.state.is_final
    if is_over:
        return Step.FAIL
    is_news = checkout is not None and attempt.told_at is None and checkout.address(now)
    return Step.TELL if is_news else Step.NOTHING


async def _tell_link(work: Work, attempt: Attempt, checkout: checkouts.Checkout) -> None:
    url, until = checkout.address(work.now) or "", checkout.expires_at
    await finding.change_attempt(work, attempt, told_at=work.now)
    await letters.send_link(work, attempt, url, f"{until:{UNTIL}}")
    told = {"checkout_id": checkout.id, "url": url, "expires_at": until.isoformat()}
    await events.tell_attempt(work, events.NEEDS_ACTION, attempt, **told)


async def held(work: Work, attempt_id: str) -> tuple[Rule, Attempt]:
    """Hold the rule of an attempt, and return both as they are then."""
    attempt = await finding.find_attempt(work, attempt_id)
    assert attempt, "attempts are never deleted"
    rule = await finding.find_rule(work, attempt.wallet_id, lock=True)
    again = await finding.find_attempt(work, attempt_id)
    assert rule, "rules are never deleted"
    assert again, "nor are attempts"
    return rule, again


async def _succeed(work: Work, rule: Rule, attempt: Attempt) -> None:
    if not await _set(work, attempt, State.SUCCEEDED, closed_at=work.now, failure=None):
        return
    await finding.change_rule(work, rule, failures=0, rests_until=None, rests_for=None)
    by = attempt.checkout_id and (await checkouts.find(work, attempt.checkout_id)).payment_id
    record = await payments.find(work, by or attempt.payment_id)
    sale = record.sale
    told = {
        "payment_id": record.id,
        "credits": sale.credits.decimal,
        "bonus_credits": sale.bonus.decimal,
        "asset": str(sale.credits.asset),
        "transaction_id": record.transaction_id,
    }
    await events.tell_attempt(work, events.SUCCEEDED, attempt, **told)


async def fail(
    work: Work, rule: Rule, attempt: Attempt, why: payments.Failure, *, for_good: bool = False
) -> None:
    """End an attempt that did not work, and count it."""
    closed = {"closed_at": work.now, "failure": why.as_json()}
    if not await _set(work, attempt, State.FAILED, **closed):
        return
    told = {"reason": why.reason, "code": why.decline_code or why.provider_code}
    await events.tell_attempt(work, events.FAILED, attempt, **told)
    await count_failure(work, rule, told["code"], why.reason, for_good=for_good)


async def cancel(work: Work, attempt: Attempt) -> None:
    """End an attempt before anybody was asked to pay."""
    if await _set(work, attempt, State.CANCELED, closed_at=work.now):
        told = payments.Told(status=payments.Status.CANCELED)
        await payments.fulfil(work, attempt.payment_id, told)
        await events.tell_attempt(work, events.CANCELED, attempt)


async def count_failure(
    work: Work, rule: Rule, code: str, reason: str, *, for_good: bool = False
) -> None:
    """Leave the wallet alone for a while; after too many failures in a row, or for good, pause."""
    failures = rule.failures + 1
    wait = None if for_good else pause_after(failures)
    if wait:
        rest = {"failures": failures, "rests_until": work.now + wait, "rests_for": code[:64]}
        await finding.change_rule(work, rule, **rest)
        return
    await pause(work, rule, code, reason, failures=failures)


async def pause(work: Work, rule: Rule, code: str, reason: str, **values: Any) -> None:
    """Do no more for this wallet until somebody sets it again, and alert who answers for it."""
    if rule.state is not RuleState.ON:
        await finding.change_rule(work, rule, **values)
        return
    paused = {"state": str(RuleState.PAUSED), "paused_for": code[:64]}
    idle = {"rests_until": None, "rests_for": None, "updated_at": work.now}
    await finding.change_rule(work, rule, **(paused | idle | values))
    await events.tell(work, events.PAUSED, rule.wallet_id, code=code, reason=reason)
    await letters.send_paused(work, rule.wallet_id, reason)


async def cap(work: Work, rule: Rule, window: str, until: datetime, code: str) -> None:
    """Leave the wallet alone until the window is over, and tell so once."""
    await finding.change_rule(work, rule, rests_until=until, rests_for=code)
    told = {"window": window, "until": until.isoformat()}
    await events.tell(work, events.CAPPED, rule.wallet_id, **told)
    await letters.send_capped(work, rule.wallet_id, window, f"{until:{UNTIL}}")


async def _set(work: Work, attempt: Attempt, state: State, **values: Any) -> bool:
    work.record(str(state), attempt.id)
    return await finding.change_attempt(work, attempt, state=str(state), **values)
