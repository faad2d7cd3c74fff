"""What a rule may ask about: when, how much, for whom, and what is charged. Frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.pricing_facts import Of, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an amount is charged for, by the keys of the catalog."""

    plan_key: str | None = None
    product_key: str | None = None
    item_key: str | None = None
    meter_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The facts. None is not known, and what is not known makes no condition true."""

    at: datetime
    quantity: Decimal | None = None
    period_quantity: Decimal | None = None
    """What was used in the period so far."""
    demand: Decimal | None = None
    country: str | None = None
    region: str | None = None
    segments: frozenset[str] | None = None
    properties: Mapping[Of, Values] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.at.tzinfo is not None, "a rule asks for the time in a zone"
