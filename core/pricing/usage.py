"""What is rated: how much was used, and as much about it as a price may ask."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, Inexact, InvalidOperation
from typing import NamedTuple, TypeVar

from core.pricing.errors import QuantityNegative, QuantityNotNumber, QuantityTooFine
from core.pricing.exact import ZERO, plus, total

_FAR = Decimal(10) ** 28
"""No quantity reaches this far."""

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class Usage(NamedTuple):
    """How much was used. Most prices read the quantity alone."""

    quantity: Decimal
    events: int = 1
    """How many transactions the quantity is made of."""
    amounts: tuple[Decimal, ...] | None = None
    """Each transaction's own amount, in order, where a price looks at every one."""
    groups: "tuple[Group, ...] | None" = None
    """The quantity by event properties, where a price depends on those."""
    windows: "tuple[Usage, ...] | None" = None
    """The usage of each window of the period, in order, where terms hold for each."""
    is_closed: bool = True
    """Whether more may follow. What falls due at the end is left out until then."""

    @classmethod
    def of_transactions(cls, amounts: Iterable[Decimal]) -> "Usage":
        each = tuple(amounts)
        for n, amount in enumerate(each):
            check_number(f"amounts.{n}", amount)
        return cls(exactly("amounts", total, each), len(each), each)

    @classmethod
    def of_groups(cls, groups: "Iterable[Group]") -> "Usage":
        each = tuple(groups)
        return _sum("groups", [group.usage for group in each])._replace(groups=each)

    @classmethod
    def of_windows(cls, windows: "Iterable[Usage]") -> "Usage":
        each = tuple(windows)
        return _sum("windows", each)._replace(windows=each)

    def more(self, other: "Usage") -> "Usage":
        """Add what came later. Details stay only if both have them."""
        return Usage(
            plus(self.quantity, other.quantity),
            self.events + other.events,
            None if self.amounts is None or other.amounts is None else self.amounts + other.amounts,
            None if self.groups is None or other.groups is None else self.groups + other.groups,
            is_closed=other.is_closed,
        )


class Group(NamedTuple):
    """The usage whose events had these properties."""

    properties: Mapping[str, str]
    usage: Usage


NOTHING = Usage(ZERO, 0, ())


def _sum(field: str, usages: Iterable[Usage]) -> Usage:
    result: Usage | None = None
    for n, usage in enumerate(usages):
        check_number(f"{field}.{n}.quantity", usage.quantity)
        result = usage if result is None else exactly(field, result.more, usage)
    return result or NOTHING


def not_negative(usage: Usage, model: str) -> Decimal:
    """Return the quantity, refusing one below zero."""
    if usage.quantity < 0:
        raise QuantityNegative("quantity", model)
    return usage.quantity


def check_number(field: str, value: Decimal) -> None:
    """Refuse what is no number, or so large that it is not worth computing with."""
    if not value.is_finite() or not -_FAR < value < _FAR:
        raise QuantityNotNumber(field)


def exactly(field: str, compute: Callable[[_Given], _Made], given: _Given) -> _Made:
    """Compute, or refuse the field whose figures have more digits than are computed exactly."""
    try:
        return compute(given)
    except (Inexact, InvalidOperation):
        raise QuantityTooFine(field) from None
