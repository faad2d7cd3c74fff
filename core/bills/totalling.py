"""What an invoice comes to: lines, less discounts, with taxes. Pure.

Discounts come off first, then taxes are put on what is left. What a wallet pays is no discount:
credits lower what is due, and neither the total nor its taxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core import coupons, taxing
from core.bills.model import Line
from core.kernel.money import Asset, Money


@dataclass(frozen=True, slots=True)
class LineTotal:
    line: Line
    discount: Money
    """What all discounts take off the line: not below zero."""
    taxed: taxing.TaxedLine

    @property
    def net(self) -> int:
        return self.taxed.net.amount

    @property
    def tax(self) -> int:
        return self.taxed.tax.amount

    @property
    def total(self) -> int:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything an invoice says in figures. Its lines sum to each of them."""

    asset: Asset
    lines: tuple[LineTotal, ...]
    discounts: tuple[coupons.Part, ...]
    taxes: tuple[taxing.TaxPart, ...]
    treatment: taxing.Treatment
    tax_note: str | None

    @property
    def subtotal(self) -> int:
        """Before discounts; with taxes, where prices contain them."""
        return sum(each.line.amount.amount for each in self.lines)

    @property
    def discount(self) -> int:
        return sum(each.discount.amount for each in self.lines)

    @property
    def net(self) -> int:
        return sum(each.net for each in self.lines)

    @property
    def tax(self) -> int:
        return sum(each.tax for each in self.lines)

    @property
    def total(self) -> int:
        return self.net + self.tax

    def off_by(self, discount_id: str) -> int:
        """What came of one discount: nothing, where it is not used up by this invoice."""
        return sum(each.amount.amount for each in self.discounts if each.discount_id == discount_id)


def total(
    asset: Asset,
    lines: Sequence[Line],
    discounts: Sequence[coupons.Discount],
    *,
    taxes: taxing.Decision,
    policy: taxing.Policy,
) -> Totals:
    """Work out the totals. Raises coupons.DiscountInAnotherCurrency, and converts nothing."""
    assert all(each.amount.asset == asset for each in lines), "an invoice is in one currency"
    bill = [
        coupons.BillLine(id=each.id, amount=each.amount, product_key=each.product_key)
        for each in lines
    ]
    discounted = coupons.apply(bill, discounts)
    left = discounted.left()
    taxable = [
        taxing.Taxable(
            id=each.id, amount=Money(left[each.id], asset), rates=taxes.of(each.tax_category)
        )
        for each in lines
    ]
    taxed = taxing.apply(taxable, policy)
    return Totals(
        asset=asset,
        lines=tuple(
            LineTotal(line, Money(discounted.off_line(line.id), asset), each)
            for line, each in zip(lines, taxed, strict=True)
        ),
        discounts=discounted.parts,
        taxes=taxing.summed(taxed, asset),
        treatment=taxes.treatment,
        tax_note=taxes.note,
    )


def paid_from(due: int, wallets: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Say what each wallet pays of what is due: as much as it has, in this order."""
    taken: list[tuple[str, int]] = []
    for wallet_id, available in wallets:
        amount = min(due, max(available, 0))
        if amount > 0:
            taken.append((wallet_id, amount))
            due -= amount
    return taken
