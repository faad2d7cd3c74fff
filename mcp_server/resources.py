"""Serve what can be read as resources: each one is an operation under a URI.

A resource has no authority of its own. Reading one performs its operation through the gate, with
the reader's role, scopes, rate and trail.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mcp_types as types
import orjson
from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from core.kernel.caller import Caller
from core.kernel.errors import EngineError, Kind
from core.operations.admitting import may
from core.operations.operation import Operation
from core.operations.perform import Gate
from mcp_server.asked import COMPLETE, Asked, asked
from mcp_server.problems import problem

RESOURCE_NOT_FOUND_BEFORE_2026 = -32002
CACHE = {**COMPLETE, "ttlMs": 0, "cacheScope": "private"}

Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of resource: a URI with names in it, and the operation that reads it."""

    uri: str
    operation: str
    name: str
    title: str
    description: str

    @property
    def is_fixed(self) -> bool:
        return "{" not in self.uri

    def match(self, uri: str) -> dict[str, str] | None:
        """Return the arguments that a URI stands for, if it is one of these."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[A-Za-z0-9_.-]{1,120})", re.escape(self.uri))
        found = re.fullmatch(pattern, uri)
        return found and found.groupdict()


TEMPLATES = (
    Template(
        "bursar://limits",
        "whoami",
        "limits",
        "Your own limits",
        "Who you are, what you may do, and how often you may call.",
    ),
    Template(
        "bursar://meters",
        "list_meters",
        "meters",
        "Meters",
        "What is measured, in which unit, and what a unit costs.",
    ),
    Template(
        "bursar://projects/{project_id}",
        "get_project",
        "project",
        "A project",
        "A project and its settings.",
    ),
    Template(
        "bursar://projects/{project_id}/wallets/{wallet_id}",
        "check_balance",
        "wallet",
        "A wallet's balance",
        "What is posted, held and available. Subscribe to hear when it changes.",
    ),
    Template(
        "bursar://projects/{project_id}/wallets/{wallet_id}/transactions",
        "list_transactions",
        "transactions",
        "A wallet's transactions",
        "The newest transactions, each with the balance before and after it.",
    ),
)
WALLET = TEMPLATES[3]


def wallet_uri(project_id: str, wallet_id: str) -> str:
    return f"bursar://projects/{project_id}/wallets/{wallet_id}"


class Resources:
    """The resources of one engine: those whose operation it has."""

    def __init__(self, operations: Sequence[Operation[Any, Any]], gate: Gate) -> None:
        self._operations = {each.name: each for each in operations}
        self._gate = gate
        self._templates = tuple(each for each in TEMPLATES if each.operation in self._operations)

    def find(self, uri: str) -> tuple[Operation[Any, Any], dict[str, str]] | None:
        """Return the operation that reads this URI, and its arguments."""
        for each in self._templates:
            if (arguments := each.match(uri)) is not None:
                return self._operations[each.operation], arguments
        return None

    async def list(self, context: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        """Answer `resources/list`: what has one address, and the caller's own project."""
        caller = asked(context).caller
        shown = [
            _described(each) | {"uri": each.uri}
            for each in self._templates
            if each.is_fixed and self._may(each, caller)
        ]
        for each in self._templates:
            if each.name == "project" and caller.project_id and self._may(each, caller):
                uri = each.uri.format(project_id=caller.project_id)
                shown.append(_described(each) | {"title": "Your project", "uri": uri})
        return {"resources": shown, **CACHE}

    async def templates(
        self, context: Context, params: types.PaginatedRequestParams
    ) -> dict[str, Any]:
        """Answer `resources/templates/list`."""
        caller = asked(context).caller
        shown = [
            _described(each) | {"uriTemplate": each.uri}
            for each in self._templates
            if not each.is_fixed and self._may(each, caller)
        ]
        return {"resourceTemplates": shown, **CACHE}

    async def read(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> dict[str, Any]:
        """Answer `resources/read`. What may not be known of does not exist."""
        request = asked(context)
        found = self.find(uri := str(params.uri))
        if found is None:
            raise not_found(context, uri)
        operation, arguments = found
        outcome = await self._gate.perform(operation, request.call(arguments))
        if outcome.error is not None:
            raise _told(context, uri, outcome.error)
        body = outcome.body
        if uri == "bursar://limits":
            body = body | {"rates": self._rates(request)}
        text = orjson.dumps(body).decode()
        contents = [{"uri": uri, "mimeType": "application/json", "text": text}]
        return {"contents": contents, **CACHE}

    def _rates(self, request: Asked) -> dict[str, dict[str, int]]:
        """Say how often the caller may call each tool that it is offered."""
        return {
            name: {"calls": rate.calls, "seconds": rate.seconds}
            for name in sorted(request.tools)
            if may(operation := self._operations[name], request.caller)
            for rate in [self._gate.rates[operation.rate]]
        }

    def _may(self, template: Template, caller: Caller) -> bool:
        return may(self._operations[template.operation], caller)


def not_found(context: Context, uri: str) -> MCPError:
    """Say that there is no such resource, by the code of the caller's protocol version."""
    modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
    code = types.INVALID_PARAMS if modern else RESOURCE_NOT_FOUND_BEFORE_2026
    return MCPError(code, "Resource not found", {"uri": uri})


def _told(context: Context, uri: str, error: EngineError) -> MCPError:
    if error.kind in {Kind.NOT_FOUND, Kind.INVALID}:
        return not_found(context, uri)
    body = problem(error)
    return MCPError(body["status"], body["detail"], body)


def _described(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "title": template.title,
        "description": template.description,
        "mimeType": "application/json",
    }
