"""What becomes of a subscription when somebody asks for it, or when its time comes. Pure.

Each decision returns what the subscription is afterwards, and the bill that comes of it. Whoever
asked writes both, in one unit; nothing here reads a clock or a database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

from core import coupons, proration
from core.kernel.money import Money
from core.lifecycles import bills, states
from core.lifecycles.bills import Bill, Sold
from core.lifecycles.errors import (
    CancellationScheduled,
    NothingChanges,
    PaymentOutstanding,
)
from core.lifecycles.model import AtTrialEnd, Choice, Subscription
from core.lifecycles.states import State, Verb
from core.proration import Behaviour, Cycle, Direction, Interval, Policy, Unit


class When(StrEnum):
    NOW = "now"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a subscription is from then on, and what is billed for it."""

    after: Subscription
    verb: Verb
    bill: Bill | None = None
    why: str | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    """What else is noted in the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    days: int
    price: Money | None = None
    at_end: AtTrialEnd = AtTrialEnd.EXPIRE


@dataclass(frozen=True, slots=True)
class Priced:
    """A choice with what it costs, and the discounts that count for the next bill."""

    choice: Choice
    sold: Sold
    discounts: Sequence[coupons.Discount] = ()


def moved(before: Subscription, verb: Verb, at: datetime, **values: Any) -> Subscription:
    """Return it one revision further. Raises NotInState where the table has no such way."""
    state = states.after(before.state, verb, before.id)
    further = replace(before, state=state, revision=before.revision + 1, updated_at=at)
    return replace(further, **values)


def begin(
    new: Subscription, priced: Priced, *, trial: Trial | None = None, when_paid: bool = False
) -> Decided:
    """Begin a subscription at the instant its period starts: in a trial, or with its first period.

    `when_paid` leaves it a draft until the first bill is paid, if there is anything to pay.
    """
    at, sold = new.starts_at, priced.sold
    if trial:
        days = Cycle(at, Interval(Unit.DAY, trial.days), new.zone).period(0)
        bill = bills.trial_bill(sold, days, trial.price)
        new = replace(
            new.in_period(days),
            state=State.TRIALING,
            # Periods are counted from the end of the trial.
            anchor_at=days.end_at,
            trial_ends_at=days.end_at,
            at_trial_end=trial.at_end,
        )
    else:
        new = new.in_period(new.cycle.period(0))
        bill = bills.period_bill(sold, new.period, priced.discounts, first=True)
        new = replace(new, state=State.ACTIVE, discounts=bills.kept_off(bill, priced.discounts))
    if when_paid and bill.is_owed:
        new = replace(new, state=State.DRAFT)
    return Decided(after=new, verb=Verb.CREATE, bill=bill)


def activate(draft: Subscription, at: datetime) -> Decided:
    """Begin a draft whose first bill was paid, in the period that the bill is for."""
    in_trial = draft.trial_ends_at is not None and at < draft.trial_ends_at
    verb = Verb.START_TRIAL if in_trial else Verb.ACTIVATE
    return Decided(after=moved(draft, verb, at), verb=verb)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a plan, or the quantities of one, is to change."""

    at: datetime
    when: When | None = None
    """None: an upgrade at once, anything else at renewal."""
    behaviour: Behaviour = Behaviour.PRORATE


def change(before: Subscription, old: Sold, to: Priced, how: Change) -> Decided:
    """Change plan or quantities: at once, with what that gives back and costs, or at renewal."""
    direction = proration.direction_of(old.terms(), to.sold.terms())
    if to.choice == before.choice:
        if before.next is None:
            raise NothingChanges(before.id)
        after = moved(before, Verb.SCHEDULE, how.at, next=None)
        return Decided(after=after, verb=Verb.SCHEDULE, told={"scheduled": None})
    when = how.when or (When.NOW if direction is Direction.UPGRADE else When.RENEWAL)
    told = {"direction": str(direction), "when": str(when), "to_plan": to.choice.plan_key}
    new_cycle = to.sold.interval != before.interval
    if when is When.RENEWAL or (how.behaviour is Behaviour.NONE and new_cycle):
        after = moved(before, Verb.SCHEDULE, how.at, next=to.choice)
        return Decided(after=after, verb=Verb.SCHEDULE, told=told | {"when": str(When.RENEWAL)})
    values = {"choice": to.choice, "next": None, "interval": to.sold.interval}
    if before.state is State.TRIALING:
        # Nothing was paid for the trial's time, and it ends when it would have.
        return Decided(after=moved(before, Verb.CHANGE, how.at, **values), verb=Verb.CHANGE)
    decided = _change_now(before, old, to, how)
    return replace(decided, told=told)


