"""How a version's terms are written: the JSON that requests, answers, files and tables share.

A price is exactly what `pricing.write_price` makes of it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core import pricing
from core.catalog.model import (
    Entitled,
    IncludedCredits,
    Interval,
    IntervalUnit,
    Item,
    ItemKind,
    QuotaWindow,
    Terms,
)
from core.kernel.money import Asset, Money
from core.kernel.quantity import as_text, micro
from core.products import FeatureKind

Json = dict[str, Any]


def write_terms(terms: Terms) -> Json:
    """Write terms, by the names of the columns that keep them."""
    return {
        "interval": terms.interval.unit.value,
        "interval_count": terms.interval.count,
        "trial_days": terms.trial_days,
        "items": [write_item(each) for each in terms.items],
        "entitlements": [write_entitled(each) for each in terms.entitlements],
        "included_credits": write_included(terms.included) if terms.included else None,
        "notes": terms.notes,
    }


def read_terms(told: Mapping[str, Any]) -> Terms:
    """Read terms as `write_terms` writes them."""
    included = told["included_credits"]
    return Terms(
        interval=Interval(IntervalUnit(told["interval"]), told["interval_count"]),
        trial_days=told["trial_days"],
        items=tuple(read_item(each) for each in told["items"]),
        entitlements=tuple(read_entitled(each) for each in told["entitlements"]),
        included=read_included(included) if included else None,
        notes=told["notes"],
    )


def write_item(item: Item) -> Json:
    meter = {"meter_key": item.meter_key} if item.meter_key else {}
    named: Json = {"key": item.key, "name": item.name, "kind": item.kind.value, **meter}
    prices = {key: pricing.write_price(item.prices[key]) for key in sorted(item.prices)}
    return named | {"prices": prices}


def read_item(told: Mapping[str, Any]) -> Item:
    prices = told["prices"]
    return Item(
        key=told["key"],
        name=told["name"],
        kind=ItemKind(told["kind"]),
        meter_key=told.get("meter_key"),
        prices={key: pricing.read_price(prices[key]) for key in sorted(prices)},
    )


def write_entitled(entitled: Entitled) -> Json:
    told: Json = {"feature_key": entitled.feature_key, "kind": entitled.kind.value}
    if entitled.kind is FeatureKind.SWITCH:
        return told | {"enabled": entitled.enabled}
    if entitled.limit is None:
        told["unlimited"] = True
    else:
        told["limit"] = as_text(micro(f"{entitled.limit:f}") or 0)
    return told | ({"per": entitled.per.value} if entitled.per else {})


def read_entitled(told: Mapping[str, Any]) -> Entitled:
    limit, per = told.get("limit"), told.get("per")
    return Entitled(
        feature_key=told["feature_key"],
        kind=FeatureKind(told["kind"]),
        enabled=told.get("enabled", True),
        limit=Decimal(limit) if limit is not None else None,
        per=QuotaWindow(per) if per else None,
    )


def write_included(included: IncludedCredits) -> Json:
    told: Json = {"amount": included.amount.decimal, "asset": str(included.amount.asset)}
    if included.rollover_max is not None:
        told["rollover_max"] = included.rollover_max.decimal
    if included.expires_after_days is not None:
        told["expires_after_days"] = included.expires_after_days
    return told


def read_included(told: Mapping[str, Any]) -> IncludedCredits:
    asset, rollover = Asset.parse(told["asset"]), told.get("rollover_max")
    return IncludedCredits(
        amount=Money.of(told["amount"], asset),
        rollover_max=Money.of(rollover, asset) if rollover is not None else None,
        expires_after_days=told.get("expires_after_days"),
    )
