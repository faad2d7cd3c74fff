"""What may be said about customers and usage, and what is said of one project. Frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files

from core.operations.errors import invalid

Value = str | Decimal | bool
Values = Mapping[str, Value]


class Of(StrEnum):
    """Whose property it is, and with that, who says what it is."""

    PROJECT = "project"
    """The operator's word about a customer."""
    USAGE = "usage"
    """What usage was recorded with: the customer's own word."""


class ValueType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property of customers or of usage, and what its values are."""

    of: Of
    name: str
    type: ValueType
    description: str | None
    values: tuple[str, ...]
    """What a text may be; none where it may be anything."""
    created_at: datetime


Known = Mapping[tuple[Of, str], Property]


def known(properties: Sequence[Property]) -> Known:
    return {(each.of, each.name): each for each in properties}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The operator's word about a project. A project of which nothing is said has no labels."""

    country: str | None = None
    region: str | None = None
    segments: frozenset[str] = frozenset()
    properties: Values = field(default_factory=dict)
    updated_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.region and self.country and self.region[:2] != self.country:
            raise invalid("region", f"must be a region of {self.country}")


@cache
def countries() -> frozenset[str]:
    """List the countries of ISO 3166-1, as the time zone database brings them."""
    told = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in told.splitlines() if line and not line.startswith("#"))


def plain(number: Decimal) -> str:
    """Write it as people do: no exponent, no idle zeros."""
    told = f"{number:f}"
    return (told.rstrip("0").rstrip(".") if "." in told else told) or "0"
