"""Holds every request to Stripe against the types that Stripe generates for its own SDK.

The SDK's services and `stripe.params` come from Stripe's specification, at exactly the version we
pin. Here they become closed models: an unknown parameter, a value outside a list, a wrong type, a
missing parameter and an address that does not exist are all found on the wire, before anybody is
asked. What depends on other parameters (two that exclude each other, an amount too small) is not.
"""

import ast
import functools
import importlib
import json
import re
import sys
import types
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ForwardRef, Literal, Union

import stripe
import typing_extensions
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
)
from stripe._request_options import RequestOptions

assert stripe.__file__
SERVICES = Path(stripe.__file__).parent
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PATH_PARAMETER = re.compile(r"\\{[^}]+\\}")
PARAMS_CLASS = re.compile(r"[A-Za-z0-9_]+Params\b")
KEYS = re.compile(r"\[|\]\[|\]")
PLAIN = (int, float, str, Decimal, type(None))


@dataclass(frozen=True)
class StripeOperation:
    """One call that the SDK can make."""

    method: str
    path: str
    params_module: str | None
    params_class: str | None
    pattern: re.Pattern[str]


class ContractBroken(AssertionError):
    """A request is not one that Stripe's own types would accept."""


def check(
    method: str, url: str, content_type: str | None, body: str | bytes | None
) -> StripeOperation:
    """Return the operation that a request asks for, or raise with everything wrong with it."""
    parts = urllib.parse.urlsplit(url)
    start = re.search(r"/v[12]/", parts.path)
    path = parts.path[start.start() :] if start else parts.path
    found = find(method, path)
    if found is None:
        raise ContractBroken(f"{method} {path}: no such operation in the SDK {stripe.VERSION}")
    given = _parameters(found, parts.query, content_type, body)
    if found.params_module is None or found.params_class is None:
        if given:
            raise ContractBroken(f"{found.method} {found.path} takes no parameters: {given}")
        return found
    try:
        _adapter(found.params_module, found.params_class).validate_python(given)
    except ValidationError as error:
        wrong = "; ".join(f"{_place(each['loc'])}: {each['msg']}" for each in error.errors())
        raise ContractBroken(f"{found.method} {found.path}: {wrong}") from None
    return found


def find(method: str, path: str) -> StripeOperation | None:
    matching = (each for each in operations() if each.method == method.upper())
    return next((each for each in matching if each.pattern.match(path)), None)


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))


def _parameters(
    found: StripeOperation, query: str, content_type: str | None, body: str | bytes | None
) -> dict[str, Any]:
    if found.method != "POST":
        return decode_form(query)
    wanted = JSON if found.path.startswith("/v2/") else FORM
    if not (content_type or "").startswith(wanted):
        raise ContractBroken(f"{found.path}: content type {content_type!r} is not {wanted}")
    text = body.decode() if isinstance(body, bytes) else body or ""
    given: dict[str, Any] = json.loads(text or "{}") if wanted == JSON else decode_form(text)
    return given


# -- What the SDK can call ------------------------------------------------------------------------


@functools.cache
def operations() -> tuple[StripeOperation, ...]:
    """Read every call out of the SDK's sources, the most literal path first."""
    found = [each for file in SERVICES.rglob("_*_service.py") for each in _calls(file)]
    return tuple(sorted(found, key=lambda each: (each.path.count("{"), -len(each.path))))


def _calls(file: Path) -> Iterator[StripeOperation]:
    source = file.read_text("utf-8")
    if "self._request(" not in source:
        return
    tree = ast.parse(source)
    modules = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stripe.params")
        for alias in node.names
    }
    for service in tree.body:
        for function in service.body if isinstance(service, ast.ClassDef) else ():
            if isinstance(function, ast.FunctionDef):
                yield from _calls_of(function, modules)


def _calls_of(
    function: ast.FunctionDef, modules: dict[str, str | None]
) -> Iterator[StripeOperation]:
    for call in ast.walk(function):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        if call.func.attr != "_request" or (path := _path(call.args[1])) is None:
            continue
        method = call.args[0]
        assert isinstance(method, ast.Constant)
        assert isinstance(method.value, str)
        params = _params_class(function)
        pattern = PATH_PARAMETER.sub("[^/]+", re.escape(path))
        yield StripeOperation(
            method=method.value.upper(),
            path=path,
            params_module=modules.get(params) if params else None,
            params_class=params,
            pattern=re.compile(f"^{pattern}$"),
        )


