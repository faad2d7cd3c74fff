"""What becomes of a subscription when its time comes: noticed, converted, renewed, ended. Pure.

Everything happens at the instant at which it was due, however much later somebody looks: after a
downtime each period that was missed is billed, once, in order, with its own dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.lifecycles import bills, deciding
from core.lifecycles.bills import Sold
from core.lifecycles.deciding import Decided, End, Priced, moved
from core.lifecycles.model import AtTrialEnd, Due, Subscription
from core.lifecycles.states import Verb
from core.proration import Cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What must be known for what falls due."""

    held: Sold
    following: Priced
    """What the next period begins with: what is held, or what was set for renewal."""
    has_method: bool = False
    used: Sequence[bills.BillLine] = ()
    """What was used in the period that is over, and is billed in arrears."""


def fall_due(before: Subscription, facts: Facts) -> Decided:
    """Do the one thing that is due first."""
    due = before.due()
    assert due, "only what is due is asked about"
    at, what = due
    match what:
        case Due.NOTICE:
            after = moved(before, Verb.NOTICE, at, trial_told_at=at)
            return Decided(after=after, verb=Verb.NOTICE)
        case Due.EXPIRE:
            return deciding.expire(before, at, "the first bill was not paid in time")
        case Due.CANCEL:
            end = End(at=at, used=facts.used, why="as it was asked for")
            return deciding.cancel(before, facts.held, end)
        case Due.RESUME:
            return deciding.resume(before, at)
        case Due.CONVERT:
            return _convert(before, facts, at)
        case Due.RENEW:
            return _renew(before, facts, at)


def _convert(before: Subscription, facts: Facts, at: datetime) -> Decided:
    """Begin the first period where the trial ends, or expire where nobody could pay for it."""
    following = facts.following
    cycle = Cycle(at, following.sold.interval, before.zone)
    bill = bills.period_bill(following.sold, cycle.period(0), following.discounts, first=True)
    unpayable = bill.is_owed and not facts.has_method
    if unpayable and before.at_trial_end is AtTrialEnd.EXPIRE:
        return deciding.expire(before, at, "the trial ended without a way to pay")
    kept = bills.kept_off(bill, following.discounts)
    after = moved(before, Verb.CONVERT, at, choice=following.choice, next=None, discounts=kept)
    return Decided(after=after.anchored(cycle), verb=Verb.CONVERT, bill=bill)


def _renew(before: Subscription, facts: Facts, at: datetime) -> Decided:
    """Begin the next period, with what was set for it, and bill it."""
    following = facts.following
    after = moved(before, Verb.RENEW, at, choice=following.choice, next=None)
    if following.sold.interval == before.interval:
        after = after.in_period(before.next_period())
    else:
        # Months go on being counted from the day that the first of them began on.
        is_months = following.sold.interval.months > 0
        day = before.month_day if is_months else None
        after = after.anchored(Cycle(at, following.sold.interval, before.zone, day))
    bill = bills.period_bill(following.sold, after.period, following.discounts, used=facts.used)
    kept = bills.kept_off(bill, following.discounts)
    return Decided(after=replace(after, discounts=kept), verb=Verb.RENEW, bill=bill)
