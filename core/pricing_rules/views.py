"""How rules, facts and evaluations are shown."""

from decimal import Decimal

from core.pricing_facts import Of, plain, written
from core.pricing_rules.adjusting import Adjusted
from core.pricing_rules.context import Context
from core.pricing_rules.finding import Kept
from core.pricing_rules.model import Rule
from core.pricing_rules.reading import write_terms
from core.pricing_rules.shapes import (
    ContextView,
    PricingEvaluation,
    PricingRuleDetail,
    PricingRuleView,
    RuleApplied,
    RulePassedOver,
    VersionInBrief,
)


def rule_view(kept: Kept) -> PricingRuleView:
    rule, told = kept.rule, write_terms(kept.rule.terms)
    return PricingRuleView(
        rule_key=rule.key,
        version=rule.version,
        name=rule.name,
        priority=rule.terms.priority,
        applies_to=told.get("applies_to", {}),
        when=told.get("when"),
        adjust=told["adjust"],
        stops=rule.terms.stops,
        effective_at=rule.effective_at,
        ends_at=rule.ends_at,
        newest_version=kept.newest,
        in_force_version=kept.in_force,
        created_at=kept.created_at,
        archived_at=kept.archived_at,
    )


def detail_view(kept: Kept, versions: list[Rule]) -> PricingRuleDetail:
    brief = [
        VersionInBrief(
            version=each.version,
            name=each.name,
            effective_at=each.effective_at,
            ends_at=each.ends_at,
        )
        for each in versions
    ]
    return PricingRuleDetail(**rule_view(kept).model_dump(), versions=brief)


def evaluation_view(adjusted: Adjusted, context: Context, *, for_staff: bool) -> PricingEvaluation:
    """Show what came out. A project is told what it is charged and by which rules, and no more.

    Why another rule did not apply would tell it what labels it has, and what others get.
    """
    told = PricingEvaluation(
        asset=str(adjusted.amount.asset),
        base=plain(adjusted.base),
        amount=adjusted.amount.decimal,
        exact=plain(adjusted.exact),
        rounding=plain(adjusted.rounding),
        applied=_applied(adjusted),
        passed_over=None,
        versions=None,
        context=None,
    )
    if not for_staff:
        return told
    passed_over = [
        RulePassedOver(
            rule_key=each.rule.key,
            version=each.rule.version,
            name=each.rule.name,
            field=each.path,
            reason=each.said,
        )
        for each in adjusted.passed_over
    ]
    used = {each.rule for each in adjusted.applied}
    used |= {each.rule for each in adjusted.passed_over}
    versions = [each.reference for each in sorted(used, key=lambda rule: rule.order)]
    shown = context_view(context)
    return told.model_copy(
        update={"passed_over": passed_over, "versions": versions, "context": shown}
    )


def _applied(adjusted: Adjusted) -> list[RuleApplied]:
    return [
        RuleApplied(
            rule_key=each.rule.key,
            version=each.rule.version,
            name=each.rule.name,
            did=each.rule.terms.adjust.told,
            before=plain(each.before),
            after=plain(each.after),
            change=plain(each.change),
            held_at=each.held_at,
        )
        for each in adjusted.applied
    ]


def context_view(context: Context) -> ContextView:
    numbers = ("quantity", "period_quantity", "demand")
    return ContextView(
        at=context.at,
        **{each: _number(getattr(context, each)) for each in numbers},
        country=context.country,
        region=context.region,
        segments=None if context.segments is None else sorted(context.segments),
        properties=written(context.properties.get(Of.PROJECT, {})),
        usage_properties=written(context.properties.get(Of.USAGE, {})),
    )


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
