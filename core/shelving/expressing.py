"""Say a price in the provider's words, or say why that cannot be done. Pure.

What is said there charges exactly what it charges here, for every quantity; what would only come
close is billed by us. The provider prices units, packages and tiers of whole ends, once or each
interval, of a quantity or of what a meter of its own adds up. It has no words for the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from core import catalog, metering, payments, pricing
from core.catalog import IntervalUnit, Item, ItemKind
from core.kernel.money import Asset

COUNTS_MAX = {
    IntervalUnit.DAY: 1095,
    IntervalUnit.WEEK: 156,
    IntervalUnit.MONTH: 36,
    IntervalUnit.YEAR: 3,
}
"""Three years: the provider bills nothing more seldom."""
FORMULAS: Mapping[metering.Aggregation, Literal["sum", "last"]] = {
    # One for each event that is exported, so that their sum is their count.
    metering.Aggregation.COUNT: "sum",
    metering.Aggregation.SUM: "sum",
    metering.Aggregation.LAST: "last",
}
ZERO = Decimal(0)


class BilledByUs(Exception):
    """The provider has no price like it. The text is the reason, for people."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What stands around the price of an item."""

    item: Item
    interval: catalog.Interval
    asset: Asset
    meter: metering.Meter | None
    limit: payments.CurrencyLimit | None
    """What the provider takes in the price book's currency."""

    @property
    def is_metered(self) -> bool:
        return self.item.kind is ItemKind.USAGE

    @property
    def is_once(self) -> bool:
        return self.item.kind is ItemKind.ONE_TIME


def express(offer: Offer, price: pricing.Price) -> payments.Cost:
    """Return what the provider shall charge by, its meter left open. Raises BilledByUs."""
    _require_plain(price)
    if offer.limit is None or offer.limit.asset != offer.asset:
        raise BilledByUs(f"the provider takes no payments in {offer.asset}")
    if not offer.is_once and offer.interval.count > COUNTS_MAX[offer.interval.unit]:
        raise BilledByUs("the provider bills nothing more seldom than every three years")
    if offer.meter and offer.meter.aggregation not in FORMULAS:
        raise BilledByUs(f"the provider cannot add up by {offer.meter.aggregation}")
    return _model(offer, price)


def _require_plain(price: pricing.Price) -> None:
    terms = {
        "commitment": price.commitment is not None,
        "minimum_spend": price.minimum_spend is not None,
        "maximum_spend": price.maximum_spend is not None,
        "per window": price.per is pricing.Per.WINDOW,
    }
    if named := [name for name, is_there in terms.items() if is_there]:
        raise BilledByUs(f"the provider's prices have no {', '.join(named)}")


def _model(offer: Offer, price: pricing.Price) -> payments.Cost:
    kind, name = type(price.model), price.model.name
    say = _SAYINGS.get(kind)
    if say is None:
        raise BilledByUs(f"the provider has no price of model {name}")
    if price.free_units and kind not in {pricing.PerUnit, pricing.Graduated}:
        raise BilledByUs(f"the provider has no free units beside a price of model {name}")
    return say(offer, price.model, price.free_units)


def _flat_fee(offer: Offer, model: pricing.Flat, _free: Decimal) -> payments.Cost:
    if offer.is_metered:
        return _tiered(offer, [pricing.Tier(unit=ZERO, flat=model.amount)], "graduated")
    return _each(offer, model.amount)


def _per_unit(offer: Offer, model: pricing.PerUnit, free: Decimal) -> payments.Cost:
    if free:
        return _moved(offer, [pricing.Tier(unit=model.unit)], free)
    return _each(offer, model.unit)


def _package(offer: Offer, model: pricing.Package, _free: Decimal) -> payments.Cost:
    return _each(offer, model.amount, _whole(model.size, "a package"))


def _graduated(offer: Offer, model: pricing.Graduated, free: Decimal) -> payments.Cost:
    return _moved(offer, model.tiers, free)


def _volume(offer: Offer, model: pricing.Volume, _free: Decimal) -> payments.Cost:
    return _tiered(offer, model.tiers, "volume")


