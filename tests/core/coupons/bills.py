"""Bills and discounts, written as people write them."""

from decimal import Decimal

from core.coupons import BillLine, Discount
from core.kernel.money import Asset, Money

USD, EUR = Asset("USD", 2), Asset("EUR", 2)


def bill(asset: Asset = USD, /, **lines: str) -> list[BillLine]:
    """Make a bill: `bill(seats="10.00", usage="2.50")`; a line is of the product it is called."""
    return [
        BillLine(id=name, amount=Money.of(amount, asset), product_key=name)
        for name, amount in lines.items()
    ]


def discount(name: str, off: str | Money, *products: str, minimum: Money | None = None) -> Discount:
    """Make a discount: a text is a percentage."""
    return Discount(
        id=name,
        coupon_key=name,
        off=off if isinstance(off, Money) else Decimal(off),
        product_keys=frozenset(products),
        minimum=minimum,
    )


def usd(text: str) -> Money:
    return Money.of(text, USD)
