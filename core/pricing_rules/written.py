"""How rules are written: figures, times and keys as JSON has them, each refused where it is wrong.

Every part of a rule is one frozen value that is read from JSON as it stands. A value that exists
makes sense; what is wrong with one is told by the field, beneath the path that leads to it.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from core.kernel.money import Asset
from core.pricing_facts import countries, plain
from core.projects import time_zones

_FIGURE = re.compile(r"(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?")


class Part:
    """What every part of a rule is: unknown members are refused, and nothing is guessed."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


def wrong(field: str, problem: str) -> PydanticCustomError:
    """Refuse one field of a part because of another, saying what would be right."""
    return PydanticCustomError("part", "{problem}", {"field": field, "problem": problem})


def _figure(value: Any) -> Decimal:
    if not isinstance(value, str) or not _FIGURE.fullmatch(value):
        raise PydanticCustomError(
            "decimal", 'must be a decimal number in quotes that is not below zero, such as "2.50"'
        )
    return Decimal(value)


def _signed(value: Any) -> Decimal:
    digits = value.removeprefix("-") if isinstance(value, str) else value
    if not isinstance(digits, str) or not _FIGURE.fullmatch(digits):
        raise PydanticCustomError(
            "decimal", 'must be a decimal number in quotes, such as "2.50" or "-0.01"'
        )
    return Decimal(value)


STORED = "stored"
"""What was accepted once stays readable, though the world's zones and countries change."""


def _time_zone(value: str, info: ValidationInfo) -> str:
    if info.context != STORED and value not in time_zones():
        raise PydanticCustomError("time_zone", "must be an IANA time zone, as in Europe/Berlin")
    return value


def _country(value: str, info: ValidationInfo) -> str:
    if info.context != STORED and value not in countries():
        raise PydanticCustomError("country", "must be a country of ISO 3166-1, as in DE or US")
    return value


def _region(value: str, info: ValidationInfo) -> str:
    is_region = re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,3}", value)
    if not is_region or (info.context != STORED and value[:2] not in countries()):
        raise PydanticCustomError("region", "must be a region of ISO 3166-2, as in US-CA or DE-BY")
    return value


def _currency(value: str) -> str:
    try:
        return str(Asset.parse(value))
    except ValueError:
        raise PydanticCustomError("asset", "must be a code and a scale, as in USD/2") from None


_AS_TEXT = PlainSerializer(plain, return_type=str)
Figure = Annotated[Decimal, BeforeValidator(_figure), _AS_TEXT]
Signed = Annotated[Decimal, BeforeValidator(_signed), _AS_TEXT]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_time_zone)]
Country = Annotated[str, AfterValidator(_country)]
Region = Annotated[str, AfterValidator(_region)]
Currency = Annotated[str, Field(max_length=20), AfterValidator(_currency)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
"""A key that people chose: of a meter, a plan, a segment, a rule."""
PropertyName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
PropertyText = Annotated[str, Field(min_length=1, max_length=200)]
