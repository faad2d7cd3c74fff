"""The JSON schema of each error's problem, made from the error class: what its facts look like."""

from dataclasses import fields
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError

from core.kernel.errors import EngineError
from core.kernel.money import Money
from mcp_server.problems import TYPES, status, title

_DECIMAL = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


def schema_of(error: type[EngineError]) -> dict[str, Any]:
    """Describe one problem: fixed members as constants, facts by the types of their fields."""
    hints = get_type_hints(error)
    facts = {field.name: _fact(hints[field.name]) for field in fields(error)}
    fixed = {
        "type": {"const": TYPES + error.code},
        "title": {"const": title(error.code)},
        "status": {"const": status(error)},
        "code": {"const": error.code},
        "detail": {"type": "string"},
    }
    money = [name for name in facts if _is_money(hints[name])]
    asset = {"type": "string", "pattern": r"^[A-Z][A-Z0-9]+/[0-9]+$"}
    beside = {name: asset for name in (["asset"] if money else []) if name not in facts}
    return {
        "type": "object",
        "title": title(error.code),
        "properties": {**facts, **beside, **fixed},
        "required": [*fixed, *facts],
    }


def _fact(hint: Any) -> dict[str, Any]:
    if _is_money(hint):
        return _DECIMAL
    if type(None) in get_args(hint):
        options = [each for each in get_args(hint) if each is not type(None)]
        return {"anyOf": [*map(_fact, options), {"type": "null"}]}
    try:
        schema = TypeAdapter(hint).json_schema(mode="serialization")
    except PydanticSchemaGenerationError:
        return {"type": "string"}
    return schema if "$defs" not in schema else {}


def _is_money(hint: Any) -> bool:
    return hint is Money
