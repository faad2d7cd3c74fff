"""Describe the HTTP API as an OpenAPI 3.1 document, made from the operations and nothing else.

OpenAPI 3.1 speaks JSON Schema 2020-12, which is what pydantic writes, so a request's schema here
is the one that validates it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.kernel.errors import Busy, EngineError
from core.operations import (
    ClockAdvancing,
    IdempotencyKeyReused,
    InvalidRequest,
    NotAllowed,
    Operation,
    RateLimited,
    ScopeRequired,
    Unauthenticated,
)
from core.operations.admitting import IDEMPOTENCY_KEY_MAX, needed_role
from core.operations.scopes import IN_PLAIN_WORDS
from mcp_server.http import answers, arguments
from mcp_server.http.errors import (
    BodyTooLarge,
    BodyTooSlow,
    InternalError,
    MalformedBody,
    UnsupportedBody,
)
from mcp_server.http.problem_schemas import schema_of
from mcp_server.problems import status

_REF = "#/components/schemas/"
_ABOUT = """\
Everything here is also an MCP tool of the same name. Amounts are decimal numbers in quotes beside
an `asset`; times are RFC 3339 with a zone; lists answer `items` and `next_cursor`. A refusal is a
problem (RFC 9457) whose `code` never changes; each has a page at `/docs/errors/{code}`.

Send an `Idempotency-Key` with every call that changes something: a repetition is answered with the
first result and `Idempotency-Replayed: true`. Keys are kept for 35 days.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where this installation and its authorization server are."""

    public_url: str
    authorization_url: str
    token_url: str


def document(
    operations: Sequence[Operation[Any, Any]], addresses: Addresses, *, version: str
) -> dict[str, Any]:
    """Make the whole document. The same operations make the same one, wherever they are served."""
    paths, schemas = _described(tuple(operations))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bursar", "version": version, "description": _ABOUT},
        "servers": [{"url": addresses.public_url}],
        "tags": [{"name": name} for name in sorted({str(each.toolset) for each in operations})],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": _security_schemes(addresses),
            "headers": _HEADERS,
        },
    }


@lru_cache(maxsize=8)
def _described(
    operations: tuple[Operation[Any, Any], ...],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the paths and the schemas, made once: of so many operations that takes a second."""
    schemas = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    return paths, schemas


def _schemas(operations: Sequence[Operation[Any, Any]]) -> dict[str, Any]:
    requests = [(each.request, "validation") for each in operations]
    results = [(each.result, "serialization") for each in operations]
    wanted: list[Any] = list(dict.fromkeys([*requests, *results]))
    _, shared = models_json_schema(wanted, ref_template=_REF + "{model}")
    schemas: dict[str, Any] = shared.get("$defs", {})
    for each in operations:
        # What is sent by path and by query string is described there, field by field.
        if _has_body(each):
            schemas[_body_name(each)] = _body_schema(each, schemas)
        for error in _errors(each):
            schemas[f"Problem_{error.code}"] = schema_of(error)
    return schemas


def _own_schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(ref_template=_REF + "{model}")


def _body_name(operation: Operation[Any, Any]) -> str:
    return "".join(word.capitalize() for word in operation.name.split("_")) + "Body"


