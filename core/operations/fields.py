"""The fields that requests and results are made of: bounded, exact, and safe to show.

Text that customers control ends up in front of people and language models. Control characters,
invisible ones and those that reorder a line are refused at the door, not repaired behind it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.kernel.ids import is_id
from core.kernel.money import Asset, Money
from core.operations.errors import invalid

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}  # needed to write Persian and Hindi; harmless in a line


def _is_safe(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE or character in _JOINERS


def _printable(value: str) -> str:
    # What prints has no such character; of what does not, some is harmless and is looked at closer.
    if not value.isprintable() and not all(map(_is_safe, value)):
        raise PydanticCustomError(
            "unprintable", "must not contain control, invisible or direction-changing characters"
        )
    if value.strip() != value or not value:
        raise PydanticCustomError("untrimmed", "must not be empty, nor begin or end with a space")
    return value


@dataclass(frozen=True, slots=True)
class Line(GroupedMetadata):
    """One line of printable text: `Annotated[str, Line(120)]`."""

    max_length: int
    pattern: str | None = None

    def __iter__(self) -> Iterator[Any]:
        yield Field(min_length=1, max_length=self.max_length, pattern=self.pattern)
        yield AfterValidator(_printable)


@dataclass(frozen=True, slots=True)
class Identifier(GroupedMetadata):
    """An identifier of one noun. A malformed one is refused before any look-up."""

    prefix: str

    def __iter__(self) -> Iterator[Any]:
        # Published for whoever makes calls from the schema; `_check` refuses in better words.
        told: dict[str, Any] = {"pattern": f"^{self.prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"}
        example = f"{self.prefix}_01jd3x8k5vq2m7r9t4w6y0z1ab"
        yield Field(max_length=40, examples=[example], json_schema_extra=told)
        yield AfterValidator(self._check)

    def _check(self, value: str) -> str:
        if not is_id(self.prefix, value):
            what = "must be an identifier that begins with {prefix}_"
            raise PydanticCustomError("identifier", what, {"prefix": self.prefix})
        return value


Name = Annotated[str, Line(120)]
Memo = Annotated[str, Line(500)]
Code = Annotated[str, Line(64, r"^[a-z][a-z0-9_.-]*$")]
"""A key that people choose for a thing of theirs: `llm_tokens`."""
ExternalKey = Annotated[str, Line(120)]
_MAILBOX = r'[^@\s<>()\[\],;:\\"]'
Email = Annotated[str, Line(254, rf"^{_MAILBOX}{{1,64}}@{_MAILBOX}+\.{_MAILBOX}+$")]
"""An address without the characters by which a mail header lists, quotes and comments others."""
EventId = Annotated[str, Line(128)]
PropertyName = Annotated[str, Line(64, r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
ClientId = Annotated[str, Line(300)]

ProjectId = Annotated[str, Identifier("prj")]
WalletId = Annotated[str, Identifier("wal")]
UserId = Annotated[str, Identifier("usr")]
TransactionId = Annotated[str, Identifier("txn")]
KeyId = Annotated[str, Identifier("key")]
InvocationId = Annotated[str, Identifier("inv")]


def _asset(value: str) -> str:
    try:
        Asset.parse(value)
    except ValueError:
        raise PydanticCustomError(
            "asset", "must be a code and a scale, as in USD/2 or CREDIT/6"
        ) from None
    return value


AssetCode = Annotated[
    str,
    AfterValidator(_asset),
    Field(
        max_length=20,
        examples=["USD/2"],
        description="Code and scale, as in USD/2.",
        json_schema_extra={"pattern": r"^[A-Z][A-Z0-9]{1,15}/([0-9]|1[0-2])$"},
    ),
]

_DECIMAL_PATTERN = r"^(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?$"
_SIGNED_PATTERN = r"^-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?$"


def _positive(value: str) -> str:
    if not re.search(r"[1-9]", value):
        raise PydanticCustomError("not_positive", "must be greater than zero")
    return value


def _is_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError(
            "amount_type", 'must be a decimal number in quotes, such as "2.50"'
        )
    return value


Amount = Annotated[
    str,
    BeforeValidator(_is_text),
    Field(pattern=_DECIMAL_PATTERN, max_length=32, examples=["2.50"]),
    AfterValidator(_positive),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _DECIMAL_PATTERN,
            "maxLength": 32,
            "examples": ["2.50"],
            "description": "A decimal number in quotes, greater than zero.",
        }
    ),
]
"""A positive amount of money as a decimal text. Read it with `money(amount, asset)`."""

SignedAmount = Annotated[str, Field(pattern=_SIGNED_PATTERN, max_length=33, examples=["-2.50"])]


def money(amount: str, asset: Asset, field: str = "amount") -> Money:
    """Read an amount that was sent; one the asset cannot hold is refused by the field's name."""
    try:
        return Money.of(amount, asset)
    except ValueError as error:
        raise invalid(field, str(error)) from None


def _instant(value: Any) -> Any:
    """JSON has no instants: RFC 3339 text is read here, and a number is not a date."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError(
                "instant", "must be a time with its zone, as in 2026-11-20T09:00:00Z"
            ) from None
    return value


def _in_utc(value: datetime) -> datetime:
    """A time that its zone puts before year 1 or after 9999 is no instant, and is refused here."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("instant", "must lie in the years 1 to 9999, in UTC") from None


When = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-20T09:00:00Z"]}),
]
