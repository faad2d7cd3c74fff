"""Follow a subscription that the provider bills: it becomes what it is there. Pure.

The provider knows best, and may skip what we never heard of: so no table of ours says what may
become of it. Two things hold all the same: what has ended stays ended, and what is said twice is
said once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from core.lifecycles.deciding import Decided
from core.lifecycles.model import NOTICE_DAYS, Choice, Subscription
from core.lifecycles.states import ENDED, State, Verb
from core.proration import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A subscription as the provider has it now, in our words."""

    state: State
    choice: Choice
    interval: Interval
    anchor_at: datetime
    period_start_at: datetime
    period_end_at: datetime
    trial_ends_at: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None


_D, _T, _A, _P = State.DRAFT, State.TRIALING, State.ACTIVE, State.PAST_DUE
_S, _Z, _C, _E = State.SUSPENDED, State.PAUSED, State.CANCELED, State.EXPIRED
VERBS: Mapping[tuple[State, State], Verb] = {
    (_D, _A): Verb.ACTIVATE,
    (_D, _T): Verb.START_TRIAL,
    (_T, _A): Verb.CONVERT,
    (_A, _P): Verb.FAIL,
    (_P, _A): Verb.RECOVER,
    (_S, _A): Verb.RECOVER,
    (_P, _S): Verb.SUSPEND,
    (_A, _Z): Verb.PAUSE,
    (_Z, _A): Verb.RESUME,
    **{(each, _C): Verb.CANCEL for each in (_D, _T, _A, _P, _S, _Z)},
    **{(each, _E): Verb.EXPIRE for each in (_D, _T)},
}
"""What such a change is called where we make it. Any other one is that it was followed."""


def follow(before: Subscription, seen: Seen, at: datetime) -> Decided | None:
    """Return what it is from now on; None where that is what it is already, or it has ended."""
    if before.state in ENDED:
        return None
    values = _values(before, seen, at)
    if all(getattr(before, name) == value for name, value in values.items()):
        return _notice(before, at)
    further = replace(before, revision=before.revision + 1, updated_at=at, next=None)
    after = replace(further, **values)
    return Decided(after=after, verb=_verb(before, after), told={"billed_by": "provider"})


def _values(before: Subscription, seen: Seen, at: datetime) -> dict[str, Any]:
    is_over, is_paused = seen.state in ENDED, seen.state is State.PAUSED
    ended_at = max(before.starts_at, seen.ended_at or at) if is_over else None
    told_at = before.trial_told_at if seen.trial_ends_at == before.trial_ends_at else None
    return {
        "state": seen.state,
        "choice": seen.choice,
        "interval": seen.interval,
        "anchor_at": seen.anchor_at,
        "period_start_at": seen.period_start_at,
        "period_end_at": seen.period_end_at,
        "trial_ends_at": seen.trial_ends_at,
        "trial_told_at": told_at,
        "cancel_at": None if is_over else seen.cancel_at,
        "paused_at": (before.paused_at or at) if is_paused else None,
        "ended_at": ended_at,
    }


def _verb(before: Subscription, after: Subscription) -> Verb:
    if before.state is not after.state:
        return VERBS.get((before.state, after.state), Verb.FOLLOW)
    if before.choice != after.choice:
        return Verb.CHANGE
    if before.period_start_at != after.period_start_at:
        return Verb.RENEW
    return Verb.SCHEDULE if before.cancel_at != after.cancel_at else Verb.FOLLOW


def _notice(before: Subscription, at: datetime) -> Decided | None:
    """Tell once that a trial will end, whether or not the provider's own word of it arrived."""
    ends_at = before.trial_ends_at
    if before.state is not State.TRIALING or ends_at is None or before.trial_told_at is not None:
        return None
    if at < ends_at - timedelta(days=NOTICE_DAYS):
        return None
    after = replace(before, revision=before.revision + 1, updated_at=at, trial_told_at=at)
    return Decided(after=after, verb=Verb.NOTICE)
