"""Put taxes on the lines of a bill. Pure: exact amounts in, exact amounts out.

A tax on a line is an exact fraction of a unit until it is rounded: by itself, or as its share of
what the tax comes to on all lines. What is below zero is rounded as if it were above.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.kernel.money import Asset, Money
from core.kernel.rounding import Rounding, whole_units
from core.taxing.rates import Behaviour, Policy, Rate, TaxOn

_Place = tuple[str, int]
"""A line, and which of its rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxable:
    """A line after discounts. Its amount contains its taxes where the policy says so."""

    id: str
    amount: Money
    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class TaxPart:
    """What one tax comes to on one line."""

    rate: Rate
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxedLine:
    id: str
    net: Money
    parts: tuple[TaxPart, ...]

    @property
    def tax(self) -> Money:
        return Money(sum(each.amount.amount for each in self.parts), self.net.asset)

    @property
    def total(self) -> Money:
        """What is paid for the line, with its taxes."""
        return Money(self.net.amount + self.tax.amount, self.net.asset)


def apply(lines: Sequence[Taxable], policy: Policy) -> tuple[TaxedLine, ...]:
    """Put each line's taxes on it. Lines are of one currency and have ids of their own."""
    assert len({each.id for each in lines}) == len(lines), "each line has an id of its own"
    assert len({each.amount.asset for each in lines}) <= 1, "a bill is in one currency"
    exact = {
        (line.id, n): _exact(line, rate, policy.behaviour)
        for line in lines
        for n, rate in enumerate(line.rates)
    }
    if policy.on is TaxOn.LINE:
        units = {place: _rounded(value, policy.rule) for place, value in exact.items()}
    else:
        units = _on_sum(lines, exact, policy.rule)
    return tuple(_taxed(line, units, policy) for line in lines)


def summed(lines: Iterable[TaxedLine], asset: Asset) -> tuple[TaxPart, ...]:
    """Return what each tax comes to on all lines, by its name and its percentage."""
    sums: defaultdict[Rate, int] = defaultdict(int)
    for line in lines:
        for each in line.parts:
            sums[each.rate] += each.amount.amount
    told = sorted(sums.items(), key=lambda item: (item[0].name, item[0].percent))
    return tuple(TaxPart(rate, Money(amount, asset)) for rate, amount in told)


def _exact(line: Taxable, rate: Rate, behaviour: Behaviour) -> Fraction:
    on = Fraction(line.amount.amount)
    if behaviour is Behaviour.INCLUSIVE:
        on /= 1 + sum(each.part for each in line.rates)
    return on * rate.part


def _on_sum(
    lines: Sequence[Taxable], exact: Mapping[_Place, Fraction], rule: Rounding
) -> dict[_Place, int]:
    """Round each tax once, and let its lines share it.

    What was charged and what is given back are sums of their own, so that neither rounds the other.
    """
    groups: defaultdict[tuple[Rate, bool], list[_Place]] = defaultdict(list)
    for line in sorted(lines, key=lambda each: each.id):
        for n, rate in enumerate(line.rates):
            groups[rate, line.amount.amount < 0].append((line.id, n))
    units: dict[_Place, int] = {}
    for (_, below), places in groups.items():
        shared = _shared([abs(exact[place]) for place in places], rule)
        units |= {place: -n if below else n for place, n in zip(places, shared, strict=True)}
    return units


def _shared(exacts: Sequence[Fraction], rule: Rounding) -> list[int]:
    """Round the sum, and give what rounding each down left to the largest remainders."""
    parts = [int(each) for each in exacts]
    by_remainder = sorted(range(len(parts)), key=lambda n: (parts[n] - exacts[n], n))
    for n in by_remainder[: whole_units(sum(exacts, Fraction()), rule) - sum(parts)]:
        parts[n] += 1
    return parts


def _rounded(value: Fraction, rule: Rounding) -> int:
    units = whole_units(abs(value), rule)
    return units if value >= 0 else -units


def _taxed(line: Taxable, units: Mapping[_Place, int], policy: Policy) -> TaxedLine:
    asset = line.amount.asset
    parts = tuple(
        TaxPart(rate, Money(units[line.id, n], asset)) for n, rate in enumerate(line.rates)
    )
    net = line.amount
    if policy.behaviour is Behaviour.INCLUSIVE:
        net = Money(net.amount - sum(each.amount.amount for each in parts), asset)
    return TaxedLine(id=line.id, net=net, parts=parts)
