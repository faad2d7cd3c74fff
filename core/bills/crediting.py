"""What a credit note takes back of an invoice: whole, or in part of chosen lines. Pure.

Each part has its share of the line's taxes. All notes of a line together never take more than the
line, and the one that takes the rest takes it to the unit: shares are rounded on all that was
credited so far, and the note has the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.bills.errors import CreditTooLarge, InvoiceLineNotFound
from core.kernel.money import Asset, Money
from core.kernel.rounding import whole_units
from core.taxing import Rate, TaxPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A line as it was issued, and what was credited of it before."""

    line_id: str
    net: int
    taxes: tuple[TaxPart, ...]
    credited: int = 0
    """Before taxes, on the line's own side of zero."""

    @property
    def left(self) -> int:
        return self.net - self.credited

    @property
    def tax_left(self) -> int:
        return sum(each.amount.amount - self._share(each, self.credited) for each in self.taxes)

    def taxes_of(self, part: int) -> tuple[TaxPart, ...]:
        """Return the taxes that go back with so much more of the line."""
        return tuple(
            TaxPart(each.rate, Money(amount, each.amount.asset))
            for each in self.taxes
            for amount in [
                self._share(each, self.credited + part) - self._share(each, self.credited)
            ]
        )

    def _share(self, tax: TaxPart, credited: int) -> int:
        if credited == self.net:
            return tax.amount.amount
        return whole_units(Fraction(tax.amount.amount * credited, self.net))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a credit note is asked to take back: so much of a line, or all that is left of it."""

    line_id: str
    net: int | None = None


@dataclass(frozen=True, slots=True)
class Credited:
    """What a note takes back of one line. Amounts are positive where the line was a charge."""

    line_id: str
    net: int
    taxes: tuple[TaxPart, ...]

    @property
    def tax(self) -> int:
        return sum(each.amount.amount for each in self.taxes)

    @property
    def total(self) -> int:
        return self.net + self.tax


def credit(
    issued: Sequence[Issued], wanted: Sequence[Wanted] | None, asset: Asset
) -> tuple[Credited, ...]:
    """Work out a note: of these lines, or, where none are named, of all that is left of all.

    Raises InvoiceLineNotFound and CreditTooLarge, each by the field that is wrong. The result has
    no parts where nothing is left.
    """
    by_id = {each.line_id: each for each in issued}
    if wanted is None:
        wanted = [Wanted(each.line_id) for each in issued]
    assert len({each.line_id for each in wanted}) == len(wanted), "each line is named once"
    parts = [_credited(by_id, each, f"lines.{n}", asset) for n, each in enumerate(wanted)]
    return tuple(each for each in parts if each.net or each.tax)


def _credited(by_id: Mapping[str, Issued], wanted: Wanted, field: str, asset: Asset) -> Credited:
    line = by_id.get(wanted.line_id)
    if line is None:
        raise InvoiceLineNotFound(f"{field}.line_id", wanted.line_id)
    part = line.left if wanted.net is None else wanted.net
    within = 0 <= part <= line.left if line.net >= 0 else line.left <= part <= 0
    if not within:
        told = Money(part, asset).decimal, Money(line.left, asset).decimal
        raise CreditTooLarge(f"{field}.amount", *told)
    return Credited(line.line_id, part, line.taxes_of(part))


def by_rate(parts: Sequence[Credited], asset: Asset) -> tuple[TaxPart, ...]:
    """Return what goes back of each tax."""
    sums: dict[Rate, int] = {}
    for part in parts:
        for each in part.taxes:
            sums[each.rate] = sums.get(each.rate, 0) + each.amount.amount
    told = sorted(sums.items(), key=lambda item: (item[0].name, item[0].percent))
    return tuple(TaxPart(rate, Money(amount, asset)) for rate, amount in told)
