"""Lines of invoices, written as people write them."""

from decimal import Decimal
from typing import Any

from core.bills.model import Line, LineKind
from core.bills.totalling import Totals, total
from core.coupons import Discount
from core.kernel.money import Asset, Money
from core.taxing import PER_LINE, Decision, Policy, Rate, Treatment

USD, EUR = Asset("USD", 2), Asset("EUR", 2)
VAT = Rate("VAT", Decimal(20))


def usd(text: str) -> Money:
    return Money.of(text, USD)


def line(name: str, amount: str, /, **more: Any) -> Line:
    told: dict[str, Any] = {"kind": LineKind.ONE_TIME, "description": name.capitalize()} | more
    return Line(id=name, amount=usd(amount), **told)


def totals(
    *lines: Line,
    rates: tuple[Rate, ...] = (),
    discounts: tuple[Discount, ...] = (),
    policy: Policy = PER_LINE,
) -> Totals:
    """Work out what these lines come to, all of them with these taxes."""
    taxed = Decision(Treatment.TAXED, {each.tax_category: rates for each in lines})
    return total(USD, lines, discounts, taxes=taxed, policy=policy)
