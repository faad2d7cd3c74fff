"""How a package's terms are written: the JSON that answers and tables share."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core import pricing
from core.kernel.money import Asset, Money
from core.packages.model import Part, Prices, Terms

Json = dict[str, Any]


def write_terms(terms: Terms) -> Json:
    """Write terms, by the names of the fields that operations take."""
    percent, amounts = terms.discount_percent, terms.discount_amounts
    return {
        "parts": [write_part(each) for each in terms.parts],
        "prices": write_prices(terms.prices),
        "discount_percent": None if percent is None else format(percent, "f"),
        "discount_amounts": amounts and {key: amounts[key].decimal for key in sorted(amounts)},
    }


def stored(terms: Terms) -> Json:
    """Write terms as tables keep them: amounts beside what they are counted in."""
    amounts = terms.discount_amounts
    told = None
    if amounts is not None:
        told = {
            key: {"amount": each.decimal, "asset": str(each.asset)} for key, each in amounts.items()
        }
    return write_terms(terms) | {"discount_amounts": told}


def restored(told: Mapping[str, Any]) -> Terms:
    """Read terms as `stored` writes them."""
    percent, amounts = told["discount_percent"], told["discount_amounts"]
    return Terms(
        parts=tuple(_part(each) for each in told["parts"]),
        prices=_prices(told["prices"]),
        discount_percent=None if percent is None else Decimal(percent),
        discount_amounts=amounts
        and {
            key: Money.of(each["amount"], Asset.parse(each["asset"]))
            for key, each in amounts.items()
        },
    )


def write_part(part: Part) -> Json:
    return {
        "key": part.key,
        "product_key": part.product_key,
        "plan_key": part.plan_key,
        "required": part.required,
        "quantity": part.quantity,
        "at_least": part.at_least,
        "at_most": part.at_most,
        "prices": write_prices(part.prices),
    }


def write_prices(prices: Prices | None) -> Json | None:
    if prices is None:
        return None
    return {key: pricing.write_price(prices[key]) for key in sorted(prices)}


def _part(told: Mapping[str, Any]) -> Part:
    return Part(**{**told, "prices": _prices(told["prices"])})


def _prices(told: Mapping[str, Any] | None) -> Prices | None:
    if told is None:
        return None
    return {key: pricing.read_price(each) for key, each in told.items()}