def _change_now(before: Subscription, old: Sold, to: Priced, how: Change) -> Decided:
    was, new = old.terms(before.discounts), to.sold.terms(before.discounts)
    policy = Policy(behaviour=how.behaviour)
    changed = proration.change_plan(was, new, period=before.period, at=how.at, policy=policy)
    values: dict[str, Any] = {"choice": to.choice, "next": None}
    after = moved(before, Verb.CHANGE, how.at, **values)
    reason = bills.change_reason(after.revision)
    if changed.begins is None:
        bill = bills.prorated_bill(reason, changed.prorated, before.period, old=old, new=to.sold)
        bill = replace(bill, **_more_credits(before, old, to.sold, how.at))
        return Decided(after=after, verb=Verb.CHANGE, bill=bill)
    # A new cycle begins: its first period is billed as one, and what is left of the old given back.
    after = after.anchored(changed.begins)
    named = _reason(before, after)
    back = [each for each in changed.prorated.lines if each.kind is proration.Kind.CREDIT]
    given = proration.Prorated(old.asset, tuple(back))
    credit = bills.prorated_bill(reason, given, before.period, old=old, new=to.sold)
    bill = bills.period_bill(to.sold, after.period, to.discounts)
    kept = bills.kept_off(bill, to.discounts)
    bill = replace(bill, reason=named, lines=credit.lines + bill.lines)
    return Decided(after=replace(after, discounts=kept), verb=Verb.CHANGE, bill=bill)


def _more_credits(before: Subscription, old: Sold, new: Sold, at: datetime) -> dict[str, Any]:
    """Return how many credits more the new plan has for what is left of the period."""
    had, has = old.version.included, new.version.included
    if has is None:
        return {}
    same = had is not None and had.amount.asset == has.amount.asset
    more = has.amount.amount - (had.amount.amount if had and same else 0)
    left = proration.part_left(before.period, at, proration.Settings())
    # Rounded down: a part of a credit is nobody's.
    granted = int(Fraction(more) * left)
    if granted <= 0:
        return {}
    until = bills.credits_until(new.version, before.period)
    return {"credits": Money(granted, has.amount.asset), "credits_until": until}


