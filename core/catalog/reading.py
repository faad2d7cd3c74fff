"""Reading what was sent as a version's terms: what is wrong is said with the path of the field.

Everything that a plan names must be there: meters, features, price books. Problems are gathered, so
that one refusal names them all; only a price is refused alone, in its own words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core import metering, pricing, products
from core.catalog.model import (
    Entitled,
    IncludedCredits,
    Item,
    ItemKind,
    QuotaWindow,
)
from core.catalog.shapes import EntitledForm, IncludedForm, ItemForm
from core.db.work import Work
from core.kernel.errors import EngineError
from core.kernel.money import Asset, Money
from core.kernel.quantity import micro
from core.operations.errors import InvalidRequest
from core.operations.fields import money
from core.products import Feature, FeatureKind, PriceBook

PRICE_REFUSALS: tuple[type[EngineError], ...] = (
    pricing.PriceNotReadable,
    *pricing.PriceRefused.__subclasses__(),
)
"""What is said of a price that cannot be."""

Problem = tuple[str, str]
"""The path of a field, and what is wrong with it and would be right."""

_OF_EACH = {"count", "sum"}
"""What a meter makes of events of which each counts for itself."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a plan may name."""

    books: Mapping[str, PriceBook]
    features: Mapping[str, Feature]
    meters: Mapping[str, metering.Meter]


async def known(work: Work, meters: Sequence[str | None], features: Sequence[str]) -> Known:
    """Look up what these name, and every price book."""
    named = await products.find_features(work, features)
    wanted = [*meters, *(each.meter_key for each in named.values())]
    found = await metering.find_meters(work, [key for key in wanted if key])
    return Known(await products.find_books(work), named, found)


async def known_to(work: Work, items: Sequence[Item], entitlements: Sequence[Entitled]) -> Known:
    keys = [each.feature_key for each in entitlements]
    return await known(work, [each.meter_key for each in items], keys)


def read_items(told: Sequence[ItemForm], known: Known) -> tuple[Item, ...]:
    """Read items. Raises a PriceRefused of a price, else InvalidRequest for all that is wrong."""
    read = tuple(_item(n, each, known) for n, each in enumerate(told))
    refuse(problems_of_items(read, known))
    return read


def read_entitlements(told: Sequence[EntitledForm], known: Known) -> tuple[Entitled, ...]:
    """Read what a plan gives. Raises InvalidRequest for all that is wrong."""
    problems: list[Problem] = []
    read: list[Entitled] = []
    for n, each in enumerate(told):
        feature, path = known.features.get(each.feature_key), f"entitlements.{n}"
        wrong = [*_wrong(each, feature)] if feature else []
        problems += [(f"{path}.{name}", what) for name, what in wrong]
        if feature and not wrong:
            read.append(_entitled(each, feature.kind))
        elif feature is None:
            problems.append((f"{path}.feature_key", _no_feature(each.feature_key)))
    refuse(problems)
    refuse(problems_of_entitlements(read, known))
    return tuple(read)


def read_included(told: IncludedForm | None) -> IncludedCredits | None:
    if told is None:
        return None
    asset, path = Asset.parse(told.asset), "included_credits"
    rollover = told.rollover_max
    return IncludedCredits(
        amount=money(told.amount, asset, f"{path}.amount"),
        rollover_max=_money(rollover, asset, f"{path}.rollover_max"),
        expires_after_days=told.expires_after_days,
    )


def refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise InvalidRequest([{"field": field, "problem": what} for field, what in problems])


# -- What is named must be there -------------------------------------------------------------------


def problems_of_items(items: Sequence[Item], known: Known) -> list[Problem]:
    problems: list[Problem] = []
    keys = [each.key for each in items]
    for n, item in enumerate(items):
        path = f"items.{n}"
        if item.key in keys[:n]:
            problems.append((f"{path}.key", f"is the key of items.{keys.index(item.key)} already"))
        problems += [(f"{path}.meter_key", what) for what in _meter(item, known)]
        for key, price in item.prices.items():
            at = f"{path}.prices.{key}"
            if key not in known.books:
                problems.append((at, f"there is no price book {key}; see list_price_books"))
            problems += [(f"{at}.{where}", what) for where, what in _unfit(item, price, known)]
    return problems


def problems_of_entitlements(entitlements: Sequence[Entitled], known: Known) -> list[Problem]:
    problems: list[Problem] = []
    keys = [each.feature_key for each in entitlements]
    for n, each in enumerate(entitlements):
        path = f"entitlements.{n}.feature_key"
        feature = known.features.get(each.feature_key)
        if each.feature_key in keys[:n]:
            problems.append((path, f"is that of entitlements.{keys.index(each.feature_key)}, too"))
        if feature is None:
            problems.append((path, _no_feature(each.feature_key)))
        elif feature.archived_at:
            problems.append((path, f"the feature {feature.key} was archived; leave it out"))
        elif feature.meter_key:
            what = _archived(feature.meter_key, known)
            problems += [(path, f"{each}, so it cannot be counted") for each in what]
    return problems