def _seats(offer: Offer, seats: pricing.Seats, _free: Decimal) -> payments.Cost:
    """Have those that are included, or charged in any case, be the first tier."""
    inner = seats.price
    if offer.is_metered or not isinstance(inner.model, pricing.PerUnit) or inner.free_units:
        raise BilledByUs("the provider counts seats at one price each, and by quantity, alone")
    _require_plain(inner)
    if seats.at_most is not None:
        raise BilledByUs("the provider's prices do not end at so many seats")
    first, each = max(seats.included, seats.at_least), inner.model.unit
    if not first:
        return _each(offer, each)
    flat = each * (first - seats.included)
    tiers = [pricing.Tier(Decimal(first), ZERO, flat), pricing.Tier(unit=each)]
    return _tiered(offer, tiers, "graduated")


_SAYINGS: Mapping[type, Callable[[Offer, Any, Decimal], payments.Cost]] = {
    pricing.Flat: _flat_fee,
    pricing.PerUnit: _per_unit,
    pricing.Package: _package,
    pricing.Graduated: _graduated,
    pricing.Volume: _volume,
    pricing.Seats: _seats,
}


def _moved(offer: Offer, tiers: Sequence[pricing.Tier], free: Decimal) -> payments.Cost:
    if not free:
        return _tiered(offer, tiers, "graduated")
    # The first tier is reached by no usage at all, so what is flat in it is due from the start.
    units = _whole(free, "what is free")
    start = pricing.Tier(Decimal(units), ZERO, tiers[0].flat)
    moved = [
        pricing.Tier(
            None if each.up_to is None else Decimal(_whole(each.up_to, "a tier") + units),
            each.unit,
            each.flat if n else None,
        )
        for n, each in enumerate(tiers)
    ]
    return _tiered(offer, [start, *moved], "graduated")


def _tiered(offer: Offer, tiers: Sequence[pricing.Tier], mode: payments.TierMode) -> payments.Cost:
    if offer.is_once:
        raise BilledByUs("the provider has no tiers for what is paid once")
    told = tuple(
        payments.Tier(
            up_to=None if each.up_to is None else _whole(each.up_to, "a tier"),
            unit=_units(offer, each.unit or ZERO),
            flat=_flat(offer, each.flat),
        )
        for each in tiers
    )
    return _cost(offer, tiers=told, mode=mode)


def _each(offer: Offer, amount: Decimal, package: int | None = None) -> payments.Cost:
    return _cost(offer, unit=_units(offer, amount), package=package)


def _cost(
    offer: Offer,
    *,
    unit: str | None = None,
    package: int | None = None,
    tiers: tuple[payments.Tier, ...] = (),
    mode: payments.TierMode | None = None,
) -> payments.Cost:
    return payments.Cost(
        asset=offer.asset,
        unit=unit,
        package=package,
        tiers=tiers,
        mode=mode,
        interval=None if offer.is_once else offer.interval.unit.value,
        interval_count=1 if offer.is_once else offer.interval.count,
    )


def _units(offer: Offer, amount: Decimal) -> str:
    """Write an amount in smallest units, with every digit it has."""
    units, limit = amount.scaleb(offer.asset.scale), offer.limit
    assert limit is not None, "the currency is taken"
    if units > limit.most:
        raise BilledByUs(f"{amount:f} is more than the provider takes in {offer.asset} at once")
    # Fine prices are taken of what is counted in ones; what is counted in tens is whole tens.
    if limit.step > 1 and units % limit.step:
        raise BilledByUs(f"{amount:f} is finer than the provider takes in {offer.asset}")
    return payments.figure(units)


def _flat(offer: Offer, amount: Decimal | None) -> int | None:
    units = Decimal(_units(offer, amount or ZERO))
    if units != int(units):
        raise BilledByUs(f"the provider takes no flat {amount:f} finer than {offer.asset}")
    return int(units) or None


def _whole(value: Decimal, what: str) -> int:
    if value != int(value):
        raise BilledByUs(f"the provider counts whole units, and {what} is of {value:f}")
    return int(value)
