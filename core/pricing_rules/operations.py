"""What a caller can do with pricing rules: operators make them, and everybody sees what they do."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core import catalog, metering, pricing, pricing_facts, projects
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.pricing_rules import changing, evaluating, finding
from core.pricing_rules.errors import (
    AmountBelowZero,
    FactNotYours,
    RuleArchived,
    RuleKeyTaken,
    RuleNotFound,
    RuleNotReadable,
    TooManyRules,
)
from core.pricing_rules.model import AppliesTo, Rule, Terms
from core.pricing_rules.reading import read_terms, write_terms
from core.pricing_rules.shapes import (
    CreatePricingRule,
    EvaluatePricingRules,
    GetPricingRule,
    ListPricingRules,
    NamedPricingRule,
    PricingEvaluation,
    PricingRuleDetail,
    PricingRuleList,
    PricingRuleView,
    UpdatePricingRule,
)
from core.pricing_rules.views import (
    detail_view,
    evaluation_view,
    rule_view,
)

VERSIONS_SHOWN = 50
TERMS = ("priority", "applies_to", "when", "adjust", "stops")
TAKEN_AWAY = {"applies_to", "when", "ends_at"}
"""What null takes away; null says nothing of the rest."""
HAPPY_HOUR = {
    "rule_key": "happy-hour",
    "name": "Happy hour",
    "applies_to": {"meters": ["llm_tokens"]},
    "when": {
        "kind": "all",
        "of": [
            {
                "kind": "time_of_day",
                "time_zone": "Europe/Berlin",
                "windows": [{"begins": "22:00", "ends": "06:00"}],
            },
            {"kind": "not", "that": {"kind": "segment", "any_of": ["enterprise"]}},
        ],
    },
    "adjust": {"kind": "percent", "percent": "-20", "floor": "0.50", "currency": "USD/2"},
}


@operation(
    "POST /v1/pricing-rules",
    title="Create pricing rule",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(RuleNotReadable, RuleKeyTaken, TooManyRules),
    examples=(
        Example(title="A fifth off at night, but never below 50 cents", arguments=HAPPY_HOUR),
        Example(
            title="Never less than half of what it would cost without rules",
            arguments={
                "rule_key": "at-least-half",
                "name": "At least half",
                "adjust": {"kind": "overall", "floor_percent": "50"},
            },
        ),
    ),
)
async def create_pricing_rule(work: Work, request: CreatePricingRule) -> PricingRuleView:
    """Make a rule that changes prices where its condition holds. Platform operators only.

    Figures are in quotes. A fact that is not known makes no condition true, nor its opposite. Try
    a rule with evaluate_pricing_rules.
    """
    written = {name: getattr(request, name) for name in TERMS}
    rule = Rule(
        key=request.rule_key,
        name=request.name,
        version=1,
        terms=await _read(work, written),
        effective_at=request.effective_at or work.now,
        ends_at=request.ends_at,
    )
    return rule_view(await changing.create(work, rule))


@operation(
    "PATCH /v1/pricing-rules/{rule_key}",
    title="Update pricing rule",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(RuleNotFound, RuleArchived, RuleNotReadable),
    examples=(
        Example(
            title="More off, from the new year on",
            arguments={
                "rule_key": "happy-hour",
                "adjust": {"kind": "percent", "percent": "-25"},
                "effective_at": "2027-01-01T00:00:00Z",
            },
        ),
    ),
)
async def update_pricing_rule(work: Work, request: UpdatePricingRule) -> PricingRuleView:
    """Make the next version of a rule. Platform operators only.

    Fields that are left out stay. What was charged keeps the version it was charged by. The new
    version takes the place of one that was to begin later.
    """
    sent = request.model_fields_set
    # Locked from here on, because what is left out is taken from the version that is the newest.
    before = (await finding.find(work, request.rule_key, lock=True)).rule
    named = {
        name: getattr(request, name)
        for name in sent - {"rule_key"}
        if getattr(request, name) is not None or name in TAKEN_AWAY
    }
    if not named:
        raise invalid("arguments", "must name something to change")
    changes = {name: value for name, value in named.items() if name not in TERMS}
    # One that is yet to begin is changed before it does.
    changes.setdefault("effective_at", max(before.effective_at, work.now))
    if changed := {name: value for name, value in named.items() if name in TERMS}:
        changes["terms"] = await _read(work, {**write_terms(before.terms), **changed})
    return rule_view(await changing.change(work, request.rule_key, changes))


@operation(
    "POST /v1/pricing-rules/{rule_key}/archive",
    title="Archive pricing rule",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(RuleNotFound,),
    examples=(Example(title="Apply it no longer", arguments={"rule_key": "happy-hour"}),),
)
async def archive_pricing_rule(work: Work, request: NamedPricingRule) -> PricingRuleView:
    """Apply a rule no longer. Platform operators only. What was charged before stays as it was.

    Archiving it again changes nothing. Its key stays taken.
    """
    return rule_view(await changing.archive(work, request.rule_key))


@operation(
    "GET /v1/pricing-rules",
    title="List pricing rules",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="All rules", arguments={}),),
)
async def list_pricing_rules(work: Work, request: ListPricingRules) -> PricingRuleList:
    """List the rules by key, each in its newest version. Platform staff only.

    in_force_version is the one that applies now: the newest may be yet to begin, or have ended.
    """
    after = paging.after(request.cursor, parts=1)
    found = await finding.list_after(
        work, after[0] if after else None, request.limit + 1, archived=request.include_archived
    )
    shown = paging.page(found, request.limit, lambda kept: [kept.rule.key])
    return PricingRuleList(
        items=[rule_view(each) for each in shown.items], next_cursor=shown.next_cursor
    )


@operation(
    "GET /v1/pricing-rules/{rule_key}",
    title="Get pricing rule",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(RuleNotFound,),
    examples=(
        Example(title="As it was at first", arguments={"rule_key": "happy-hour", "version": 1}),
    ),
)
async def get_pricing_rule(work: Work, request: GetPricingRule) -> PricingRuleDetail:
    """Return one version of a rule, and which versions there are. Platform staff only."""
    kept = await finding.find(work, request.rule_key, request.version)
    return detail_view(kept, await finding.versions_of(work, kept.id, VERSIONS_SHOWN))


@operation(
    "POST /v1/pricing-rules/evaluate",
    title="Evaluate pricing rules",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(
        projects.ProjectNotFound,
        FactNotYours,
        RuleNotFound,
        AmountBelowZero,
        TooManyRules,
        *pricing.PriceRefused.__subclasses__(),
        *pricing.UsageRefused.__subclasses__(),
    ),
    examples=(
        Example(
            title="What ten dollars of tokens cost now",
            arguments={"amount": "10.00", "asset": "USD/2", "meter_key": "llm_tokens"},
        ),
    ),
)
async def evaluate_pricing_rules(work: Work, request: EvaluatePricingRules) -> PricingEvaluation:
    """Say what the rules make of an amount, or of a price, and why. Nothing is charged.

    A project states what it would use; where it is and which labels it has is the operator's word.
    Staff may suppose any fact, and see which rules did not apply and why. The same versions and
    facts always give the same answer.
    """
    adjusted, context = await evaluating.evaluate(work, request)
    return evaluation_view(adjusted, context, for_staff=work.caller.is_platform)


async def _read(work: Work, written: dict[str, Any]) -> Terms:
    told = {name: value for name, value in written.items() if value is not None}
    terms = read_terms(told, await pricing_facts.all_known(work))
    await _check_keys(work, terms.applies_to)
    return terms


async def _check_keys(work: Work, applies_to: AppliesTo) -> None:
    """Refuse a rule for what there is not, which would never apply and never say so."""
    sought: tuple[tuple[str, Sequence[str] | None, Callable[..., Awaitable[Any]]], ...] = (
        ("plans", applies_to.plans, catalog.find_plan),
        ("products", applies_to.products, catalog.find_product),
        ("meters", applies_to.meters, metering.find_meter),
    )
    for name, keys, find in sought:
        for n, key in enumerate(keys or ()):
            try:
                await find(work, key)
            except (
                catalog.PlanNotFound,
                catalog.ProductNotFound,
                metering.MeterNotFound,
            ) as error:
                field = f"applies_to.{name}.{n}"
                raise RuleNotReadable([{"field": field, "problem": str(error)}]) from None


OPERATIONS = (
    create_pricing_rule,
    update_pricing_rule,
    archive_pricing_rule,
    list_pricing_rules,
    get_pricing_rule,
    evaluate_pricing_rules,
)
