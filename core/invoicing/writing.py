"""How drafts, parties and taxes are written as JSON and read again. Amounts are decimal texts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core import coupons, taxing
from core.bills import Address, BillingDetails, LegalEntity, Line, LineKind
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.kernel.rounding import Rounding

Json = dict[str, Any]

# -- Drafts ----------------------------------------------------------------------------------------


def content(lines: Sequence[Line], discounts: Sequence[coupons.Discount]) -> Json:
    return {"lines": [*map(_line, lines)], "discounts": [*map(_discount, discounts)]}


def lines_of(written: Mapping[str, Any], asset: Asset) -> tuple[Line, ...]:
    return tuple(_read_line(each, asset) for each in written["lines"])


def discounts_of(written: Mapping[str, Any]) -> tuple[coupons.Discount, ...]:
    return tuple(map(_read_discount, written["discounts"]))


def _line(line: Line) -> Json:
    period = line.period
    return {
        "id": line.id,
        "kind": str(line.kind),
        "description": line.description,
        "amount": line.amount.decimal,
        "quantity": line.quantity,
        "unit_amount": line.unit_amount,
        "period": [period.start_at.isoformat(), period.end_at.isoformat()] if period else None,
        "product_key": line.product_key,
        "tax_category": line.tax_category,
        "explanation": dict(line.explanation),
    }


def _read_line(written: Json, asset: Asset) -> Line:
    period = written["period"]
    return Line(
        **written
        | {
            "kind": LineKind(written["kind"]),
            "amount": Money.of(written["amount"], asset),
            "period": Period(*map(datetime.fromisoformat, period)) if period else None,
        }
    )


def _money(money: Money | None) -> list[str] | None:
    return [money.decimal, str(money.asset)] if money else None


def _read_money(written: list[str] | None) -> Money | None:
    return Money.of(written[0], Asset.parse(written[1])) if written else None


def _discount(discount: coupons.Discount) -> Json:
    off = discount.off
    return {
        "id": discount.id,
        "coupon_key": discount.coupon_key,
        "percent": None if isinstance(off, Money) else str(off),
        "amount": _money(off) if isinstance(off, Money) else None,
        "product_keys": sorted(discount.product_keys),
        "minimum": _money(discount.minimum),
    }


def _read_discount(written: Json) -> coupons.Discount:
    off = _read_money(written["amount"]) or Decimal(written["percent"])
    return coupons.Discount(
        id=written["id"],
        coupon_key=written["coupon_key"],
        off=off,
        product_keys=frozenset(written["product_keys"]),
        minimum=_read_money(written["minimum"]),
    )


# -- Taxes -----------------------------------------------------------------------------------------


def taxes(parts: Sequence[taxing.TaxPart]) -> list[Json]:
    return [rate(each.rate) | {"amount": each.amount.amount} for each in parts]


def taxes_of(written: Sequence[Json], asset: Asset) -> tuple[taxing.TaxPart, ...]:
    return tuple(taxing.TaxPart(rate_of(each), Money(each["amount"], asset)) for each in written)


def rate(told: taxing.Rate) -> Json:
    return {"name": told.name, "percent": f"{told.percent.normalize():f}"}


def rate_of(written: Json) -> taxing.Rate:
    return taxing.Rate(written["name"], Decimal(written["percent"]))


def _rule(rule: taxing.Rule) -> Json:
    return {
        "country": rule.country,
        "region": rule.region,
        "category": rule.category,
        "rates": [*map(rate, rule.rates)],
        "since": rule.since and rule.since.isoformat(),
        "until": rule.until and rule.until.isoformat(),
    }


def _read_rule(written: Json) -> taxing.Rule:
    days = {each: written[each] and date.fromisoformat(written[each]) for each in _DAYS}
    return taxing.Rule(**written | days | {"rates": tuple(map(rate_of, written["rates"]))})


_DAYS = ("since", "until")

# -- Parties ---------------------------------------------------------------------------------------


def _address(address: Address) -> Json:
    told = {name: getattr(address, name) for name in Address.__slots__}
    return told | {"lines": list(address.lines)}


def _read_address(written: Json) -> Address:
    return Address(**written | {"lines": tuple(written["lines"])})


def details(told: BillingDetails) -> Json:
    values = {name: getattr(told, name) for name in BillingDetails.__slots__}
    return values | {"address": _address(told.address)}


def details_of(written: Json) -> BillingDetails:
    return BillingDetails(**written | {"address": _read_address(written["address"])})


def entity(told: LegalEntity) -> Json:
    values = {name: getattr(told, name) for name in LegalEntity.__slots__}
    policy = told.policy
    return values | {
        "address": _address(told.address),
        "policy": [str(policy.behaviour), str(policy.on), str(policy.rule)],
        "rules": [*map(_rule, told.rules)],
    }


def entity_of(written: Json) -> LegalEntity:
    behaviour, on, rule = written["policy"]
    policy = taxing.Policy(taxing.Behaviour(behaviour), taxing.TaxOn(on), Rounding(rule))
    return LegalEntity(
        **written
        | {
            "address": _read_address(written["address"]),
            "policy": policy,
            "rules": tuple(map(_read_rule, written["rules"])),
        }
    )


def seller(told: LegalEntity) -> Json:
    """Return what an invoice keeps of who issued it: not how it is taxed."""
    kept = ("key", "name", "vat_id", "email", "zone", "footer")
    values = {name: getattr(told, name) for name in kept}
    return values | {"address": _address(told.address), "behaviour": str(told.policy.behaviour)}
