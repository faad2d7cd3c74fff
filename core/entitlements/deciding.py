"""Decide whether a project may use a feature, and say why. Pure.

Where several plans give the same feature the most generous one counts, alone: they do not add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.catalog import FeatureKind
from core.entitlements.model import Grant
from core.entitlements.windows import Window
from core.metering import Aggregation


class Reason(StrEnum):
    INCLUDED = "included"
    """A plan gives it."""
    GRANTED = "granted_by_override"
    NO_PLAN = "no_plan"
    """The project holds no plan at all."""
    NOT_IN_PLAN = "not_in_plan"
    SWITCHED_OFF = "switched_off"
    """The plan names it, and says no."""
    DENIED = "denied_by_override"
    LIMIT_REACHED = "limit_reached"
    """It is more than there may ever be at once, so that waiting does not help."""
    QUOTA_EXHAUSTED = "quota_exhausted"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is given, and what was used of it in the window that it is about."""

    grant: Grant
    used: int = 0
    window: Window | None = None

    @property
    def remaining(self) -> int | None:
        """Tell how much is left; None is without limit."""
        most = self.grant.allowance.most
        return None if most is None else max(0, most - self.used)

    @property
    def is_within(self) -> bool:
        """Tell whether what was used is no more than what is given."""
        allowance = self.grant.allowance
        return allowance.is_on and (allowance.most is None or self.used <= allowance.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a feature."""

    feature_key: str
    kind: FeatureKind
    quantity: int | None = None
    """Of a limit, how many there are or would be; of a quota, how much more would be used.

    None asks whether there is anything left at all.
    """
    aggregation: Aggregation = Aggregation.SUM
    """What a quota's meter makes of its events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Yes or no, and why. `standing` is what it was decided by; None where nobody gives it."""

    question: Question
    allowed: bool
    reason: Reason
    standing: Standing | None = None

    @property
    def resets_at(self) -> datetime | None:
        window = self.standing and self.standing.window
        return window.end_at if window else None


def decide(question: Question, standings: Sequence[Standing], *, holds_plan: bool) -> Decision:
    """Decide by the most generous of what is given."""
    if not standings:
        reason = Reason.NOT_IN_PLAN if holds_plan else Reason.NO_PLAN
        return Decision(question=question, allowed=False, reason=reason)
    return max((_judge(question, each) for each in standings), key=_generosity)


def _judge(question: Question, standing: Standing) -> Decision:
    allowance, by_override = standing.grant.allowance, standing.grant.override is not None
    no: Reason | None = Reason.DENIED if by_override else Reason.SWITCHED_OFF
    if allowance.is_on:
        no = _exceeded(question, standing)
    if no is None:
        yes = Reason.GRANTED if by_override else Reason.INCLUDED
        return Decision(question=question, allowed=True, reason=yes, standing=standing)
    return Decision(question=question, allowed=False, reason=no, standing=standing)


def _exceeded(question: Question, standing: Standing) -> Reason | None:
    """Say why the number does not allow it; None when it does."""
    most, quantity = standing.grant.allowance.most, question.quantity
    if question.kind is FeatureKind.SWITCH or most is None:
        return None
    if question.kind is FeatureKind.LIMIT:
        fits = most > 0 if quantity is None else quantity <= most
        return None if fits else Reason.LIMIT_REACHED
    if quantity is None:
        fits = standing.used < most
    else:
        fits = foreseen(question.aggregation, standing.used, quantity) <= most
    if fits:
        return None
    # Nothing used yet would not help: so much is never given at once.
    hopeless = foreseen(question.aggregation, 0, quantity or 1) > most
    return Reason.LIMIT_REACHED if hopeless else Reason.QUOTA_EXHAUSTED


def exceeded(question: Question, before: Sequence[Standing], after: Sequence[Standing]) -> Decision:
    """Say why a use is refused after which nothing that is given would be enough.

    Told is how it stood before the use, which is not made.
    """
    refused = []
    for was, would_be in zip(before, after, strict=True):
        most = was.grant.allowance.most
        if most is None or not was.grant.allowance.is_on:
            continue
        alone = would_be.used - was.used
        if question.aggregation in {Aggregation.MAX, Aggregation.LAST}:
            alone = would_be.used if would_be.used != was.used else 0
        no = Reason.LIMIT_REACHED if alone > most else Reason.QUOTA_EXHAUSTED
        refused.append(Decision(question=question, allowed=False, reason=no, standing=was))
    return max(refused, key=_generosity)


def foreseen(aggregation: Aggregation, used: int, quantity: int) -> int:
    """Tell what the meter would say after one more event of this quantity; at most, for values.

    Whether a value is a new one only the event can tell, so that each is taken for one.
    """
    if aggregation is Aggregation.MAX:
        return max(used, quantity)
    if aggregation is Aggregation.LAST:
        return quantity
    return used + quantity


def _generosity(decision: Decision) -> tuple[bool, bool, bool, int, int]:
    """Order decisions: a yes first, then what has no limit, then where most is left."""
    standing = decision.standing
    assert standing, "it was judged by what is given"
    most, is_on = standing.grant.allowance.most, standing.grant.allowance.is_on
    return decision.allowed, is_on, is_on and most is None, standing.remaining or 0, most or 0
