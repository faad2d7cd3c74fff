"""The states of a subscription, and every way from one into another: data, and nothing else.

The page `docs/subscriptions.md` draws this table, and a test holds the page to it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from core.lifecycles.errors import NotInState


class State(StrEnum):
    DRAFT = "draft"
    """It waits for its first payment."""
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    """A payment failed; access goes on while it is asked for again."""
    SUSPENDED = "suspended"
    """It stayed unpaid: access is revoked, everything is kept."""
    PAUSED = "paused"
    """At the project's wish: no access, no bills, and what was paid for is kept."""
    CANCELED = "canceled"
    EXPIRED = "expired"
    """It was never paid for: a draft, or a trial, whose time is over."""


class Verb(StrEnum):
    """What may happen to a subscription."""

    CREATE = "create"
    ACTIVATE = "activate"
    START_TRIAL = "start_trial"
    CONVERT = "convert"
    RENEW = "renew"
    CHANGE = "change"
    SCHEDULE = "schedule"
    FAIL = "fail"
    RECOVER = "recover"
    SUSPEND = "suspend"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    EXPIRE = "expire"
    REACTIVATE = "reactivate"
    REOPEN = "reopen"
    NOTICE = "notice"
    FOLLOW = "follow"
    """The provider bills it, and says what it is. No table of ours says what may become of it."""


class Transition(NamedTuple):
    verb: Verb
    before: frozenset[State]
    after: State | None
    """None where the state stays what it is."""
    meaning: str


_D, _T, _A, _P = State.DRAFT, State.TRIALING, State.ACTIVE, State.PAST_DUE
_S, _Z, _C, _E = State.SUSPENDED, State.PAUSED, State.CANCELED, State.EXPIRED

TRANSITIONS: tuple[Transition, ...] = (
    Transition(Verb.ACTIVATE, frozenset({_D}), _A, "the first bill is paid"),
    Transition(Verb.START_TRIAL, frozenset({_D}), _T, "a paid trial is paid"),
    Transition(Verb.CONVERT, frozenset({_T}), _A, "the trial is over, and the first period begins"),
    Transition(Verb.RENEW, frozenset({_A, _P}), None, "a period is over, and the next one begins"),
    Transition(Verb.CHANGE, frozenset({_T, _A}), None, "another plan or quantity, at once"),
    Transition(
        Verb.SCHEDULE,
        frozenset({_T, _A, _P}),
        None,
        "a change or an end is set for later, or no longer",
    ),
    Transition(Verb.NOTICE, frozenset({_T}), None, "it is told that the trial will end"),
    Transition(Verb.FAIL, frozenset({_A}), _P, "a payment failed"),
    Transition(Verb.RECOVER, frozenset({_P, _S}), _A, "what was owed is paid"),
    Transition(Verb.SUSPEND, frozenset({_P}), _S, "what is owed stayed unpaid"),
    Transition(Verb.PAUSE, frozenset({_A}), _Z, "the project pauses"),
    Transition(Verb.RESUME, frozenset({_Z}), _A, "the pause is over"),
    Transition(Verb.CANCEL, frozenset({_D, _T, _A, _P, _S, _Z}), _C, "it ends"),
    Transition(
        Verb.EXPIRE, frozenset({_D, _T}), _E, "nobody paid, or the trial ended without a method"
    ),
    Transition(Verb.REACTIVATE, frozenset({_C, _E}), _A, "it begins again"),
    Transition(Verb.REOPEN, frozenset({_C, _E}), _D, "it begins again once it is paid"),
)
_BY_VERB = {each.verb: each for each in TRANSITIONS}

FIRST = frozenset({State.DRAFT, State.TRIALING, State.ACTIVE})
"""The states in which a subscription may be created."""
ENDED = frozenset({State.CANCELED, State.EXPIRED})
LIVE = frozenset(State) - ENDED
"""Of a product a project has at most one subscription in any of these."""
SERVED = frozenset({State.TRIALING, State.ACTIVE, State.PAST_DUE})
"""The states in which the project holds the plan."""
PAYING = frozenset({State.ACTIVE, State.PAST_DUE})
"""The states in which a period is paid for, or asked for: what counts as recurring revenue."""
TICKING = SERVED | {State.DRAFT}
"""The states in which something is always due: the database refuses one without a due date."""


def after(before: State, verb: Verb, subscription_id: str) -> State:
    """Return the state that follows. Raises NotInState where the table has no such way."""
    found = _BY_VERB[verb]
    if before not in found.before:
        raise NotInState(subscription_id, str(before), str(verb), named(found.before))
    return found.after or before


def named(states: Iterable[State]) -> list[str]:
    """Name states in the order in which they are declared."""
    return [str(each) for each in State if each in set(states)]
