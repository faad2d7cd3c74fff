"""Rate the usage of each part of a period, at the prices that were held then.

What was charged to a wallet is left out, and so is what another subscription's invoices bill.
Pricing rules apply as of the beginning of a part, to what its usage comes to before it is rounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import catalog, claims, metering, pricing, pricing_facts, pricing_rules
from core.arrears import explaining
from core.arrears.model import Json, Part, Usage
from core.arrears.needing import needs
from core.arrears.reading import usage_in
from core.catalog import Item, ItemKind, PlanVersion
from core.db.work import Work
from core.kernel.period import Period
from core.metering import Meter
from core.pricing import Rated
from core.pricing_facts import Of
from core.pricing_rules import Context, Rule, Subject

ZERO = Decimal(0)
Known = dict[str, PlanVersion]
"""Versions by their ids, for whoever rates many: what was published never changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What one item of one part comes to so far, or in all."""

    part: Part
    period: Period
    item: Item
    meter: Meter
    quantity: Decimal
    amount: int
    """In smallest units, after rules."""
    unit: Decimal | None
    """What one cost, where each cost the same and nothing else was added."""
    explanation: Json

    @property
    def key(self) -> tuple[datetime, str]:
        return self.part.start_at, self.item.key


def usage_items(version: PlanVersion) -> list[Item]:
    return [each for each in version.items if each.kind is ItemKind.USAGE]


async def find_version(work: Work, version_id: str, known: Known | None = None) -> PlanVersion:
    version = (known or {}).get(version_id)
    if version is None:
        version = await catalog.version_by_id(work, version_id)
        if known is not None:
            known[version_id] = version
    return version


async def rate(
    work: Work, usage: Usage, at: datetime, *, is_over: bool, known: Known | None = None
) -> list[Rating]:
    """Rate all parts as far as they go until then.

    What falls due at the end of a period, as a minimum does, is charged of the version with which
    it ends: a part that a change cuts off has none.
    """
    ratings = []
    for part in usage.parts:
        version = await find_version(work, part.held.version_id, known)
        is_closed = is_over and part is usage.parts[-1]
        for item in usage_items(version):
            of = _Of(usage, part, part.until(at), item, is_closed)
            ratings.append(await _rate(work, of))
    return ratings


@dataclass(frozen=True, slots=True)
class _Of:
    usage: Usage
    part: Part
    period: Period
    item: Item
    is_closed: bool


async def _rate(work: Work, of: _Of) -> Rating:
    usage, item, held = of.usage, of.item, of.part.held
    assert item.meter_key, "what is billed by usage has a meter"
    meter = await metering.find_meter(work, item.meter_key)
    price = item.prices[held.book_key]
    used = await _used(work, of, meter, price)
    rated = pricing.rate(price, used._replace(is_closed=of.is_closed), usage.asset)
    rules = await _adjusted(work, of, used.quantity, rated)
    amount = rated.total.amount if rules is None else rules[0]
    said = type(rated.total)(amount, usage.asset)
    explanation = {
        "subscription_id": usage.subscription_id,
        "plan": f"{held.plan_key}@{held.plan_version}",
        "version_id": held.version_id,
        "price_book": held.book_key,
        "item": item.key,
        "meter": meter.key,
        "start_at": of.part.start_at.isoformat(),
        "end_at": of.period.end_at.isoformat(),
        "is_closed": of.is_closed,
        "price": pricing.write_price(price),
        "usage": explaining.write_usage(used),
        "parts": explaining.write_rated(rated),
        "explained": list(rated.explained),
        "rules": rules[1] if rules else None,
        "amount": said.decimal,
    }
    return Rating(
        part=of.part,
        period=of.period,
        item=item,
        meter=meter,
        quantity=used.quantity,
        amount=amount,
        unit=_unit(rated) if rules is None else None,
        explanation=explanation,
    )


async def _used(work: Work, of: _Of, meter: Meter, price: pricing.Price) -> pricing.Usage:
    """Return what the part is billed for: what nobody else bills, and no wallet was charged."""
    asked, by = needs(price), of.usage.subscription_id
    own = await claims.claimable(work, meter.id, of.period, by=by)
    each = [
        await usage_in(work, meter, asked, period, zone=of.usage.zone, uncharged=True)
        for period in own
    ]
    if not each:
        return pricing.Usage(ZERO, 0, (), (), ())
    whole = each[0] if len(each) == 1 else _together(each, windows=asked.windows)
    # What operators took back may be more than there was: that is nothing, and no money back.
    return whole if whole.quantity >= ZERO else whole._replace(quantity=ZERO)


def _together(each: list[pricing.Usage], *, windows: bool) -> pricing.Usage:
    """Add up what was used before and after a time that somebody else bills."""
    if windows:
        return pricing.Usage.of_windows(one for usage in each for one in usage.windows or ())
    whole = each[0]
    for more in each[1:]:
        whole = whole.more(more)
    return whole


def _unit(rated: Rated) -> Decimal | None:
    charged = [each for each in rated.lines if each.exact or each.quantity]
    if len(charged) == 1 and not charged[0].flat:
        return charged[0].unit
    return None


# -- Rules -----------------------------------------------------------------------------------------


async def _adjusted(
    work: Work, of: _Of, quantity: Decimal, rated: Rated
) -> tuple[int, Json] | None:
    """Return what rules make of an amount and how, or None where they change nothing."""
    if not quantity or rated.exact < 0:
        return None
    rules = [
        each
        for each in await pricing_rules.active(work, of.part.start_at)
        if not asks_time_of_day(each)
    ]
    if not rules:
        return None
    facts = await pricing_facts.facts_of(work)
    context = Context(
        at=of.part.start_at,
        quantity=quantity,
        period_quantity=quantity,
        country=facts.country,
        region=facts.region,
        segments=facts.segments,
        properties={Of.PROJECT: facts.properties},
    )
    held = of.part.held
    subject = Subject(
        plan_key=held.plan_key,
        product_key=of.usage.product_key,
        item_key=of.item.key,
        meter_key=of.item.meter_key,
    )
    adjusted = pricing_rules.adjust(rules, subject, context, rated)
    if not adjusted.applied:
        return None
    return adjusted.amount.amount, explaining.write_rules(adjusted, subject, context)


def asks_time_of_day(rule: Rule) -> bool:
    """Tell whether a rule goes by the time of day: it says nothing of what lasted longer."""

    def within(written: Any) -> bool:
        if isinstance(written, Mapping):
            return written.get("kind") == "time_of_day" or any(map(within, written.values()))
        return isinstance(written, list | tuple) and any(map(within, written))

    return within(pricing_rules.write_terms(rule.terms).get("when"))
