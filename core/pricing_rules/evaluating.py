"""Say what the rules make of an amount for a project, without charging anything.

Who asks decides what may be said. Staff may suppose any fact, and may ask for other versions than
those in force. A project is who the operator says it is: it may state what it would use, and
nothing about itself. What it was not asked to say is refused, so that nobody is misled by an answer
to another question.
"""

from collections.abc import Sequence
from decimal import Decimal

from pydantic import ValidationError

from core import pricing, pricing_facts
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.operations.errors import InvalidRequest, invalid
from core.operations.fields import money
from core.pricing_facts import Facts, Known, Of, countries, read_values
from core.pricing_rules import finding
from core.pricing_rules.adjusting import Adjusted, adjust
from core.pricing_rules.context import Context, Subject
from core.pricing_rules.errors import FactNotYours
from core.pricing_rules.shapes import EvaluatePricingRules, Supposed

YEARS = range(2000, 3000)
PROBLEMS_MAX = 20


async def evaluate(work: Work, request: EvaluatePricingRules) -> tuple[Adjusted, Context]:
    """Adjust what is asked about, by the rules in force or by those that are named."""
    at = request.at or work.now
    if not work.caller.is_platform:
        _check_own_words(work, request)
    if at.year not in YEARS:
        raise invalid("at", f"must lie in the years {YEARS.start} to {YEARS.stop - 1}")
    amount, supposed = _amount(request), _supposed(request)
    context = await _context(work, request, supposed)
    _check_versions(supposed.versions or ())
    if supposed.versions is None:
        rules = await finding.active(work, at)
    else:
        rules = await finding.pinned(work, supposed.versions)
    subject = Subject(
        plan_key=request.plan_key,
        product_key=request.product_key,
        item_key=request.item_key,
        meter_key=request.meter_key,
    )
    return adjust(rules, subject, context, amount), context


def _check_own_words(work: Work, request: EvaluatePricingRules) -> None:
    if request.suppose is not None:
        raise FactNotYours("suppose")
    if request.at is not None and request.at > work.now:
        raise invalid("at", "must not lie in the future: prices that are to come are not told")


def _supposed(request: EvaluatePricingRules) -> Supposed:
    try:
        return Supposed.model_validate(request.suppose or {})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:PROBLEMS_MAX]
        raise InvalidRequest(
            [
                {"field": ".".join(["suppose", *map(str, each["loc"])]), "problem": each["msg"]}
                for each in found
            ]
        ) from None


def _check_versions(references: Sequence[str]) -> None:
    """Refuse two versions of one rule: what was charged had one, and both would apply."""
    chosen: dict[str, str] = {}
    for n, each in enumerate(references):
        key = each.rpartition("@")[0]
        if chosen.setdefault(key, each) != each:
            what = f"must not name another version of {key}: one applies at a time"
            raise invalid(f"suppose.versions.{n}", what)


def _amount(request: EvaluatePricingRules) -> Money | pricing.Rated:
    asset = Asset.parse(request.asset)
    if (request.amount is None) is (request.price is None):
        raise invalid("amount", "must be given, or else price with quantity, and not both")
    if request.amount is not None:
        return money(request.amount, asset)
    assert request.price is not None, "one of the two was given"
    quantity = _number("quantity", request.quantity)
    if quantity is None:
        raise invalid("quantity", "is required with a price")
    try:
        return pricing.rate(pricing.read_price(request.price), quantity, asset)
    except pricing.PriceNotReadable as error:
        raise InvalidRequest(
            [each | {"field": _within_price(each["field"])} for each in error.problems]
        ) from None
    except pricing.PriceRefused as error:
        error.field = f"price.{error.field}"
        raise


def _within_price(path: str) -> str:
    return path if path == "price" else f"price.{path}"


async def _context(work: Work, request: EvaluatePricingRules, supposed: Supposed) -> Context:
    defined = await pricing_facts.all_known(work)
    kept = await pricing_facts.facts_of(work) if work.found_project_id else None
    facts = _facts(supposed, kept or Facts(), defined)
    said = read_values(request.usage_properties or {}, Of.USAGE, defined, "usage_properties")
    is_known = kept is not None or supposed.segments is not None
    return Context(
        at=request.at or work.now,
        quantity=_number("quantity", request.quantity),
        period_quantity=_number("suppose.period_quantity", supposed.period_quantity),
        demand=_number("suppose.demand", supposed.demand, least=None),
        country=facts.country,
        region=facts.region,
        # Of nobody in particular, the labels are as little known as anything else.
        segments=facts.segments if is_known else None,
        properties={Of.PROJECT: facts.properties, Of.USAGE: said},
    )


def _facts(supposed: Supposed, kept: Facts, defined: Known) -> Facts:
    """Return what is known about the project, and what staff suppose in its place."""
    country, region = supposed.country, supposed.region
    if country is not None and country not in countries():
        raise invalid("suppose.country", "must be a country of ISO 3166-1, as in DE or US")
    if country and region and region[:2] != country:
        raise invalid("suppose.region", f"must be a region of {country}")
    if country is None and region is None:
        country, region = kept.country, kept.region
    told = kept.properties
    if supposed.properties is not None:
        told = read_values(supposed.properties, Of.PROJECT, defined, "suppose.properties")
    segments = kept.segments if supposed.segments is None else frozenset(supposed.segments)
    return Facts(country=country, region=region, segments=segments, properties=told)


def _number(field: str, text: str | None, *, least: int | None = 0) -> Decimal | None:
    if text is None:
        return None
    number = Decimal(text)
    if least is not None and number < least:
        raise invalid(field, "must not be below zero")
    return number
