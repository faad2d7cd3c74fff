"""Stand in front of the MCP endpoint: nothing unauthenticated reaches the SDK.

The SDK cannot answer 401 or 403 from a handler, and headers such as `Mcp-Name` are the sender's
word. So the body is read here, once and bounded, and what a call needs is decided from what the
body says. A refusal is a JSON-RPC error whose data is the problem that every other door tells.
See docs/decisions/0011-a-guard-in-front-of-the-mcp-sdk.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any, Protocol

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.kernel.caller import Caller, CallerKind
from core.kernel.errors import EngineError, Kind
from core.operations.admitting import authorize
from core.operations.errors import InvalidRequest, RateLimited, ScopeRequired, Unauthenticated
from core.operations.operation import Operation, RateClass
from core.operations.perform import Gate
from core.operations.scopes import missing
from mcp_server import problems
from mcp_server.asked import SCOPE_KEY, Asked
from mcp_server.http import exchange, strict_json
from mcp_server.http.api import CREDENTIALS
from mcp_server.http.errors import (
    BodyTooLarge,
    MalformedBody,
    MethodNotAllowed,
    OriginRefused,
    UnknownHost,
    UnsupportedBody,
)
from mcp_server.http.origins import Origins
from mcp_server.problems import HttpError, problem
from mcp_server.toolsets import Names, Toolsets

BODY_BYTES_MAX = 4 * 1024 * 1024
METHODS = ("POST", "GET", "DELETE")

_STREAMING_META = ("progressToken", "io.modelcontextprotocol/logLevel")


class Identify(Protocol):
    async def __call__(self, headers: Mapping[str, str], resource: str) -> Caller:
        """Say who sends these headers to this resource (RFC 8707).

        Raises Unauthenticated when there are no credentials, or none that are valid here. Header
        names are in lower case.
        """


class Needs(Protocol):
    def __call__(
        self, method: str, params: Mapping[str, Any]
    ) -> tuple[Operation[Any, Any], Mapping[str, Any]] | None:
        """Return the operation that a message will perform, and its arguments; None for neither."""


@dataclass(eq=False)
class NotAMessage(HttpError):
    """The body is not one JSON-RPC 2.0 message. Batches were withdrawn from the protocol."""

    code = "invalid_message"
    kind = Kind.INVALID
    status = 400


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the endpoint is, and therefore what its tokens are for."""

    origins: Origins
    path: str = "/mcp"

    @property
    def resource(self) -> str:
        """The resource that a token names to be good for all of it (RFC 8707)."""
        return f"{self.origins.public_url}{self.path}"

    def resource_at(self, path: str) -> str:
        """The resource that a request to this path uses: a token may be for that path alone."""
        return f"{self.origins.public_url}{path.rstrip('/')}"

    @property
    def metadata_url(self) -> str:
        """Where its metadata is (RFC 9728 §3.1): one document for every path below it."""
        return f"{self.origins.public_url}/.well-known/oauth-protected-resource{self.path}"


