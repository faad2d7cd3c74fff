"""Typed conditions, and how they are judged: each holds, does not hold, or cannot be known.

What is not known stays so through `not`: a customer gets nothing for a fact that is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from core.pricing_facts import Of, Value, plain
from core.pricing_rules.context import Context
from core.pricing_rules.ranges import Band, check_apart
from core.pricing_rules.times import Season, TimeOfDay
from core.pricing_rules.written import (
    Country,
    Part,
    PropertyName,
    PropertyText,
    Region,
    Word,
    wrong,
)

LEVELS_MAX = 5
"""How deep conditions may stand within each other."""
CONDITIONS_MAX = 100

Bands = Annotated[tuple[Band, ...], Field(min_length=1, max_length=50)]
Judged = tuple[bool | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(Part):
    """In one of these countries or regions."""

    kind: Literal["location"] = "location"
    countries: Annotated[tuple[Country, ...], Field(max_length=250)] = ()
    regions: Annotated[tuple[Region, ...], Field(max_length=250)] = ()

    def __post_init__(self) -> None:
        if not self.countries and not self.regions:
            raise wrong("countries", "is missing: give countries, regions, or both")

    def judge(self, context: Context) -> Judged:
        country = context.country or (context.region and context.region[:2])
        if country is None:
            return None, "the country is not known"
        if country in self.countries or context.region in self.regions:
            return True, f"it is {context.region or country}"
        if context.region is None and any(each[:2] == country for each in self.regions):
            return None, f"the region of {country} is not known"
        return False, f"it is {context.region or country}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(Part):
    """The customer has one of these labels."""

    kind: Literal["segment"] = "segment"
    any_of: Annotated[tuple[Word, ...], Field(min_length=1, max_length=50)]

    def judge(self, context: Context) -> Judged:
        if context.segments is None:
            return None, "the segments are not known"
        return (
            not context.segments.isdisjoint(self.any_of),
            f"the segments are {', '.join(sorted(context.segments)) or 'none'}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand(Part):
    """The demand that whoever asks for a price tells lies in one of the bands."""

    kind: Literal["demand"] = "demand"
    bands: Bands

    def __post_init__(self) -> None:
        check_apart(self.bands)

    def judge(self, context: Context) -> Judged:
        return _within(self.bands, "the demand", context.demand)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume(Part):
    """What is charged for now, or what was used in the period so far, lies in one of the bands."""

    kind: Literal["volume"] = "volume"
    of: Literal["quantity", "period"]
    bands: Bands

    def __post_init__(self) -> None:
        check_apart(self.bands)

    def judge(self, context: Context) -> Judged:
        if self.of == "quantity":
            return _within(self.bands, "the quantity", context.quantity)
        return _within(self.bands, "the usage of the period", context.period_quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Part):
    """A property is one of these texts."""

    kind: Literal["text"] = "text"
    of: Literal["project", "usage"]
    property: PropertyName
    equals: PropertyText | None = None
    one_of: Annotated[tuple[PropertyText, ...], Field(max_length=50)] = ()

    def __post_init__(self) -> None:
        if (self.equals is None) is not bool(self.one_of):
            raise wrong("equals", "must be given, or else one_of, and not both")

    def judge(self, context: Context) -> Judged:
        value = _value(self.of, self.property, context)
        if not isinstance(value, str):
            return None, f"{self.property} is not known"
        return value in wanted(self), f"{self.property} is another text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Part):
    """A property is a number in one of the bands."""

    kind: Literal["number"] = "number"
    of: Literal["project", "usage"]
    property: PropertyName
    bands: Bands

    def __post_init__(self) -> None:
        check_apart(self.bands)

    def judge(self, context: Context) -> Judged:
        value = _value(self.of, self.property, context)
        number = value if isinstance(value, Decimal) else None
        return _within(self.bands, self.property, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean(Part):
    """A property is true, or is false."""

    kind: Literal["boolean"] = "boolean"
    of: Literal["project", "usage"]
    property: PropertyName
    equals: bool

    def judge(self, context: Context) -> Judged:
        value = _value(self.of, self.property, context)
        if not isinstance(value, bool):
            return None, f"{self.property} is not known"
        return value is self.equals, f"{self.property} is {str(value).lower()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class All(Part):
    """Every one of these holds."""

    kind: Literal["all"] = "all"
    of: Annotated[tuple["Condition", ...], Field(min_length=1, max_length=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf(Part):
    """At least one of these holds."""

    kind: Literal["any"] = "any"
    of: Annotated[tuple["Condition", ...], Field(min_length=1, max_length=20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Part):
    """That does not hold, and it is known that it does not."""

    kind: Literal["not"] = "not"
    that: "Condition"


OfProperty = Text | Number | Boolean
Leaf = TimeOfDay | Season | Location | Segment | Demand | Volume | OfProperty
Condition = Annotated[
    All
    | AnyOf
    | Not
    | TimeOfDay
    | Season
    | Location
    | Segment
    | Demand
    | Volume
    | Text
    | Number
    | Boolean,
    Field(discriminator="kind"),
]
KINDS = (
    *("all", "any", "not", "time_of_day", "season", "location", "segment", "demand", "volume"),
    *("text", "number", "boolean"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a condition; where it does not hold, the first part that is to blame."""

    holds: bool | None
    path: str
    said: str


def judge(condition: Any, context: Context, path: str = "when") -> Verdict:
    """Say whether the condition holds, and if not, the first part of it that did not and why."""
    if isinstance(condition, All | AnyOf):
        parts = [judge(each, context, f"{path}.of.{n}") for n, each in enumerate(condition.of)]
        return _every(parts) if isinstance(condition, All) else _one(parts, path)
    if isinstance(condition, Not):
        inner = judge(condition.that, context, f"{path}.that")
        if inner.holds is None:
            return inner
        return Verdict(not inner.holds, path, inner.said)
    holds, said = condition.judge(context)
    return Verdict(holds, path, said)


def _every(parts: list[Verdict]) -> Verdict:
    failed = [each for each in parts if not each.holds]
    if not failed:
        return parts[0]
    # The first is told, and yet what is certainly false is false whatever else is not known.
    holds = False if any(each.holds is False for each in failed) else None
    return Verdict(holds, failed[0].path, failed[0].said)


def _one(parts: list[Verdict], path: str) -> Verdict:
    for each in parts:
        if each.holds:
            return each
    holds = None if any(each.holds is None for each in parts) else False
    return Verdict(holds, path, f"none of these holds: {parts[0].said}")


def wanted(text: Text) -> tuple[str, ...]:
    """Return the texts that the condition looks for."""
    return text.one_of or (text.equals or "",)


def leaves(condition: Any, path: str = "when") -> Iterator[tuple[str, Any]]:
    """Yield every condition that holds no other, with its path."""
    if isinstance(condition, All | AnyOf):
        for n, each in enumerate(condition.of):
            yield from leaves(each, f"{path}.of.{n}")
    elif isinstance(condition, Not):
        yield from leaves(condition.that, f"{path}.that")
    else:
        yield path, condition


def _within(bands: tuple[Band, ...], what: str, number: Decimal | None) -> Judged:
    if number is None:
        return None, f"{what} is not known"
    return any(number in each for each in bands), f"{what} is {plain(number)}"


def _value(of: str, name: str, context: Context) -> Value | None:
    return context.properties.get(Of(of), {}).get(name)