def _meter(item: Item, known: Known) -> Iterator[str]:
    if item.kind is not ItemKind.USAGE:
        if item.meter_key:
            yield f"must be left out: only an item of kind usage is metered, not {item.kind}"
    elif item.meter_key is None:
        yield "is required: an item of kind usage is counted by a meter; see list_meters"
    elif item.meter_key not in known.meters:
        yield f"there is no meter {item.meter_key}; see list_meters"
    else:
        yield from (f"{each}; choose another" for each in _archived(item.meter_key, known))


def _archived(meter_key: str, known: Known) -> list[str]:
    meter = known.meters.get(meter_key)
    if meter is None:
        return [f"there is no meter {meter_key}"]
    return [f"the meter {meter_key} was archived"] if meter.archived_at else []


def _no_feature(key: str) -> str:
    return f"there is no feature {key}; see list_features"


def _unfit(item: Item, price: pricing.Price, known: Known) -> Iterator[Problem]:
    """Find what the price asks of usage that the item will never have."""
    meter = known.meters.get(item.meter_key or "")
    metered = item.kind is ItemKind.USAGE
    by_event = pricing.Percentage if metered else pricing.Percentage | pricing.Matrix
    for path, each in _within("", price):
        name = each.model.name
        if not metered and each.per is pricing.Per.WINDOW:
            yield f"{path}per", "must be period: only usage is counted in windows"
        if not isinstance(each.model, by_event):
            continue
        if not metered:
            what = f"must not be {name}, which looks at events: only items of kind usage have any"
            yield f"{path}model", what
        elif meter and meter.aggregation not in _OF_EACH:
            keeps = f"{meter.key} keeps the {meter.aggregation} of its events"
            what = f"must not be {name}, which looks at each event: {keeps}"
            yield f"{path}model", f"{what}; choose a meter that counts or sums, or another model"


def _within(path: str, price: pricing.Price) -> Iterator[tuple[str, pricing.Price]]:
    yield path, price
    model = price.model
    if isinstance(model, pricing.Seats | pricing.Credits):
        yield from _within(f"{path}price.", model.price)
    if isinstance(model, pricing.Matrix):
        for n, cell in enumerate(model.cells):
            yield from _within(f"{path}cells.{n}.price.", cell.price)
        if model.otherwise:
            yield from _within(f"{path}otherwise.", model.otherwise)


# -- One item, one price, one entitlement ----------------------------------------------------------


def _item(n: int, told: ItemForm, known: Known) -> Item:
    prices = {
        key: _price(f"items.{n}.prices.{key}", told.prices[key], known.books.get(key))
        for key in sorted(told.prices)
    }
    return Item(
        key=told.key,
        name=told.name,
        kind=ItemKind(told.kind),
        meter_key=told.meter_key,
        prices=prices,
    )


def _price(path: str, told: Mapping[str, Any], book: PriceBook | None) -> pricing.Price:
    written = dict(told)
    currency = written.pop("currency", None)
    if book and currency is not None and currency not in {str(book.asset), book.asset.code}:
        what = f"must be {book.asset}, or be left out: the price book {book.key} is in that"
        refuse([(f"{path}.currency", what)])
    try:
        return pricing.read_price(written)
    except pricing.PriceNotReadable as error:
        error.problems = [
            each | {"field": path if each["field"] == "price" else f"{path}.{each['field']}"}
            for each in error.problems
        ]
        raise
    except pricing.PriceRefused as error:
        error.field = f"{path}.{error.field}"
        raise


def _wrong(told: EntitledForm, feature: Feature) -> Iterator[Problem]:
    kind = feature.kind
    if kind is FeatureKind.SWITCH:
        for name in ("limit", "unlimited", "per"):
            if getattr(told, name) is not None:
                yield name, f"must be left out: {feature.key} is a switch; say enabled"
        return
    if told.enabled is not None:
        yield "enabled", f"must be left out: {feature.key} is a {kind}; say limit or unlimited"
    if (told.limit is None) == (not told.unlimited):
        yield "limit", f"is required of a {kind}, unless unlimited is true; give one of the two"
    elif told.limit is not None and kind is FeatureKind.LIMIT and "." in told.limit:
        yield "limit", f"must be a whole number: {feature.key} is a limit"
    elif told.limit is not None and micro(told.limit) is None:
        yield "limit", "must have at most six decimals, and be less than nine million million"
    if kind is FeatureKind.QUOTA and told.per is None:
        yield "per", "is required of a quota: when does it begin anew? ever is an answer"
    if kind is FeatureKind.LIMIT and told.per is not None:
        yield "per", f"must be left out: {feature.key} is a limit, which does not begin anew"


def _entitled(told: EntitledForm, kind: FeatureKind) -> Entitled:
    return Entitled(
        feature_key=told.feature_key,
        kind=kind,
        enabled=True if told.enabled is None else told.enabled,
        limit=None if told.limit is None else Decimal(told.limit),
        per=QuotaWindow(told.per) if told.per else None,
    )


def _money(text: str | None, asset: Asset, field: str) -> Money | None:
    return None if text is None else money(text, asset, field)
