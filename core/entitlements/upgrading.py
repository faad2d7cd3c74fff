"""Say no with a way out: name the cheapest other plan of the product line that would allow it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core import catalog, pricing, projects
from core.catalog import IntervalUnit, ItemKind, PlanVersion, PriceBook
from core.db.work import Work
from core.entitlements import resolving
from core.entitlements.counting import standings
from core.entitlements.deciding import Decision, Reason, decide
from core.entitlements.errors import FeatureMissing, LimitReached, QuotaExhausted
from core.entitlements.model import Allowance, Grant, Held, Version
from core.entitlements.windows import Cycle
from core.kernel.errors import EngineError
from core.kernel.money import Asset
from core.kernel.quantity import as_text

PLANS_MAX = 100
"""Of one product line; it is a hint, and not worth more looking."""
_IN_A_YEAR = {
    IntervalUnit.DAY: Fraction(36_525, 100),
    IntervalUnit.WEEK: Fraction(36_525, 700),
    IntervalUnit.MONTH: Fraction(12),
    IntervalUnit.YEAR: Fraction(1),
}


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A plan that is sold now and would allow what was refused, and what it gives."""

    plan_key: str
    plan_name: str
    plan_version: int
    product_key: str
    gives: Allowance

    @property
    def told(self) -> dict[str, Any]:
        """Write it as errors and answers tell it."""
        named = {name: getattr(self, name) for name in self.__slots__ if name != "gives"}
        return named | {"gives": gives(self.gives)}


def gives(allowance: Allowance) -> dict[str, Any]:
    """Write what a plan gives of a feature."""
    return {
        "enabled": allowance.is_on,
        "limit": as_text(allowance.most) if allowance.most is not None else None,
        "per": allowance.per.value if allowance.per else None,
    }


async def refusal(work: Work, decision: Decision) -> EngineError:
    """Make the error that says this no."""
    better = await upgrade(work, decision)
    hint = better.told if better else None
    standing, feature_key = decision.standing, decision.question.feature_key
    most = standing.grant.allowance.most if standing else None
    if standing is None or most is None:
        return FeatureMissing(feature_key, decision.reason.value, hint)
    used = as_text(standing.used) if standing.window else None
    if decision.reason is Reason.QUOTA_EXHAUSTED and decision.resets_at and used:
        retry_at = decision.resets_at
        seconds = math.ceil((retry_at - work.now).total_seconds())
        return QuotaExhausted(feature_key, used, as_text(most), retry_at, seconds, hint)
    if used is None and decision.question.quantity is not None:
        used = as_text(decision.question.quantity)
    return LimitReached(feature_key, as_text(most), used, hint)


async def upgrade(work: Work, decision: Decision) -> Upgrade | None:
    """Return the cheapest plan that is sold now and would allow what was refused.

    It is of a product line of which the project holds a plan; who holds none may take any. None
    where no plan would help, as when the operator made an exception, which wins over every plan.
    """
    if decision.standing and decision.standing.grant.override:
        return None
    held = await resolving.held_by(work)
    found = await _allowing(work, decision, held, await _sold(work, held))
    if not found:
        return None
    project = await projects.get_project(work)
    books = (await catalog.books(work)).values()
    chosen = cheapest([each for each, _ in found], books, project.currency, work.now)
    return Upgrade(
        plan_key=chosen.plan_key,
        plan_name=chosen.plan.name,
        plan_version=chosen.number,
        product_key=chosen.product_key,
        gives=next(allowance for each, allowance in found if each is chosen),
    )


async def _sold(work: Work, held: Held) -> list[PlanVersion]:
    """Return what is sold now in the product lines that matter, without what is held already."""
    active = held.active(work.now)
    lines: list[str | None] = [each.version.product_key for each in active] or [None]
    have = {each.version.id for each in active}
    found: list[PlanVersion] = []
    for line in lines:
        plans = await catalog.plans_after(work, None, PLANS_MAX, product_key=line, sold=True)
        found += await catalog.all_in_effect(work, plans)
    return [each for each in found if each.id not in have]


async def _allowing(
    work: Work, decision: Decision, held: Held, versions: Sequence[PlanVersion]
) -> list[tuple[PlanVersion, Allowance]]:
    """Return those of the versions that would be enough, as it stands now, with what they give.

    All are asked about at once: what was used is looked up once for each window that they have.
    """
    question = decision.question
    anchors = {
        each.version.product_key: each.assignment.anchor_at for each in held.active(work.now)
    }
    grants = []
    for each in versions:
        allowance = Version.of(each).given.get(question.feature_key)
        if allowance is not None:
            cycle = Cycle(anchors.get(each.product_key, work.now), each.interval)
            grants.append((each, Grant(allowance, cycle=cycle)))
    feature = await resolving.feature(work, question.feature_key)
    stand = await standings(work, feature, [grant for _, grant in grants])
    return [
        (version, grant.allowance)
        for (version, grant), each in zip(grants, stand, strict=True)
        if decide(question, [each], holds_plan=True).allowed
    ]


def cheapest(
    versions: Sequence[PlanVersion],
    books: Iterable[PriceBook],
    currency: str | None,
    now: datetime,
) -> PlanVersion:
    """Choose by what the fees of a year come to, one seat each, then by key.

    Compared in the project's currency if anything is priced in it, and else in the one in which
    most is. What has no price there comes last.
    """
    known = list(books)
    assets = sorted({each.asset for each in known}, key=str)
    prices = {asset: _yearly(versions, known, asset, now) for asset in assets}

    def rank(asset: Asset) -> tuple[bool, int]:
        return bool(prices[asset]) and asset.code == currency, len(prices[asset])

    best: Mapping[str, Fraction] = prices[max(assets, key=rank)] if assets else {}
    return min(
        versions, key=lambda each: (each.id not in best, best.get(each.id, 0), each.plan_key)
    )


def _yearly(
    versions: Iterable[PlanVersion], books: Sequence[PriceBook], asset: Asset, now: datetime
) -> dict[str, Fraction]:
    """Return what a year of each version costs, of those that are sold in this currency."""
    found = {}
    for each in versions:
        book = catalog.book_for(each, books, asset, now)
        fees = _fees(each, book) if book else None
        if fees is not None:
            found[each.id] = fees * _IN_A_YEAR[each.interval.unit] / each.interval.count
    return found


def _fees(version: PlanVersion, book: PriceBook) -> int | None:
    """Return the fees of one interval, in the book's smallest units; None if one seat has none."""
    try:
        return sum(
            pricing.rate(each.prices[book.key], Decimal(1), book.asset).total.amount
            for each in version.items
            if each.kind is ItemKind.RECURRING
        )
    except EngineError:
        return None