def _body_schema(operation: Operation[Any, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Leave out the fields that the path names: they are sent there."""
    whole = _own_schema(operation.request)
    whole.pop("$defs", None)
    absent = set(arguments.in_path(operation.path))
    fields = {name: part for name, part in whole["properties"].items() if name not in absent}
    required = [name for name in whole.get("required", []) if name not in absent]
    return {**whole, "properties": fields, "required": required}


def _has_body(operation: Operation[Any, Any]) -> bool:
    return operation.method not in arguments.IN_QUERY


def _operation(operation: Operation[Any, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.title,
        "description": f"{operation.description}\n\n{_authority(operation)}",
        "tags": [str(operation.toolset)],
        "security": _security(operation),
        "responses": _responses(operation),
    }
    if parameters := _parameters(operation):
        told["parameters"] = parameters
    if _has_body(operation):
        told["requestBody"] = _body(operation, schemas[_body_name(operation)])
    return told


def _authority(operation: Operation[Any, Any]) -> str:
    if operation.public:
        return "Anyone may call this, without a token."
    if operation.anyone:
        return "Anyone with a token or key may call this; it needs no scope."
    return f"Needs the scope {' and '.join(operation.scopes)}, and {needed_role(operation)}."


def _security(operation: Operation[Any, Any]) -> list[dict[str, list[str]]]:
    if operation.public:
        return [{}]
    return [{"oauth2": list(operation.scopes)}, {"api_key": []}]


def _security_schemes(addresses: Addresses) -> dict[str, Any]:
    flow = {
        "authorizationUrl": addresses.authorization_url,
        "tokenUrl": addresses.token_url,
        "refreshUrl": addresses.token_url,
        "scopes": dict(IN_PLAIN_WORDS),
    }
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "OAuth 2.1: authorization code with PKCE (S256).",
            "flows": {"authorizationCode": flow},
        },
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, sent as a bearer token.",
        },
    }


def _parameters(operation: Operation[Any, Any]) -> list[dict[str, Any]]:
    in_path = arguments.in_path(operation.path)
    schema = _own_schema(operation.request)
    required = set(schema.get("required", []))
    told = []
    for name, part in arguments.fields(operation.request).items():
        if name in in_path:
            told.append(_parameter(name, part, where="path", required=True))
        elif not _has_body(operation):
            told.append(_parameter(name, part, where="query", required=name in required))
    return [*told, _IDEMPOTENCY_KEY] if not operation.reads else told


def _parameter(
    name: str, schema: Mapping[str, Any], *, where: str, required: bool
) -> dict[str, Any]:
    shown = {key: value for key, value in schema.items() if key not in {"title", "default"}}
    if schema.get("default") is not None:
        shown["default"] = schema["default"]
    told = {"name": name, "in": where, "required": required, "schema": shown}
    if description := shown.pop("description", ""):
        told["description"] = description
    return told


def _body(operation: Operation[Any, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": _REF + _body_name(operation)}}
    absent = set(arguments.in_path(operation.path))
    examples = {
        f"example_{number}": {
            "summary": each.title,
            "value": {name: v for name, v in each.arguments.items() if name not in absent},
        }
        for number, each in enumerate(operation.examples, 1)
    }
    if examples:
        content["examples"] = examples
    return {"required": bool(schema["required"]), "content": {"application/json": content}}


def _errors(operation: Operation[Any, Any]) -> list[type[EngineError]]:
    """Return what this operation may answer: what it declares, and what its way in may."""
    errors: list[type[EngineError]] = [InvalidRequest, RateLimited, Busy, InternalError]
    if not operation.public:
        errors += [Unauthenticated]
    if not operation.public and not operation.anyone:
        errors += [ScopeRequired, NotAllowed]
    if not operation.reads:
        errors += [IdempotencyKeyReused]
    if not operation.reads and operation.names_project:
        errors += [ClockAdvancing]
    if _has_body(operation):
        errors += [MalformedBody, UnsupportedBody, BodyTooLarge, BodyTooSlow]
    return list({each.code: each for each in [*errors, *operation.raises]}.values())


def _responses(operation: Operation[Any, Any]) -> dict[str, Any]:
    names = [answers.REQUEST_ID, answers.RATE_LIMIT, answers.RATE_LIMIT_POLICY]
    names += [] if operation.reads else [answers.REPLAYED]
    result = {
        "description": operation.title,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {"application/json": {"schema": {"$ref": _REF + operation.result.__name__}}},
    }
    by_status: dict[str, list[str]] = {}
    for error in _errors(operation):
        by_status.setdefault(str(status(error)), []).append(error.code)
    return {str(operation.status): result} | {
        key: _problem_response(codes) for key, codes in sorted(by_status.items())
    }


def _problem_response(codes: Iterable[str]) -> dict[str, Any]:
    told = sorted(codes)
    refs = [{"$ref": f"{_REF}Problem_{code}"} for code in told]
    schema = refs[0] if len(refs) == 1 else {"oneOf": refs}
    return {
        "description": ", ".join(told),
        "headers": {answers.REQUEST_ID: {"$ref": f"#/components/headers/{answers.REQUEST_ID}"}},
        "content": {answers.PROBLEM: {"schema": schema}},
    }


_IDEMPOTENCY_KEY = {
    "name": answers.IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "Your own name for this call: the same key gives the first result again.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": IDEMPOTENCY_KEY_MAX,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
}
_HEADERS = {
    answers.REQUEST_ID: {
        "description": "Names this request in the logs and the trail; yours, if you sent one.",
        "schema": {"type": "string"},
    },
    answers.RATE_LIMIT: {
        "description": 'What is left: `"write";r=598;t=12` is 598 calls, all of them in 12 s.',
        "schema": {"type": "string"},
    },
    answers.RATE_LIMIT_POLICY: {
        "description": 'How often: `"write";q=600;w=60` is 600 calls in 60 s.',
        "schema": {"type": "string"},
    },
    answers.REPLAYED: {
        "description": "`true` when this is the result of an earlier call with the same key.",
        "schema": {"type": "string", "const": "true"},
    },
}
