"""Serve operations as an HTTP API: one route for each, made from its declaration.

Who calls is asked before the body is read, and what cannot be read is refused by the gate like any
other wrong argument, so that the trail has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.pages.visit import address_of
from core.kernel.caller import Caller, CallerKind
from core.kernel.errors import Busy, EngineError
from core.operations import Operation, RateClass, Unauthenticated
from core.operations.perform import Call, Gate, Outcome
from mcp_server.http import answers, arguments, exchange
from mcp_server.problems import challenge

DOOR = "http"
CREDENTIALS = ("authorization", "x-api-key")


class Identify(Protocol):
    async def __call__(self, headers: Mapping[str, str], resource: str) -> Caller:
        """Return who presents these headers to this resource; ANONYMOUS when nothing is presented.

        Header names are in lower case. Raises `Unauthenticated` for a credential that is wrong,
        expired, revoked, or for another resource.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What every route needs. The URLs are this installation's own, as its clients see them."""

    gate: Gate
    identify: Identify
    public_url: str
    resource: str
    resource_metadata: str


def routes(operations: Sequence[Operation[Any, Any]], api: Api) -> list[Route]:
    """Make one route for each path, whole words before parameters, so that both can be reached.

    The busiest come first of all: patterns are tried one after the other.
    """
    by_path: dict[str, dict[str, Operation[Any, Any]]] = {}
    for each in operations:
        methods = by_path.setdefault(each.path, {})
        assert each.method not in methods, f"two operations answer {each.method} {each.path}"
        methods[each.method] = each
    busy = {each.path for each in operations if each.rate is RateClass.USAGE}
    paths = sorted(
        by_path,
        key=lambda path: (path not in busy, [part.startswith("{") for part in path.split("/")]),
    )
    return [_route(path, by_path[path], api) for path in paths]


def _route(path: str, by_method: Mapping[str, Operation[Any, Any]], api: Api) -> Route:
    for operation in by_method.values():
        for name in arguments.in_path(operation.path):
            known = operation.request.model_fields
            assert name in known, f"{name} of {path} is no field of {operation.name}"

    async def endpoint(http: Request) -> Response:
        # A HEAD is a GET whose body the server leaves out (RFC 9110 section 9.3.2).
        method = "GET" if http.method == "HEAD" else http.method
        return await _answer(http, by_method[method], api)

    return Route(path, endpoint, methods=[*by_method])


async def _answer(http: Request, operation: Operation[Any, Any], api: Api) -> Response:
    seen = exchange.of(http.scope)
    seen.route, seen.operation = operation.path, operation.name
    try:
        caller = await _caller(http, operation, api)
    except Unauthenticated as error:
        # Whoever cannot say who they are must not be able to fill the trail: they are counted.
        api.gate.trail.count_flood("anonymous", operation.name, error.code)
        return _refusal(http, error, api, {})
    except Busy as error:
        return _refusal(http, error, api, {})
    seen.subject = caller.subject
    sent, unreadable = await _arguments(http, operation)
    call = Call(
        caller=caller,
        arguments=sent,
        door=DOOR,
        idempotency_key=None if operation.reads else http.headers.get(answers.IDEMPOTENCY_KEY),
        request_id=seen.request_id,
        trace_id=seen.trace_id,
        unreadable=unreadable,
    )
    outcome = await api.gate.perform(operation, call)
    headers = _headers(http, operation, outcome, api)
    if outcome.error:
        return _refusal(http, outcome.error, api, headers)
    return answers.told(outcome.body, operation.status, headers)


async def _caller(http: Request, operation: Operation[Any, Any], api: Api) -> Caller:
    caller = await api.identify(exchange.headers_of(http.scope), api.resource)
    if caller.kind is not CallerKind.ANONYMOUS:
        return caller
    if not operation.public:
        raise Unauthenticated
    # Each address, or network of them, has its own bucket of what strangers may call.
    return replace(caller, subject=f"anonymous:{address_of(http)}")


async def _arguments(
    http: Request, operation: Operation[Any, Any]
) -> tuple[dict[str, Any], EngineError | None]:
    """Read what was sent, or return what the path says and why the rest could not be read."""
    pairs = http.query_params.multi_items()
    try:
        if operation.method in arguments.IN_QUERY:
            sent = arguments.from_query(operation.request, pairs)
        else:
            arguments.refuse_query(pairs)
            sent = arguments.from_body(http.headers, await http.body())
        return arguments.with_path(operation.request, sent, http.path_params), None
    except EngineError as error:
        return dict(http.path_params), error


def _headers(
    http: Request, operation: Operation[Any, Any], outcome: Outcome, api: Api
) -> dict[str, str]:
    rate = api.gate.rates[operation.rate]
    headers = answers.rate_headers(str(operation.rate), rate, outcome.limit, outcome.error)
    if outcome.replayed:
        headers[answers.REPLAYED] = "true"
    if operation.method == "GET" and (cursor := outcome.body.get("next_cursor")):
        url, pairs = api.public_url + http.url.path, http.query_params.multi_items()
        headers |= answers.next_link(url, pairs, cursor)
    return headers


def _refusal(http: Request, error: EngineError, api: Api, headers: Mapping[str, str]) -> Response:
    exchange.of(http.scope).code = error.code
    presented = any(name in http.headers for name in CREDENTIALS)
    who = challenge(error, api.resource_metadata, presented=presented)
    return answers.refused(error, {**headers, **who})
