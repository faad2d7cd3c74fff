"""What it costs to begin a plan within a period, to change it, and to end it.

What was paid in advance is given back for the time that is left, and the new plan charged for it:
two lines, so that both can be explained. Nothing here knows what was invoiced; the old terms say
what a period of them cost.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.pricing import PER_LINE, RoundingPolicy
from core.proration.counting import By, Owner, Settings
from core.proration.cycle import BillingPeriod, Cycle
from core.proration.direction import Direction, direction_of
from core.proration.errors import CurrencyDiffers
from core.proration.line import Kind, Prorated
from core.proration.parts import left_of, rounded, side_by_side
from core.proration.terms import Terms


class Behaviour(StrEnum):
    """What a change does about the period that was paid for."""

    PRORATE = "prorate"
    """Give back what is left of the old plan, and charge as much of the new one."""
    RESET = "reset"
    """Charge the new plan whole, from a new anchor, and give nothing back."""
    NONE = "none"
    """Neither. The new plan is charged from the next period on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    by: By = By.SECOND
    change_is_of: Owner = Owner.NEW
    rounding: RoundingPolicy = PER_LINE
    behaviour: Behaviour = Behaviour.PRORATE

    @property
    def settings(self) -> Settings:
        return Settings(self.by, self.change_is_of)


DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change comes to now, and what is billed from then on."""

    prorated: Prorated
    begins: Cycle | None
    """The cycle that begins with the change; None where the one there was goes on."""
    direction: Direction


def begin_plan(
    terms: Terms, period: BillingPeriod, at: datetime, policy: Policy = DEFAULT
) -> Prorated:
    """Charge what is left of the period in which a plan begins: all of it, if both begin at once.

    The day on which it begins is the plan's own, whosever that of a change is.
    """
    parts = left_of(Kind.CHARGE, terms, period, at=at, settings=Settings(policy.by))
    return rounded(parts, terms.asset, policy.rounding)


def end_plan(
    terms: Terms, period: BillingPeriod, at: datetime, policy: Policy = DEFAULT
) -> Prorated:
    """Give back what is left of the period, which was paid for, when a plan ends."""
    parts = left_of(Kind.CREDIT, terms, period, at=at, settings=policy.settings)
    return rounded(parts, terms.asset, policy.rounding)


def change_plan(
    old: Terms,
    new: Terms,
    *,
    period: BillingPeriod,
    at: datetime,
    policy: Policy = DEFAULT,
    trial_ends_at: datetime | None = None,
) -> Changed:
    """Change terms within a period that was paid for: plan, seats, interval, or all of them.

    Where the interval changes, or the new plan begins with a trial, a new cycle begins: at once, or
    when the trial ends. What falls due when it begins is a whole period, charged here only if it
    begins at once. Terms in another currency are refused.
    """
    if new.asset != old.asset:
        raise CurrencyDiffers(str(new.asset), str(old.asset))
    # First, because it refuses a change that is not within the period, whatever comes of it.
    parts = left_of(Kind.CREDIT, old, period, at=at, settings=policy.settings)
    begins = _begins(new, period, at, behaviour=policy.behaviour, trial_ends_at=trial_ends_at)
    if begins is None:
        charges = left_of(Kind.CHARGE, new, period, at=at, settings=policy.settings)
        parts = side_by_side(parts, charges)
    if policy.behaviour is not Behaviour.PRORATE:
        parts = []
    if begins is not None and begins.anchor_at == at:
        whole = Settings(policy.by)
        parts += left_of(Kind.CHARGE, new, begins.period(0), at=at, settings=whole)
    prorated = rounded(parts, new.asset, policy.rounding)
    return Changed(prorated, begins, direction_of(old, new))


def _begins(
    new: Terms,
    period: BillingPeriod,
    at: datetime,
    *,
    behaviour: Behaviour,
    trial_ends_at: datetime | None,
) -> Cycle | None:
    """Return the cycle that begins with a change, if one does. A trial that is over is none."""
    if trial_ends_at is not None and trial_ends_at > at:
        begins_at = trial_ends_at
    elif behaviour is Behaviour.RESET:
        begins_at = at
    elif new.interval == period.interval:
        return None
    else:
        begins_at = period.end_at if behaviour is Behaviour.NONE else at
    return Cycle(begins_at, new.interval, period.zone)
