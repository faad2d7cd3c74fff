"""How drafts and taxes are written as JSON and read again. Amounts are decimal texts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core import coupons, taxing
from core.bills.model import Line, LineKind
from core.kernel.money import Asset, Money
from core.kernel.period import Period

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


def rate(told: taxing.Rate) -> Json:
    return {"name": told.name, "percent": f"{told.percent.normalize():f}"}


def rate_of(written: Json) -> taxing.Rate:
    return taxing.Rate(written["name"], Decimal(written["percent"]))


def taxes(parts: Sequence[taxing.TaxPart]) -> list[Json]:
    return [rate(each.rate) | {"amount": each.amount.amount} for each in parts]


def taxes_of(written: Sequence[Json], asset: Asset) -> tuple[taxing.TaxPart, ...]:
    return tuple(taxing.TaxPart(rate_of(each), Money(each["amount"], asset)) for each in written)
