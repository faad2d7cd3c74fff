"""The figures a price is written with: decimals in quotes, exact, and not below zero."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.pricing.line import text

_PATTERN = r"^(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?$"
_DECIMAL = re.compile(_PATTERN.removesuffix("$") + r"\Z")


def _decimal(value: Any) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.match(value):
        raise PydanticCustomError(
            "decimal", 'must be a decimal number in quotes that is not below zero, such as "2.50"'
        )
    return Decimal(value)


Figure = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["2.50"]}),
]
"""An amount, a quantity, a percentage or a factor."""
Whole = Annotated[int, Field(ge=0, le=10**12)]
PropertyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
PropertyValue = Annotated[str, StringConstraints(max_length=200)]
