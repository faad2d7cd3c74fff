"""What a changed price asks for a quantity, before and after. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core import pricing
from core.catalog.comparing import Change
from core.products import PriceBook


def cost_of(
    change: Change, books: Mapping[str, PriceBook], quantity: str | None
) -> Mapping[str, str]:
    """Rate the price that was changed, as it was and as it is; nothing of any other change."""
    book = books.get(change.price_book or "")
    if quantity is None or book is None:
        return {}
    told = {"currency": str(book.asset)}
    try:
        for name, written in (("before", change.before), ("after", change.after)):
            if written is not None:
                told[name] = _rated(written, Decimal(quantity), book)
    except pricing.UsageRefused as error:
        return {"not_rated": str(error)}
    return told


def _rated(written: Mapping[str, Any], quantity: Decimal, book: PriceBook) -> str:
    return pricing.rate(pricing.read_price(written), quantity, book.asset).total.decimal
