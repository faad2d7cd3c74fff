"""Read the arguments of a call from a path, a query string or a body.

A query string knows only text, so its values are read by the schema of the field they name: `50`
for an integer field becomes 50. What cannot be read stays text, and the strict validation that
follows names the field. JSON says what it means and is never converted.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from core.operations.errors import invalid
from mcp_server.http.errors import MalformedBody, UnsupportedBody
from mcp_server.http.strict_json import JsonProblem, read

IN_QUERY = frozenset({"GET", "DELETE"})
"""Methods whose content has no meaning (RFC 9110 section 9.3): they are asked by query string."""

_INTEGER = re.compile(r"^-?[0-9]{1,18}\Z")
_PARAMETER = re.compile(r"{([a-z_]+)}")
_WORDS = {"true": True, "false": False}


def from_query(request: type[BaseModel], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Read a query string. A field that is a list may be repeated; any other may not."""
    schemas = fields(request)
    arguments: dict[str, Any] = {}
    for name, text in pairs:
        schema = schemas.get(name, {})
        if items := _list_of(schema):
            arguments.setdefault(name, []).append(_value(items, text))
        elif name in arguments:
            raise invalid(name, "must be given once")
        else:
            arguments[name] = _value(schema, text)
    return arguments


def from_body(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Read a JSON object. No body at all is an object without members."""
    if not body:
        return {}
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" or "content-encoding" in headers:
        raise UnsupportedBody
    try:
        value = read(body)
    except JsonProblem as problem:
        raise MalformedBody(str(problem)) from None
    if not isinstance(value, dict):
        raise MalformedBody("it must be an object")
    return value


def with_path(
    request: type[BaseModel], arguments: dict[str, Any], path: Mapping[str, Any]
) -> dict[str, Any]:
    """Add what the path says. A body or query that says otherwise is refused, not overruled."""
    schemas = fields(request)
    for name, text in path.items():
        value = _value(schemas.get(name, {}), text)
        if name in arguments and arguments[name] != value:
            raise invalid(name, "differs from the path")
        arguments[name] = value
    return arguments


def refuse_query(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse a query string beside a body: an argument must not have two places to hide in."""
    if pairs:
        raise invalid("query", "has no place here; send every argument in the body")


def in_path(path: str) -> list[str]:
    """Return the names of a path's parameters, in order."""
    return _PARAMETER.findall(path)


def fields(request: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of every field, with references followed."""
    return _fields(request)


@lru_cache(maxsize=512)
def _fields(request: Any) -> dict[str, Any]:
    schema = request.model_json_schema()
    shared = schema.get("$defs", {})
    return {name: _followed(part, shared) for name, part in schema.get("properties", {}).items()}


def _followed(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a reference, and drop the alternative null, which a query string cannot say."""
    if "$ref" in schema:
        return _followed(shared[schema["$ref"].rpartition("/")[2]], shared)
    told = dict(schema)
    if "items" in told:
        told["items"] = _followed(told["items"], shared)
    if "anyOf" in told:
        options = [_followed(each, shared) for each in told.pop("anyOf")]
        options = [each for each in options if each.get("type") != "null"]
        told = {**options[0], **told} if len(options) == 1 else {**told, "anyOf": options}
    return told


def _list_of(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return schema.get("items", {"type": "string"}) if schema.get("type") == "array" else None


def _value(schema: Mapping[str, Any], text: str) -> Any:
    kind = schema.get("type")
    if kind == "integer" and _INTEGER.match(text):
        return int(text)
    return _WORDS.get(text, text) if kind == "boolean" else text
