"""Prices as tests write them."""

from decimal import Decimal
from typing import Any

from core import pricing
from core.kernel.money import Asset

USD = Asset("USD", 2)
FINE = Asset("USD", 12)


def price(model: str, **members: Any) -> pricing.Price:
    return pricing.read_price({"model": model, **members})


def cost(
    price: pricing.Price | pricing.Model, quantity: str | pricing.Usage, asset: Asset = USD
) -> str:
    """What it costs, as people write it: `12.50`."""
    usage = Decimal(quantity) if isinstance(quantity, str) else quantity
    return pricing.rate(price, usage, asset).total.decimal


def lines(price: pricing.Price, quantity: str | pricing.Usage) -> dict[str, str]:
    """What each part of the price came to."""
    usage = Decimal(quantity) if isinstance(quantity, str) else quantity
    rated = pricing.rate(price, usage, USD)
    return {line.path: f"{Decimal(line.amount).scaleb(-2):.2f}" for line in rated.lines}


def transactions(*amounts: str) -> pricing.Usage:
    return pricing.Usage.of_transactions(map(Decimal, amounts))


def windows(*quantities: str) -> pricing.Usage:
    return pricing.Usage.of_windows(pricing.Usage(Decimal(each)) for each in quantities)


def group(quantity: str, **properties: str) -> pricing.Group:
    return pricing.Group(properties, pricing.Usage(Decimal(quantity)))
