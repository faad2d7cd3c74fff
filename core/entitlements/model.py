"""Who holds which plan, and what that and the exceptions made for a project amount to. Pure.

Numbers are whole millionths, as metering counts them, so that comparing them is exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from core.catalog import Entitled, FeatureKind, Interval, PlanVersion, QuotaWindow
from core.entitlements.windows import Cycle
from core.kernel.quantity import PLACES

OPERATOR = "operator"
"""The source of a plan that staff assigned. Others are named `subscription:sub_…`."""


class Mode(StrEnum):
    """What an override does with a feature."""

    GRANT = "grant"
    """It is there, without any limit."""
    DENY = "deny"
    LIMIT = "limit"
    """So many, whatever the plan says."""


def millionths(number: Decimal | str) -> int:
    """Turn a number of at most six decimals into millionths."""
    return int(Decimal(number).scaleb(PLACES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What somebody gives of one feature."""

    is_on: bool = True
    most: int | None = None
    """Millionths; None is without limit, and a switch has none."""
    per: QuotaWindow | None = None
    """Of a quota: how often it begins anew."""

    @classmethod
    def of(cls, entitled: Entitled) -> Self:
        most = None if entitled.limit is None else millionths(entitled.limit)
        return cls(is_on=entitled.enabled, most=most, per=entitled.per)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What never changes of a published version: it may be remembered for ever."""

    id: str
    number: int
    plan_key: str
    product_key: str
    interval: Interval
    given: Mapping[str, Allowance]
    """By feature."""

    @property
    def named(self) -> dict[str, Any]:
        """Say which it is, as events do."""
        return {"plan_key": self.plan_key, "plan_version": self.number}

    @classmethod
    def of(cls, version: PlanVersion) -> Self:
        return cls(
            id=version.id,
            number=version.number,
            plan_key=version.plan_key,
            product_key=version.product_key,
            interval=version.interval,
            given={each.feature_key: Allowance.of(each) for each in version.entitlements},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A project holds a version of a plan from `starts_at` until it ends or is closed."""

    id: str
    project_id: str
    product_key: str
    version_id: str
    source: str
    assigned_by: str
    anchor_at: datetime
    """Billing periods are counted from here."""
    starts_at: datetime
    ends_at: datetime | None
    closed_at: datetime | None = None
    """When it was withdrawn, or another version took its place."""

    def is_active_at(self, instant: datetime) -> bool:
        """Tell whether it holds at this instant: not at its end any more, nor once it is closed.

        Its start is not asked: what can be read has begun, even where this clock is a little slow.
        """
        return self.closed_at is None and (self.ends_at is None or instant < self.ends_at)


@dataclass(frozen=True, slots=True)
class Holding:
    """An assignment, and the version that it is of."""

    assignment: Assignment
    version: Version

    @property
    def cycle(self) -> Cycle:
        return Cycle(self.assignment.anchor_at, self.version.interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An exception that the operator made for one project and one feature. It wins."""

    feature_key: str
    mode: Mode
    most: int | None
    per: QuotaWindow | None
    """Of a limited quota. None: as the plan has it, or a month where no plan gives it."""
    reason: str
    set_by: str
    created_at: datetime
    expires_at: datetime | None

    def is_active_at(self, instant: datetime) -> bool:
        return self.expires_at is None or instant < self.expires_at


@dataclass(frozen=True, slots=True)
class Grant:
    """What one source gives of a feature: a plan that is held, or an override."""

    allowance: Allowance
    holding: Holding | None = None
    override: Override | None = None
    cycle: Cycle | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """All that a project was given, also what is over already or has not begun."""

    holdings: Sequence[Holding] = ()
    overrides: Mapping[str, Override] | None = None

    def active(self, now: datetime) -> list[Holding]:
        """Return what is held at this instant, by product."""
        found = (each for each in self.holdings if each.assignment.is_active_at(now))
        return sorted(found, key=lambda each: each.version.product_key)

    def features(self, now: datetime) -> list[str]:
        """Return the keys of the features that anybody says anything about, in order."""
        plans = {key for each in self.active(now) for key in each.version.given}
        told = (self.overrides or {}).values()
        return sorted(plans | {each.feature_key for each in told if each.is_active_at(now)})

    def grants(self, feature_key: str, kind: FeatureKind, now: datetime) -> list[Grant]:
        """Return what is given of the feature: an override alone, or what every plan gives."""
        plans = list(self._from_plans(feature_key, now))
        override = (self.overrides or {}).get(feature_key)
        if override is None or not override.is_active_at(now):
            return plans
        return [_overridden(override, kind, plans)]

    def _from_plans(self, feature_key: str, now: datetime) -> Iterator[Grant]:
        for each in self.active(now):
            allowance = each.version.given.get(feature_key)
            if allowance is not None:
                yield Grant(allowance, holding=each, cycle=each.cycle)

    def instead(self, holding: Holding, version: Version) -> Self:
        """Return what would be held if this version took the place of that one's."""
        moved = Holding(holding.assignment, version)
        others = [moved if each is holding else each for each in self.holdings]
        return replace(self, holdings=others)


def _overridden(override: Override, kind: FeatureKind, plans: Sequence[Grant]) -> Grant:
    if override.mode is Mode.DENY:
        return Grant(Allowance(is_on=False), override=override)
    per, cycle = None, None
    if kind is FeatureKind.QUOTA:
        # An exception to a quota is one to its number: it begins anew when the plan's does.
        base = most_generous(plans)
        per = override.per or (base.allowance.per if base else None) or QuotaWindow.MONTH
        cycle = base.cycle if base else None
    return Grant(Allowance(most=override.most, per=per), override=override, cycle=cycle)


def most_generous(grants: Sequence[Grant]) -> Grant | None:
    """Return what gives most on paper: without limit before the largest number before nothing."""
    return max(grants, key=lambda each: generosity(each.allowance), default=None)


def generosity(allowance: Allowance) -> tuple[bool, bool, int]:
    """Order what is given: on before off, without limit before any number, the larger first."""
    return allowance.is_on, allowance.is_on and allowance.most is None, allowance.most or 0
