"""Which part of an invoice a credit note takes back, so that it comes to what is asked. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.bills import Issued, Wanted, credit
from core.kernel.money import Asset


@dataclass(frozen=True, slots=True)
class Part:
    """What is taken back of the lines of one invoice."""

    wanted: tuple[Wanted, ...]
    amount: int
    """As the bill counts: before taxes, or with them, where prices contain them."""
    total: int
    """With its taxes."""


@dataclass(frozen=True, slots=True)
class Creditable:
    """An invoice, as far as a credit note may take it back."""

    asset: Asset
    lines: Sequence[Issued]
    most: int
    """All that was not credited of it yet, with taxes."""
    is_inclusive: bool
    """Its prices contain their taxes."""


def part_of(invoice: Creditable, amount: int) -> Part | None:
    """Return the largest part that is no more than the amount, or than the invoice allows.

    Of what was charged, and not of what was given back by it already. A tax is rounded, so where
    prices contain it the part may be a unit short: whatever is left is another's to keep.
    """
    lines = [each for each in invoice.lines if each.left > 0]
    least, most = 0, min(amount, sum(each.left for each in lines))
    best: Part | None = None
    while least <= most:
        net = (least + most) // 2
        part = _of_net(invoice, lines, net)
        if part.amount <= amount and part.total <= invoice.most:
            best, least = part, net + 1
        else:
            most = net - 1
    return best if best and best.amount > 0 else None


def _of_net(invoice: Creditable, lines: Sequence[Issued], net: int) -> Part:
    wanted: list[Wanted] = []
    left = net
    for each in lines:
        taken = min(each.left, left)
        left -= taken
        if taken:
            wanted.append(Wanted(each.line_id, taken))
    total = sum(each.total for each in credit(lines, wanted, invoice.asset))
    return Part(tuple(wanted), total if invoice.is_inclusive else net, total)
