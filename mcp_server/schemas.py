"""Make JSON Schemas small: what a model reads costs its user tokens on every turn.

Titles repeat the field's name and definitions are used once, so both go. Of what a tool takes, one
whole example says more than one for every field. The gate validates by the full rules in any case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from core.operations.operation import Operation

IDEMPOTENCY_KEY: dict[str, Any] = {
    "type": "string",
    "maxLength": 255,
    "description": "Your key for this one act; sent again, it gives the first result again.",
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal, with its facts beside these.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "code", "detail"],
}

_MAPS = {"properties", "patternProperties", "dependentSchemas"}
_LISTS = {"anyOf", "oneOf", "allOf", "prefixItems"}
_SINGLES = {"items", "additionalProperties", "not", "contains", "propertyNames"}


def input_schema(operation: Operation[Any, Any]) -> dict[str, Any]:
    """Return what the tool takes: the request's fields, and the key for whatever is not a read."""
    schema = compact(operation.request.model_json_schema(), is_input=True)
    schema.setdefault("properties", {})
    if not operation.reads:
        schema["properties"] |= {"idempotency_key": IDEMPOTENCY_KEY}
    if operation.examples:
        schema["examples"] = [dict(operation.examples[0].arguments)]
    return schema


def output_schema(result: type[BaseModel]) -> dict[str, Any]:
    """Return what the tool answers: its result, or the problem that says why not.

    Both, because clients hold whatever is structured to this schema, refusals too; the widespread
    TypeScript SDK would throw a refusal away, with its reason, if only results were described.
    """
    return {"type": "object", "anyOf": [result_schema(result), PROBLEM]}


def result_schema(result: type[BaseModel]) -> dict[str, Any]:
    """Return what the tool answers when it does not refuse."""
    return compact(result.model_json_schema(mode="serialization"))


def compact(schema: Mapping[str, Any], *, is_input: bool = False) -> dict[str, Any]:
    """Drop titles and put definitions where they are used.

    Of an input, null goes too from fields that may simply be left out, and so do the examples of
    single fields and the rule that a text is not empty.
    """
    body = {name: value for name, value in schema.items() if name not in {"$defs", "description"}}
    compacted = _Compactor(schema.get("$defs", {}), is_input).walk(body, ())
    assert isinstance(compacted, dict)
    return compacted


@dataclass(frozen=True, slots=True)
class _Compactor:
    definitions: Mapping[str, Any]
    is_input: bool

    def walk(self, schema: Any, within: tuple[str, ...]) -> Any:
        """Compact one schema. `within` names the definitions around it, none of which may recur."""
        if not isinstance(schema, dict):
            return schema
        schema = _told_once(dict(schema)) if self.is_input else dict(schema)
        if (target := schema.pop("$ref", None)) is not None:
            name = target.rsplit("/", 1)[-1]
            assert name not in within, f"{name} contains itself; it cannot be inlined"
            inlined = self.walk(self.definitions[name], (*within, name))
            inlined.pop("description", None)
            return inlined | self.walk(schema, within)
        schema.pop("title", None)
        for name, value in schema.items():
            if name in _MAPS:
                schema[name] = {key: self.walk(each, within) for key, each in value.items()}
            elif name in _LISTS:
                schema[name] = [self.walk(each, within) for each in value]
            elif name in _SINGLES:
                schema[name] = self.walk(value, within)
        return schema


def _told_once(schema: dict[str, Any]) -> dict[str, Any]:
    schema.pop("examples", None)
    if schema.get("minLength") == 1:
        del schema["minLength"]
    if schema.get("default", ...) is None:
        del schema["default"]
        return _without_null(schema)
    return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(choices) != 1:
        return schema
    return {**choices[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
