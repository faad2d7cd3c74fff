"""Decide whether a call may go on: its scopes, its role, and the shape of what it says. Pure."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from core.kernel.caller import Caller, CallerKind, at_least, platform_at_least
from core.operations.errors import InvalidRequest, NotAllowed, ScopeRequired, Unauthenticated
from core.operations.operation import Operation, Request
from core.operations.scopes import missing

IDEMPOTENCY_KEY_MAX = 255
DEPTH_MAX = 16
NAMES_MAX = 50
"""More than any object of ours has. Each wrong name costs a sentence about it before it is told."""
FIELD_MAX = 64
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUL = b"\\u0000"
_CONTAINERS = (dict, list)


def authorize(operation: Operation[Any, Any], caller: Caller) -> None:
    """Refuse a caller without every scope, or below the least role. Scopes are told first."""
    if operation.public:
        return
    if caller.kind is CallerKind.ANONYMOUS:
        raise Unauthenticated
    if operation.anyone or caller.kind is CallerKind.SYSTEM:
        return
    if absent := missing(caller.scopes, operation.scopes):
        raise ScopeRequired(list(operation.scopes), absent)
    if not may(operation, caller):
        unbound = ", bound to no project" if _is_beyond(operation, caller) else ""
        raise NotAllowed(operation.name, needed_role(operation) + unbound)


def may(operation: Operation[Any, Any], caller: Caller) -> bool:
    """Tell whether the caller's role, whatever its scopes, is enough for the operation."""
    if operation.public or operation.anyone:
        return True
    if caller.is_platform:
        least = operation.platform_role
        enough = least is not None and platform_at_least(caller.platform_role, least)
        return enough and not _is_beyond(operation, caller)
    return operation.project_role is not None and at_least(caller.role, operation.project_role)


def _is_beyond(operation: Operation[Any, Any], caller: Caller) -> bool:
    """Staff who bound themselves to one project change that project, and not the platform."""
    return bool(caller.project_id) and not operation.reads and not operation.names_project


def needed_role(operation: Operation[Any, Any]) -> str:
    sides = []
    if operation.project_role:
        sides.append(f"the role {operation.project_role} in the project")
    if operation.platform_role:
        sides.append(f"the platform role {operation.platform_role}")
    return ", or ".join(sides)


def validate(
    operation: Operation[Any, Any], arguments: Mapping[str, Any], idempotency_key: str | None
) -> Request:
    """Read the arguments strictly. What is wrong is named by field, never by its value."""
    problems = []
    if idempotency_key is not None and not _is_key(idempotency_key):
        what = f"must be 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters"
        problems.append({"field": "idempotency_key", "problem": what})
    if not _is_storable(arguments):
        what = "must not contain the NUL character, unpaired surrogates, deep nesting, or an object"
        what += f" of more than {NAMES_MAX} names"
        problems.append({"field": "arguments", "problem": what})
    if problems:
        raise InvalidRequest(problems)
    try:
        request: Request = operation.request.model_validate(dict(arguments))
    except ValidationError as error:
        raise InvalidRequest(
            [
                {"field": _named(each["loc"]) or "arguments", "problem": each["msg"]}
                for each in error.errors(include_url=False, include_input=False)[:20]
            ]
        ) from None
    return request


def _named(location: tuple[int | str, ...]) -> str:
    # The last part may tell which kind of value was tried, where a field takes several.
    named = location[:-1] if len(location) > 1 and location[-1] in _KINDS else location
    return ".".join(str(each)[:FIELD_MAX] for each in named)


_KINDS = frozenset({"bool", "int", "str", "constrained-int", "constrained-str"})


def _is_key(key: str) -> bool:
    return 0 < len(key) <= IDEMPOTENCY_KEY_MAX and key.isascii() and key.isprintable()


def _is_storable(value: Mapping[str, Any]) -> bool:
    """Databases refuse NUL and lone surrogates half-way through a unit; we refuse them here."""
    try:
        packed = orjson.dumps(value)
    except TypeError:
        return _is_good(value)
    # To write JSON and look for one word costs a tenth of looking at every text. What could be
    # written has no surrogates, and a text that only spells the word is looked at more closely.
    return _is_shallow(value) if _NUL not in packed else _is_good(value)


def _is_shallow(value: Any, depth: int = 0) -> bool:
    is_object = type(value) is dict
    parts = value.values() if is_object else value
    if (depth >= DEPTH_MAX and parts) or (is_object and len(parts) > NAMES_MAX):
        return False
    for each in parts:
        if type(each) in _CONTAINERS and not _is_shallow(each, depth + 1):
            return False
    return True


def _is_good(value: Any, depth: int = 0) -> bool:
    if depth > DEPTH_MAX:
        return False
    if isinstance(value, str):
        return "\x00" not in value and (value.isascii() or not _SURROGATE.search(value))
    if isinstance(value, Mapping):
        return len(value) <= NAMES_MAX and all(
            _is_good(k) and _is_good(v, depth + 1) for k, v in value.items()
        )
    if isinstance(value, list):
        return all(_is_good(each, depth + 1) for each in value)
    return True
