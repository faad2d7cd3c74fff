"""How usage is written where somebody asks for its price, and how it is read.

A form names its members as `pricing.Usage` does, so that a refusal of the usage names the field
that was sent.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.operations.errors import invalid
from core.operations.fields import PropertyName
from core.pricing import Group, Usage

PARTS_MAX = 1_000
"""Transactions, groups and windows of one question, all together: each is rated by itself."""
WINDOWS_MAX = 36
"""Each is rated with all that came before it."""
_WHOLE_MAX = 2**53 - 1
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?\Z")


def _number(value: Any) -> Decimal:
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _WHOLE_MAX
    if whole or (isinstance(value, str) and _NUMBER.match(value)):
        return Decimal(value)
    raise PydanticCustomError(
        "quantity", 'must be a whole number, or a decimal number in quotes, such as "12.5"'
    )


Quantity = Annotated[
    Decimal,
    BeforeValidator(_number),
    # The pattern is not published: it would stand there once for every place of a quantity.
    WithJsonSchema({"type": ["string", "integer"]}),
]
PropertyValue = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Amounts = Annotated[list[Quantity], Field(max_length=PARTS_MAX)]


class UsageForm(BaseModel):
    """How much was used, in sum or by its transactions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    quantity: Quantity | None = None
    events: Count | None = None
    amounts: Amounts | None = None


class GroupForm(UsageForm):
    """The usage whose events had these properties."""

    properties: dict[PropertyName, PropertyValue]


class WindowForm(UsageForm):
    """The usage of one window of a period."""

    groups: Annotated[list[GroupForm], Field(max_length=PARTS_MAX)] | None = None


_OBJECTS = {"type": "array", "items": {"type": "object"}}
Groups = Annotated[list[GroupForm], Field(max_length=PARTS_MAX), WithJsonSchema(_OBJECTS)]
Windows = Annotated[list[WindowForm], Field(max_length=WINDOWS_MAX), WithJsonSchema(_OBJECTS)]
"""Published as lists of objects, and read strictly: what a model reads of a tool costs its user."""


class Told(Protocol):
    """How much was used, as it was told: a form, or the request that it came in."""

    @property
    def quantity(self) -> Decimal | None: ...
    @property
    def events(self) -> int | None: ...
    @property
    def amounts(self) -> list[Decimal] | None: ...


class Grouped(Told, Protocol):
    @property
    def groups(self) -> list[GroupForm] | None: ...


class Asked(Grouped, Protocol):
    @property
    def windows(self) -> list[WindowForm] | None: ...


def read_usage(asked: Asked) -> Usage:
    """Read what was used: in sum, or by its transactions, its groups, or its windows.

    Raises InvalidRequest where nothing or two things are said, or more than is rated at once.
    """
    if _parts(asked) > PARTS_MAX:
        raise invalid("quantity", f"must be made of at most {PARTS_MAX} parts in all")
    if asked.windows is None:
        return _usage("", asked)
    if _says_a_sum(asked) or asked.groups is not None:
        raise invalid("windows", "must come alone: each of them tells its own usage")
    return Usage.of_windows(_usage(f"windows.{n}.", each) for n, each in enumerate(asked.windows))


def _usage(path: str, told: Grouped) -> Usage:
    if told.groups is None:
        return _plain(path, told)
    if _says_a_sum(told):
        raise invalid(f"{path}groups", "must come alone: each of them tells its own usage")
    return Usage.of_groups(
        Group(each.properties, _plain(f"{path}groups.{n}.", each))
        for n, each in enumerate(told.groups)
    )


def _says_a_sum(told: Told) -> bool:
    return not (told.quantity is None and told.events is None and told.amounts is None)


def _plain(path: str, told: Told) -> Usage:
    if told.amounts is not None:
        if told.quantity is not None or told.events is not None:
            raise invalid(f"{path}amounts", "must come alone: quantity and events follow from it")
        return Usage.of_transactions(told.amounts)
    if told.quantity is None:
        raise invalid(f"{path}quantity", "is required, unless the usage is told in its parts")
    return Usage(told.quantity, 1 if told.events is None else told.events)


def _parts(asked: Asked) -> int:
    groups, windows = asked.groups or [], asked.windows or []
    groups = groups + [each for window in windows for each in window.groups or ()]
    told: list[Told] = [asked, *groups, *windows]
    return len(groups) + len(windows) + sum(len(each.amounts or ()) for each in told)
