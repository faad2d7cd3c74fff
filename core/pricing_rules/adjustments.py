"""What a rule does to an amount: by a factor, by a percentage, for each unit, or once.

Every adjustment may have a floor and a cap: the least and the most that the amount is after it.
`overall` has nothing else, and is kept to after every other rule.
"""

from dataclasses import dataclass
from decimal import Context as Arithmetic
from decimal import Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Annotated, Literal

from pydantic import Field

from core.pricing_facts import plain
from core.pricing_rules.written import Currency, Figure, Part, Signed, wrong

# Every rule adds a few digits, and none is ever lost: see RULES_MAX in adjusting.py.
_EXACT = Arithmetic(prec=10_000, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])
times, plus, minus = _EXACT.multiply, _EXACT.add, _EXACT.subtract

FACTOR_MAX = Decimal(1000)
PERCENT_MAX = Decimal(10_000)
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounded(Part):
    currency: Currency | None = None
    """What amounts are told in. A rule without amounts is for every currency."""
    floor: Figure | None = None
    cap: Figure | None = None

    def __post_init__(self) -> None:
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            raise wrong("floor", f"must not be more than the cap, {plain(self.cap)}")
        needs = self.floor is not None or self.cap is not None or hasattr(self, "amount")
        if needs and self.currency is None:
            raise wrong("currency", "is missing: say what the amounts are in, as in USD/2")
        if not needs and self.currency is not None:
            raise wrong("currency", "must be left out where no amount is given")


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor(_Bounded):
    """So many times the amount."""

    kind: Literal["factor"] = "factor"
    factor: Figure

    def __post_init__(self) -> None:
        _Bounded.__post_init__(self)
        if self.factor > FACTOR_MAX:
            raise wrong("factor", f"must not be more than {FACTOR_MAX}")

    def apply(self, amount: Decimal, quantity: Decimal | None) -> Decimal:
        return times(amount, self.factor)

    @property
    def told(self) -> str:
        return f"times {plain(self.factor)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent(_Bounded):
    """So much more of the amount or, below zero, so much less."""

    kind: Literal["percent"] = "percent"
    percent: Signed

    def __post_init__(self) -> None:
        _Bounded.__post_init__(self)
        if not -100 <= self.percent <= PERCENT_MAX:
            raise wrong("percent", f"must not be less than -100 or more than {PERCENT_MAX}")

    def apply(self, amount: Decimal, quantity: Decimal | None) -> Decimal:
        return plus(amount, times(amount, times(self.percent, _HUNDREDTH)))

    @property
    def told(self) -> str:
        return f"{'' if self.percent < 0 else '+'}{plain(self.percent)} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUnit(_Bounded):
    """So much more or less for each unit that is charged."""

    kind: Literal["per_unit"] = "per_unit"
    amount: Signed

    def apply(self, amount: Decimal, quantity: Decimal | None) -> Decimal:
        assert quantity is not None, "a rule for each unit applies where the units are known"
        return plus(amount, times(self.amount, quantity))

    @property
    def told(self) -> str:
        return f"{'' if self.amount < 0 else '+'}{plain(self.amount)} {self.currency} each"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTotal(_Bounded):
    """So much more or less, once."""

    kind: Literal["total"] = "total"
    amount: Signed

    def apply(self, amount: Decimal, quantity: Decimal | None) -> Decimal:
        return plus(amount, self.amount)

    @property
    def told(self) -> str:
        return f"{'' if self.amount < 0 else '+'}{plain(self.amount)} {self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall(_Bounded):
    """The least and the most that is charged, whatever the other rules came to.

    As amounts, or as a percentage of what was charged without any rule.
    """

    kind: Literal["overall"] = "overall"
    floor_percent: Figure | None = None
    cap_percent: Figure | None = None

    def __post_init__(self) -> None:
        _Bounded.__post_init__(self)
        low, high = self.floor_percent, self.cap_percent
        if low is not None and high is not None and low > high:
            raise wrong("floor_percent", f"must not be more than cap_percent, {plain(high)}")
        if all(each is None for each in (self.floor, self.cap, low, high)):
            raise wrong("floor", "is missing: give a floor or a cap, or a percentage for one")

    def floor_of(self, base: Decimal) -> Decimal | None:
        return _highest(self.floor, _part(base, self.floor_percent))

    def cap_of(self, base: Decimal) -> Decimal | None:
        return _lowest(self.cap, _part(base, self.cap_percent))

    @property
    def told(self) -> str:
        return "overall"


Adjustment = Annotated[Factor | Percent | PerUnit | OnTotal | Overall, Field(discriminator="kind")]
ADJUSTMENTS = ("factor", "percent", "per_unit", "total", "overall")


def _part(base: Decimal, percent: Decimal | None) -> Decimal | None:
    return None if percent is None else times(base, times(percent, _HUNDREDTH))


def _highest(*bounds: Decimal | None) -> Decimal | None:
    return max((each for each in bounds if each is not None), default=None)


def _lowest(*bounds: Decimal | None) -> Decimal | None:
    return min((each for each in bounds if each is not None), default=None)
