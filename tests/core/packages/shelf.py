"""Packages, written down in few words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core import pricing
from core.kernel.money import Asset, Money
from core.packages import Package, Part, Terms
from tests.world import START

USD = Asset.parse("USD/2")


def each(unit: str) -> dict[str, Any]:
    return {"model": "per_unit", "unit": unit}


def flat(amount: str) -> dict[str, Any]:
    return {"model": "flat", "amount": amount}


def part(key: str, price: Mapping[str, Any] | None = None, **more: Any) -> Part:
    """Make a part of which there may be one to ten, priced in dollars or not at all."""
    told = {"plan_key": None, "required": True, "quantity": 1, "at_least": 1, "at_most": 10, **more}
    prices = None if price is None else {"usd": pricing.read_price(price)}
    return Part(key=key, product_key=key, prices=prices, **told)


def package(
    *parts: Part, own: Mapping[str, Any] | None = None, percent: str = "", off: str = ""
) -> Package:
    terms = Terms(
        parts=parts,
        prices=None if own is None else {"usd": pricing.read_price(own)},
        discount_percent=Decimal(percent) if percent else None,
        discount_amounts={"usd": Money.of(off, USD)} if off else None,
    )
    return Package(
        id="pkg_01jd3x8k5vq2m7r9t4w6y0z1ab",
        key="office",
        version=1,
        newest_version=1,
        name="Office",
        description=None,
        terms=terms,
        created_at=START,
        archived_at=None,
    )
