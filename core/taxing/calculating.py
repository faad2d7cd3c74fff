"""The port: whoever knows which taxes are on a sale. In our words, whatever service answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from core.taxing.rates import Rate


class Treatment(StrEnum):
    """Why a sale is taxed as it is."""

    TAXED = "taxed"
    REVERSE_CHARGE = "reverse_charge"
    """The buyer owes the tax."""
    NOT_TAXED = "not_taxed"
    """No rate is known for where the buyer is."""
    EXEMPT = "exempt"
    """The buyer pays no taxes, as the operator has seen proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    country: str
    """ISO 3166-1 alpha-2, as everywhere here: `GR`, not `EL`."""
    region: str | None = None
    vat_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    country: str | None = None
    """None where nobody has told: the sale is taxed as one at home."""
    region: str | None = None
    vat_id: str | None = None
    is_exempt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    seller: Seller
    buyer: Buyer
    on: date
    """The day that decides which rates are in force."""
    categories: Sequence[str | None] = (None,)
    """What is sold; None for what has no rates of its own."""


@dataclass(frozen=True, slots=True)
class Decision:
    treatment: Treatment
    rates: Mapping[str | None, tuple[Rate, ...]] = field(default_factory=dict)
    """By category. One that is not named is not taxed."""
    note: str | None = None
    """What the bill must say of it."""

    def of(self, category: str | None) -> tuple[Rate, ...]:
        return self.rates.get(category, ())


class TaxCalculator(Protocol):
    def decide(self, sale: Sale) -> Decision:
        """Say which taxes are on a sale. Never asks outside: it may run in a unit of work."""