def cancel_at_end(before: Subscription, at: datetime, why: str | None = None) -> Decided:
    """Have it end with its period, or with its trial. What was set for renewal is dropped."""
    if before.cancel_at is not None:
        raise CancellationScheduled(before.id, before.cancel_at)
    ends_at = before.period_end_at
    after = moved(before, Verb.SCHEDULE, at, cancel_at=ends_at, next=None)
    told = {"ends_at": ends_at.isoformat()}
    return Decided(after=after, verb=Verb.SCHEDULE, why=why, told=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a subscription ends at once."""

    at: datetime
    credit: bool = False
    """Give back what was paid for and is left."""
    used: Sequence[bills.BillLine] = ()
    why: str | None = None


def cancel(before: Subscription, sold: Sold, how: End) -> Decided:
    """End it at once. What was used and not billed yet is billed; what is left, if asked, is not.

    A period that was paid for and not given back is kept: who comes back within it pays no more.
    """
    paid_for = before.state in {State.ACTIVE, State.PAUSED}
    if how.credit and not paid_for:
        states.after(before.state, Verb.CANCEL, before.id)
        raise PaymentOutstanding(before.id)
    lines: tuple[bills.BillLine, ...] = tuple(how.used)
    if how.credit:
        left_at = before.paused_at or how.at
        back = proration.end_plan(sold.terms(before.discounts), before.period, left_at)
        given = bills.prorated_bill(bills.END, back, before.period, old=sold, new=sold)
        lines = given.lines + lines
    ended: dict[str, Any] = {"ended_at": how.at, "cancel_at": None, "next": None}
    ended |= {"paused_at": None, "resumes_at": None}
    if how.credit or not paid_for:
        ended["period_end_at"] = max(before.period_start_at, min(how.at, before.period_end_at))
    after = moved(before, Verb.CANCEL, how.at, **ended)
    bill = None
    if lines:
        bill = Bill(reason=bills.END, period=before.period, asset=before.asset, lines=lines)
    return Decided(after=after, verb=Verb.CANCEL, bill=bill, why=how.why)


def expire(before: Subscription, at: datetime, why: str) -> Decided:
    """End what was never paid for."""
    ended_on = max(before.period_start_at, min(at, before.period_end_at))
    values = {"ended_at": at, "cancel_at": None, "next": None, "period_end_at": ended_on}
    return Decided(after=moved(before, Verb.EXPIRE, at, **values), verb=Verb.EXPIRE, why=why)


def pause(
    before: Subscription, at: datetime, resumes_at: datetime | None, why: str | None = None
) -> Decided:
    """Stop bills and access. What is left of the period is kept for when it goes on."""
    after = moved(before, Verb.PAUSE, at, paused_at=at, resumes_at=resumes_at)
    if before.cancel_at is not None:
        raise CancellationScheduled(before.id, before.cancel_at)
    return Decided(after=after, verb=Verb.PAUSE, why=why)


def resume(before: Subscription, at: datetime) -> Decided:
    """Go on where it was paused: the period ends as much later, and the next are counted from it.

    Nothing is billed, because what is left was paid for.
    """
    after = moved(before, Verb.RESUME, at, paused_at=None, resumes_at=None)
    assert before.paused_at is not None, "what is paused says since when"
    pause = at - before.paused_at
    end_at = before.period_end_at + pause
    after = replace(
        after,
        period_start_at=before.period_start_at + pause,
        period_end_at=end_at,
        anchor_at=end_at,
        anchor_day=None,
    )
    return Decided(after=after, verb=Verb.RESUME)


def reactivate(
    before: Subscription, priced: Priced, at: datetime, *, when_paid: bool = False
) -> Decided:
    """Keep what is to end, or begin again what has ended.

    Within a period that was paid for nothing is billed; later a new period begins, and a new cycle.
    `when_paid` leaves that a draft until it is paid, if there is anything to pay: otherwise whoever
    never paid a draft would have it by coming back.
    """
    if before.cancel_at is not None and before.state in states.LIVE:
        after = moved(before, Verb.SCHEDULE, at, cancel_at=None)
        return Decided(after=after, verb=Verb.SCHEDULE, told={"ends_at": None})
    after = moved(before, Verb.REACTIVATE, at, ended_at=None, starts_at=at)
    if at < before.period_end_at:
        return Decided(after=after, verb=Verb.REACTIVATE)
    anew = _anew(after, priced, at, Verb.REACTIVATE)
    if not (when_paid and anew.bill and anew.bill.is_owed):
        return anew
    draft = states.after(before.state, Verb.REOPEN, before.id)
    return replace(anew, after=replace(anew.after, state=draft), verb=Verb.REOPEN)


def fail(before: Subscription, at: datetime) -> Decided:
    """Note that a payment failed. Again and again it is the same."""
    return Decided(after=moved(before, Verb.FAIL, at), verb=Verb.FAIL)


def suspend(before: Subscription, at: datetime) -> Decided:
    """Revoke access, because what is owed stayed unpaid. Nothing is billed meanwhile."""
    return Decided(after=moved(before, Verb.SUSPEND, at), verb=Verb.SUSPEND)


def recover(before: Subscription, priced: Priced, at: datetime) -> Decided:
    """Go on after what was owed is paid: in the period there was, or else in a new one from now."""
    after = moved(before, Verb.RECOVER, at)
    if before.state is State.PAST_DUE or at < before.period_end_at:
        return Decided(after=after, verb=Verb.RECOVER)
    if before.cancel_at is not None:
        return Decided(
            after=moved(before, Verb.CANCEL, at, cancel_at=None, ended_at=at), verb=Verb.CANCEL
        )
    return _anew(after, priced, at, Verb.RECOVER)


def _anew(after: Subscription, priced: Priced, at: datetime, verb: Verb) -> Decided:
    """Begin a cycle, and bill its first period."""
    before, sold = after, priced.sold
    after = replace(after, choice=priced.choice, next=None)
    after = after.anchored(Cycle(at, sold.interval, after.zone))
    bill = bills.period_bill(sold, after.period, priced.discounts)
    bill = replace(bill, reason=_reason(before, after))
    kept = bills.kept_off(bill, priced.discounts)
    return Decided(after=replace(after, discounts=kept), verb=verb, bill=bill)


def _reason(before: Subscription, after: Subscription) -> str:
    """Return why a new period is billed that begins now.

    Where the one before began at the same instant, as under a clock that is held still, that one
    has the name of the period already: without another the new one would never be billed.
    """
    if after.period_start_at == before.period_start_at:
        return bills.change_reason(after.revision)
    return bills.PERIOD