def _path(node: ast.expr) -> str | None:
    """Read a path that is written down, or one that is filled in by `.format(…)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value if node.func.attr == "format" else node
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text and isinstance(node, ast.Constant) else None


def _params_class(function: ast.FunctionDef) -> str | None:
    for argument in function.args.args:
        if argument.arg == "params" and argument.annotation:
            found = PARAMS_CLASS.search(ast.unparse(argument.annotation))
            return found[0] if found else None
    return None


# -- Types as closed models -----------------------------------------------------------------------


@functools.cache
def _adapter(module: str, name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_model(getattr(importlib.import_module(module), name)))


@functools.cache
def _model(described: type) -> type[BaseModel]:
    """Make a model of a TypedDict which takes what it names and nothing else."""
    names = dict(vars(sys.modules[described.__module__]))
    required: frozenset[str] = getattr(described, "__required_keys__", frozenset())
    fields: dict[str, Any] = {}
    for name, annotation in described.__annotations__.items():
        if name in RequestOptions.__annotations__:
            continue
        source = getattr(annotation, "__forward_arg__", annotation)
        optional = isinstance(source, str) and "NotRequired" in source
        converted = _converted(annotation, names)
        default = ... if name in required and not optional else None
        # A field may be called as something of pydantic's own is, or begin with a digit.
        fields["f_" + re.sub(r"\W", "_", name)] = (converted, Field(default, alias=name))
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    return create_model(described.__name__, __config__=config, **fields)


def _converted(annotation: Any, names: dict[str, Any]) -> Any:
    """Turn an annotation into one that is checked as the wire needs it."""
    annotation = _evaluated(annotation, names)
    if annotation is bool:
        return _Boolean
    if typing_extensions.is_typeddict(annotation):
        return _model(annotation)
    origin, inner = typing_extensions.get_origin(annotation), typing_extensions.get_args(annotation)
    if origin in {typing_extensions.NotRequired, typing_extensions.Required}:
        return _converted(inner[0], names)
    if origin in {Union, types.UnionType}:
        return _converted_union([_evaluated(each, names) for each in inner], names)
    if origin in {list, dict}:
        return origin[(*inner[:-1], _converted(inner[-1], names))]
    return annotation if origin is Literal or annotation in PLAIN else Any


def _converted_union(parts: list[Any], names: dict[str, Any]) -> Any:
    """Close a list of words that is open to any text: an unknown word is a likely typo."""
    if any(_names_words(each) for each in parts):
        parts = [each for each in parts if each is not str]
    known = [each for each in parts if "UntypedStripeObject" not in repr(each)]
    return Union[tuple(_converted(each, names) for each in known)]  # noqa: UP007 - made, not written


def _names_words(annotation: Any) -> bool:
    is_list = typing_extensions.get_origin(annotation) is Literal
    return is_list and set(typing_extensions.get_args(annotation)) != {""}


def _evaluated(annotation: Any, names: dict[str, Any]) -> Any:
    source = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    return eval(source, names) if isinstance(source, str) else source  # noqa: S307 - the SDK's own words


def _as_boolean(value: Any) -> bool:
    if isinstance(value, bool) or value in {"true", "false"}:
        return value in {True, "true"}
    raise ValueError("booleans are sent as true or false")


_Boolean = Annotated[bool, BeforeValidator(_as_boolean)]


# -- The encoding ---------------------------------------------------------------------------------


def decode_form(text: str) -> dict[str, Any]:
    """Read `items[0][price]=x&expand[]=y` into dictionaries and lists."""
    root: dict[str, Any] = {}
    for name, value in urllib.parse.parse_qsl(text, keep_blank_values=True):
        keys = [part for part in KEYS.split(name) if part] if "[" in name else [name]
        place = root
        for key in keys[: None if name.endswith("[]") else -1]:
            place = place.setdefault(key, {})
        place[str(len(place)) if name.endswith("[]") else keys[-1]] = value
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_with_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _with_lists(inner) for key, inner in value.items()}
