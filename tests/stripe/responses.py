"""Holds objects that pretend to come from Stripe against the SDK's generated resource classes.

So a stand-in that speaks an old dialect is found: a field that is required is there, a field that
is there is known, and values are of their types, two levels deep.
"""

import functools
import importlib
import re
import sys
import types
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, ForwardRef, Literal, Union

import typing_extensions
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from stripe._object_classes import get_object_class
from stripe._stripe_object import StripeObject

DEPTH_MAX = 2
PLAIN = (int, float, str, bool, Decimal, type(None))
IMPORTS = re.compile(
    r"^    from (stripe[\w.]*) import (.+?)(?:\n(?=    (?:from|import)|\n|\S))",
    re.MULTILINE | re.DOTALL,
)
NOT_FIELDS = {"OBJECT_NAME", "deleted"}
EVERYWHERE = {"object", "deleted"}
OF_THIN_EVENTS = {"data", "related_object"}
"""Known to the class of each type of event, and not to the one of them all."""


def wrong_with(made: dict[str, Any]) -> list[str]:
    """Name everything about an object that Stripe's own classes would not know or not allow."""
    kind = made["object"]
    if made.get("deleted"):
        return [] if set(made) == {"id", *EVERYWHERE} else [f"{kind}: more is left than an id"]
    if kind == "list":
        return [wrong for each in made["data"] for wrong in wrong_with(each)]
    described: Any = get_object_class("V2" if kind.startswith("v2.") else "V1", kind)
    if described is StripeObject:
        return [f"{kind}: there is no such object"]
    known = {*described.__annotations__, *EVERYWHERE}
    if kind == "v2.core.event":
        known |= OF_THIN_EVENTS
    unknown = [f"{kind}.{name}: unknown" for name in sorted(set(made) - known)]
    try:
        _model(described).model_validate(made)
    except ValidationError as error:
        return [*unknown, *(f"{kind}.{_place(e['loc'])}: {e['type']}" for e in error.errors())]
    return unknown


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))


@functools.cache
def _model(described: Any, depth: int = 0) -> type[BaseModel]:
    inner = {name: each for name, each in vars(described).items() if isinstance(each, type)}
    names = {**_names_around(described), **inner}
    fields: dict[str, Any] = {}
    for name, annotation in described.__annotations__.items():
        written = str(annotation)
        if name in NOT_FIELDS or name.startswith("_") or "ClassVar" in written:
            continue
        optional = "Optional[" in written or "None" in written
        converted = _converted(annotation, names, depth)
        default = None if optional else ...
        fields[f"f_{name}"] = (converted, Field(default, alias=name))
    config = ConfigDict(extra="allow", arbitrary_types_allowed=True)
    return create_model(f"{described.__name__}_{depth}", __config__=config, **fields)


def _names_around(described: type) -> dict[str, Any]:
    """Find what the annotations of a class may name, its imports for type checkers included."""
    module = sys.modules[described.__module__]
    assert module.__file__
    names = {**vars(__import__("typing")), **vars(typing_extensions), **vars(module)}
    for where, imported in IMPORTS.findall(Path(module.__file__).read_text("utf-8")):
        for name in re.split(r"[,\s()]+", imported):
            found = getattr(importlib.import_module(where), name, None) if name else None
            if found is not None:
                names[name] = found
    return names


def _converted(annotation: Any, names: dict[str, Any], depth: int) -> Any:
    source: Any = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    if isinstance(source, str):
        try:
            source = eval(source, names)  # noqa: S307 - the SDK's own words
        except NameError:
            return Any
    origin, inner = typing_extensions.get_origin(source), typing_extensions.get_args(source)
    if isinstance(source, type) and issubclass(source, StripeObject) and origin is None:
        nested: Any = source
        return _model(nested, depth + 1) if depth < DEPTH_MAX else Any
    if origin in {Union, types.UnionType}:
        parts = [_converted(each, names, depth) for each in inner]
        return Union[tuple(parts)]  # noqa: UP007 - made, not written
    if origin is list:
        return list[_converted(inner[0], names, depth)]  # type: ignore[misc]
    assert origin is not ClassVar
    return source if origin is Literal or source in PLAIN else Any
