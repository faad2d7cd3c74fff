"""How a line of usage came about, as JSON that it can be computed again from. Pure.

An explanation has the price, the usage and what the rules went by; what it comes to, less what was
billed before, and more what is left for another invoice, is the amount of its line.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import pricing, pricing_rules
from core.kernel.money import Asset, Money
from core.kernel.rounding import to_units
from core.pricing import Group, Price, Rated, Usage, text
from core.pricing_facts import Of, Value, plain
from core.pricing_rules import Adjusted, Context, Rule, Subject

Json = dict[str, Any]
AMOUNTS_MAX = 2_000
"""So many single events are kept with a line; of more it is kept what each part of a price made."""


def write_usage(usage: Usage) -> Json:
    """Write usage with all that a price may ask of it; without single events, if they are many."""
    told: Json = {"quantity": text(usage.quantity), "events": usage.events}
    if usage.amounts is not None:
        told["amounts"] = None
        if len(usage.amounts) <= AMOUNTS_MAX:
            told["amounts"] = [*map(text, usage.amounts)]
    if usage.groups is not None:
        told["groups"] = [
            {"properties": dict(each.properties), "usage": write_usage(each.usage)}
            for each in usage.groups
        ]
    if usage.windows is not None:
        told["windows"] = [write_usage(each) for each in usage.windows]
    return told


def is_whole(written: Mapping[str, Any]) -> bool:
    """Tell whether usage was written with everything that it was rated from."""
    if "amounts" in written and written["amounts"] is None:
        return False
    within = [each["usage"] for each in written.get("groups", ())] + [*written.get("windows", ())]
    return all(map(is_whole, within))


def read_usage(written: Mapping[str, Any], *, is_closed: bool = True) -> Usage:
    amounts, groups, windows = (written.get(name) for name in ("amounts", "groups", "windows"))
    return Usage(
        Decimal(written["quantity"]),
        written["events"],
        None if amounts is None else tuple(map(Decimal, amounts)),
        None
        if groups is None
        else tuple(Group(each["properties"], read_usage(each["usage"])) for each in groups),
        None if windows is None else tuple(map(read_usage, windows)),
        is_closed=is_closed,
    )


def write_rated(rated: Rated) -> list[Json]:
    """Write what each part of a price came to."""
    return [
        {
            "path": each.path,
            "note": each.note,
            "quantity": text(each.quantity),
            "unit": text(each.unit),
            "flat": text(each.flat),
            "exact": text(each.exact),
            "amount": each.amount,
        }
        for each in rated.lines
    ]


# -- Rules -----------------------------------------------------------------------------------------


def write_rules(adjusted: Adjusted, subject: Subject, context: Context) -> Json:
    """Write which rules did what, and all that they went by."""
    return {
        "applied": [each.rule.reference for each in adjusted.applied],
        "explained": adjusted.explained,
        "subject": {name: getattr(subject, name) for name in Subject.__slots__},
        "context": {
            "at": context.at.isoformat(),
            "quantity": None if context.quantity is None else text(context.quantity),
            "country": context.country,
            "region": context.region,
            "segments": sorted(context.segments or ()),
            "properties": {
                name: {"number": plain(value)} if isinstance(value, Decimal) else value
                for name, value in sorted(context.properties.get(Of.PROJECT, {}).items())
            },
        },
    }


def read_subject(written: Mapping[str, Any]) -> Subject:
    return Subject(**written["subject"])


def read_context(written: Mapping[str, Any]) -> Context:
    told = written["context"]
    quantity = None if told["quantity"] is None else Decimal(told["quantity"])
    return Context(
        at=datetime.fromisoformat(told["at"]),
        quantity=quantity,
        period_quantity=quantity,
        country=told["country"],
        region=told["region"],
        segments=frozenset(told["segments"]),
        properties={Of.PROJECT: {n: _value(each) for n, each in told["properties"].items()}},
    )


def _value(written: Any) -> Value:
    value: Value = Decimal(written["number"]) if isinstance(written, dict) else written
    return value


# -- Computed again --------------------------------------------------------------------------------


class NotAsExplained(Exception):
    """What an explanation says does not fit together."""


def recompute(explanation: Mapping[str, Any], asset: Asset, rules: Sequence[Rule]) -> int:
    """Return the amount of a line from its explanation alone, in smallest units.

    `rules` are those that it names. Raises NotAsExplained where it contradicts itself.
    """
    amount = 0
    if explanation.get("price") is not None:
        rated = _rated(explanation, asset)
        amount = rated.total.amount
        told = explanation["rules"]
        if told is not None:
            adjusted = pricing_rules.adjust(rules, read_subject(told), read_context(told), rated)
            amount = adjusted.amount.amount
    if amount != (said := Money.of(explanation["amount"], asset).amount):
        raise NotAsExplained(f"its usage comes to {amount}, and it says {said}")
    before, left = (Money.of(explanation[name], asset).amount for name in ("before", "left"))
    return amount - before + left


def _rated(explanation: Mapping[str, Any], asset: Asset) -> Rated:
    price: Price = pricing.read_price(explanation["price"])
    used = explanation["usage"]
    if is_whole(used):
        return pricing.rate(price, read_usage(used, is_closed=explanation["is_closed"]), asset)
    return _added_up(explanation["parts"], asset)


def _added_up(parts: Sequence[Mapping[str, Any]], asset: Asset) -> Rated:
    """Add up what each part of the price came to, where single events are not kept."""
    lines = []
    for each in parts:
        numbers = (Decimal(each[name]) for name in ("quantity", "unit", "flat", "exact"))
        quantity, unit, flat, exact = numbers
        # What is to be paid at least, or at most, is kept to the unit: it makes up for rounding.
        slack = len(parts) if not quantity else 0
        off = abs(to_units(exact, asset.scale) - each["amount"])
        if quantity * unit + flat != exact or off > slack:
            raise NotAsExplained(f"{each['path']} is not what it says")
        named = each["path"], each["note"]
        lines.append(pricing.Line(*named, quantity, unit, flat, exact, each["amount"]))
    return Rated(tuple(lines), Money(sum(each.amount for each in lines), asset))