@dataclass(frozen=True, slots=True)
class Guard:
    """The ASGI application in front of the SDK's."""

    app: ASGIApp
    identify: Identify
    toolsets: Toolsets
    needs: Needs
    gate: Gate
    endpoint: Endpoint
    body_bytes_max: int = BODY_BYTES_MAX
    methods: tuple[str, ...] = METHODS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = exchange.headers_of(scope)
        seen = exchange.of(scope)
        seen.route = self.endpoint.path
        message: dict[str, Any] = {}
        try:
            receive = await self._admit(scope, headers, receive, message)
        except EngineError as error:
            seen.code = error.code
            if not isinstance(error, ScopeRequired):
                # No operation was named, so none is in the trail: these are counted there instead.
                self.gate.trail.count_flood(seen.subject or "anonymous", "mcp", error.code)
            challenge = self._challenge(error, scope, headers)
            await _refuse(error, message.get("id"), challenge, send)
            return
        await self.app(scope, receive, send)

    async def _admit(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, message: dict[str, Any]
    ) -> Receive:
        """Decide about the request, and return what the application reads it from."""
        self._check_where_from(scope["method"], headers)
        tools = self._select(scope, headers)
        caller = await self._identify(scope["path"], headers)
        exchange.of(scope).subject = caller.subject
        if scope["method"] == "POST":
            body = await self._read(headers, receive)
            message.update(parse(body))
            receive = replaying(body, receive)
        if message.get("method") == "initialize":
            await self._limit_opening(caller)
        asked = _asked(scope, caller, tools, message)
        await self._check_scopes(scope, asked, message)
        scope[SCOPE_KEY] = asked
        return receive

    def _check_where_from(self, method: str, headers: Mapping[str, str]) -> None:
        """Serve our own names only: a page may have bound its own to our address."""
        if not self.endpoint.origins.answers_to(headers.get("host", "")):
            raise UnknownHost
        if (origin := headers.get("origin")) and not self.endpoint.origins.admits(origin):
            raise OriginRefused
        if method not in self.methods:
            raise MethodNotAllowed(list(self.methods))

    def _select(self, scope: Scope, headers: Mapping[str, str]) -> Names:
        return self.toolsets.select(scope["path"].removeprefix(self.endpoint.path), headers)

    async def _identify(self, path: str, headers: Mapping[str, str]) -> Caller:
        caller = await self.identify(headers, self.endpoint.resource_at(path))
        if caller.kind is CallerKind.ANONYMOUS:
            raise Unauthenticated
        return caller

    async def _limit_opening(self, caller: Caller) -> None:
        """Open sessions no faster than what is sensitive is done, so that nobody takes them all."""
        rate = self.gate.rates[RateClass.SENSITIVE]
        verdict = await self.gate.limiter.hit(f"{caller.subject}:initialize", rate)
        if not verdict.allowed:
            raise RateLimited("initialize", max(1, ceil(verdict.retry_after)))

    async def _read(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        """Read the body, and stop at the limit whatever length was declared."""
        if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise UnsupportedBody
        declared = headers.get("content-length", "")
        size = int(declared[:18]) if declared.isdecimal() else 0
        body = bytearray()
        while size <= self.body_bytes_max:
            part = await receive()
            if part["type"] != "http.request":
                raise MalformedBody("it did not arrive whole")
            body += part.get("body", b"")
            size = len(body)
            if size <= self.body_bytes_max and not part.get("more_body", False):
                return bytes(body)
        raise BodyTooLarge(self.body_bytes_max)

    async def _check_scopes(self, scope: Scope, asked: Asked, message: Mapping[str, Any]) -> None:
        """Challenge a caller whose token lacks a scope; the gate writes the refusal down.

        A role is not a scope: that refusal is the tool's own answer, where a model can read it.
        """
        method = message.get("method", "")
        found = self.needs(method, message.get("params") or {})
        if found is None or (method == "tools/call" and found[0].name not in asked.tools):
            return
        operation, arguments = found
        exchange.of(scope).operation = operation.name
        if not _lacks(asked.caller.scopes, operation.scopes):
            return
        try:
            authorize(operation, asked.caller)
        except ScopeRequired:
            await self.gate.perform(operation, asked.call(arguments))
            raise
        except EngineError:
            return

    def _challenge(
        self, error: EngineError, scope: Scope, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """Say which authority would do. At first that is what the tools offered here need."""
        presented = any(name in headers for name in CREDENTIALS)
        told = problems.challenge(error, self.endpoint.metadata_url, presented=presented)
        if error.kind is not Kind.UNAUTHENTICATED:
            return told
        wanted = " ".join(self.toolsets.scopes(self._select(scope, headers)))
        described = f', error_description="{_quotable(str(error))}"' if presented else ""
        return {name: f'{value}, scope="{wanted}"{described}' for name, value in told.items()}


def parse(body: bytes) -> dict[str, Any]:
    """Read one JSON-RPC message, before any part of it is echoed anywhere.

    Strictly, so that the SDK behind us cannot read another method or name in the same bytes.
    """
    try:
        message = strict_json.read(body)
    except strict_json.JsonProblem as error:
        raise MalformedBody(str(error)) from None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise NotAMessage
    if "method" not in message:
        is_message = "result" in message or "error" in message
    else:
        is_message = isinstance(message["method"], str)
    if not is_message or not isinstance(message.get("params", {}), dict):
        raise NotAMessage
    id_ = message.get("id", "")
    # It is repeated in the answer, where half a surrogate pair cannot be written.
    if not isinstance(id_, str | int) or any("\ud800" <= each <= "\udfff" for each in str(id_)):
        raise NotAMessage
    return message


def replaying(body: bytes, receive: Receive) -> Receive:
    """Give the body to the next application, and then whatever else arrives."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _asked(scope: Scope, caller: Caller, tools: Names, message: Mapping[str, Any]) -> Asked:
    meta = (message.get("params") or {}).get("_meta")
    streams = message.get("method") == "subscriptions/listen" or (
        isinstance(meta, dict) and any(name in meta for name in _STREAMING_META)
    )
    seen = exchange.of(scope)
    return Asked(caller, tools, seen.request_id, seen.trace_id, streams, message)


@lru_cache(maxsize=4096)
def _lacks(granted: frozenset[str], needed: tuple[str, ...]) -> bool:
    return bool(missing(granted, needed))


def _quotable(value: str) -> str:
    """Keep what a quoted string may hold (RFC 6750 §3)."""
    return "".join(each if " " <= each <= "~" and each not in '"\\' else "'" for each in value)


_CODES: dict[type[EngineError], int] = {
    MalformedBody: -32700,
    NotAMessage: -32600,
    InvalidRequest: -32602,
}


async def _refuse(error: EngineError, id_: Any, challenge: Mapping[str, str], send: Send) -> None:
    told = problem(error)
    # JSON-RPC keeps -32768 to -32000 for itself, so what is no error of its own has HTTP's number.
    code = _CODES.get(type(error), told["status"])
    answer = {"code": code, "message": told["detail"], "data": told}
    body = orjson.dumps({"jsonrpc": "2.0", "id": id_, "error": answer})
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        **problems.headers(error),
        **challenge,
    }
    if isinstance(error, MethodNotAllowed):
        headers["allow"] = ", ".join(error.allowed)
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": told["status"], "headers": raw})
    await send({"type": "http.response.body", "body": body})
