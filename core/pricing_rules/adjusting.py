"""Adjust an amount by rules, and say which of them did what. Pure: it can be replayed for ever.

Rules apply by priority, the lowest first, those of one priority by their key, each to what the one
before it left. Then comes what is kept to overall: first the caps, then the floors, so that where
they contradict each other the floor holds. Nothing is rounded on the way, and the end once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_05UP, Decimal
from decimal import Context as Arithmetic
from typing import Literal

from core.kernel.money import LARGEST, Asset, Money
from core.kernel.rounding import Rounding, to_units
from core.pricing import AmountTooLarge, Rated
from core.pricing_rules.adjustments import Overall, PerUnit, minus, plus
from core.pricing_rules.conditions import judge
from core.pricing_rules.context import Context, Subject
from core.pricing_rules.errors import AmountBelowZero, TooManyRules
from core.pricing_rules.model import Rule

RULES_MAX = 300
"""As many as are computed exactly: each adds at most 31 digits to those the amount has."""
# Beyond these digits no unit of any asset is left; cut so, it rounds as the whole number would.
_CUT = Arithmetic(prec=55, rounding=ROUND_05UP)
_ZERO = Decimal(0)
HeldAt = Literal["floor", "cap", "zero"]


@dataclass(frozen=True, slots=True)
class Applied:
    """What one rule made of the amount: `change` is `after` less `before`, exactly."""

    rule: Rule
    before: Decimal
    after: Decimal
    held_at: HeldAt | None = None
    """Which bound decided: the rule's `floor` or `cap`, or `zero`, below which nothing is."""

    @property
    def change(self) -> Decimal:
        return minus(self.after, self.before)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A rule that did not apply, and the first thing that is to blame."""

    rule: Rule
    path: str
    said: str


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What rules made of an amount. `base`, each change and the rounding add up to the amount."""

    base: Decimal
    exact: Decimal
    amount: Money
    applied: tuple[Applied, ...]
    passed_over: tuple[PassedOver, ...]

    @property
    def rounding(self) -> Decimal:
        return minus(Decimal(self.amount.decimal), self.exact)

    @property
    def explained(self) -> list[str]:
        """Say of each rule that applied what it did: `happy-hour@3: 10 -20 % = 8`."""
        return [
            f"{each.rule.reference}: {each.before:f} {each.rule.terms.adjust.told}"
            f" = {each.after:f}{f' (its {each.held_at})' if each.held_at else ''}"
            for each in self.applied
        ]


def adjust(
    rules: Iterable[Rule],
    subject: Subject,
    context: Context,
    amount: Money | Rated,
    *,
    rounding: Rounding = Rounding.HALF_UP,
) -> Adjusted:
    """Say what these rules make of an amount that is charged for the subject.

    What was rated is adjusted before it was rounded. Where no rule changes anything the amount is
    the one that was given. Raises AmountBelowZero, TooManyRules, AmountTooLarge.
    """
    given = amount.total if isinstance(amount, Rated) else amount
    base = amount.exact if isinstance(amount, Rated) else Decimal(amount.decimal)
    if base < 0:
        raise AmountBelowZero("amount")
    ordered = sorted(rules, key=lambda rule: rule.order)
    if len(ordered) > RULES_MAX:
        raise TooManyRules("rules", RULES_MAX)
    applied, passed_over = _go_through(ordered, _Facts(subject, context, given.asset), base)
    exact = applied[-1].after if applied else base
    charged = given if exact == base else _rounded(exact, given.asset, rounding)
    return Adjusted(base, exact, charged, tuple(applied), tuple(passed_over))


@dataclass(frozen=True, slots=True)
class _Facts:
    subject: Subject
    context: Context
    asset: Asset


def _go_through(
    ordered: list[Rule], facts: _Facts, base: Decimal
) -> tuple[list[Applied], list[PassedOver]]:
    amount, applied, passed_over, overall = base, list[Applied](), list[PassedOver](), list[Rule]()
    stopped_by: Rule | None = None
    for rule in ordered:
        is_overall = isinstance(rule.terms.adjust, Overall)
        if stopped_by and not is_overall:
            passed_over.append(PassedOver(rule, "stops", f"{stopped_by.key} lets none follow"))
        elif why := _why_not(rule, facts):
            passed_over.append(PassedOver(rule, *why))
        elif is_overall:
            overall.append(rule)
        else:
            applied.append(_step(rule, amount, facts.context))
            amount = applied[-1].after
            stopped_by = rule if rule.terms.stops else None
    applied += _bounded(overall, base, amount)
    return applied, passed_over


def _why_not(rule: Rule, facts: _Facts) -> tuple[str, str] | None:
    terms = rule.terms
    at = facts.context.at
    if at < rule.effective_at or (rule.ends_at is not None and at >= rule.ends_at):
        return "effective_at", "it is not in force at that time"
    if lacking := terms.applies_to.lacks(facts.subject):
        return lacking
    currency = terms.adjust.currency
    if currency is not None and Asset.parse(currency).code != facts.asset.code:
        return "adjust.currency", f"it is in {currency}, and the amount in {facts.asset}"
    if isinstance(terms.adjust, PerUnit) and facts.context.quantity is None:
        return "adjust.amount", "the quantity is not known"
    if terms.when is not None:
        verdict = judge(terms.when, facts.context)
        if not verdict.holds:
            return verdict.path, verdict.said
    return None


def _step(rule: Rule, before: Decimal, context: Context) -> Applied:
    does = rule.terms.adjust
    assert not isinstance(does, Overall), "it is kept to at the end"
    held_at: HeldAt | None = None
    after = does.apply(before, context.quantity)
    if does.cap is not None and after > does.cap:
        after, held_at = does.cap, "cap"
    if does.floor is not None and after < does.floor:
        after, held_at = does.floor, "floor"
    if after < _ZERO:
        after, held_at = _ZERO, "zero"
    return Applied(rule, before, after, held_at)


def _bounded(overall: list[Rule], base: Decimal, amount: Decimal) -> Iterator[Applied]:
    """Keep to what holds overall; a rule that has both bounds is told for each."""
    bounds: tuple[HeldAt, ...] = ("cap", "floor")
    for held_at in bounds:
        for rule in overall:
            does = rule.terms.adjust
            assert isinstance(does, Overall), "whatever else there is was applied before"
            bound = does.cap_of(base) if held_at == "cap" else does.floor_of(base)
            if bound is not None:
                after = min(amount, bound) if held_at == "cap" else max(amount, bound)
                yield Applied(rule, amount, after, held_at if after != amount else None)
                amount = after


def _rounded(exact: Decimal, asset: Asset, rounding: Rounding) -> Money:
    units = to_units(_CUT.plus(exact), asset.scale, rounding)
    if units > LARGEST:
        raise AmountTooLarge("amount", str(asset))
    return Money(units, asset)


def total_change(adjusted: Adjusted) -> Decimal:
    """Return what the rules changed in all, before rounding."""
    result = _ZERO
    for each in adjusted.applied:
        result = plus(result, each.change)
    return result
