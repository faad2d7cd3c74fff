"""Keep browsers out of trouble: security headers, the host allowlist, and CORS."""

from collections.abc import Callable, Mapping, Sequence

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_server.http import answers, exchange
from mcp_server.http.errors import OriginRefused, UnknownHost
from mcp_server.http.origins import Origins

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The content security policy of whatever is no page. Pages set their own."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": NOTHING,
    "Cache-Control": "no-store",
}
HSTS = "max-age=63072000; includeSubDomains"

UNGUARDED = frozenset({"/health", "/readyz", "/metrics"})
"""Asked by load balancers and monitors, which name an address instead of the public host."""

METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
ALLOWED = (
    "authorization",
    "x-api-key",
    "content-type",
    "accept",
    "last-event-id",
    "idempotency-key",
    "x-request-id",
    "traceparent",
    "tracestate",
)
ALLOWED_PREFIXES = ("mcp-", "x-mcp-")
"""The transport's own headers; 2026-07-28 adds one for each marked parameter (`Mcp-Param-…`)."""
EXPOSED = (
    "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Link, Location, Retry-After, "
    f"{answers.RATE_LIMIT}, {answers.RATE_LIMIT_POLICY}, {answers.REPLAYED}, {answers.REQUEST_ID}"
)


class SecurityHeaders:
    """Put the headers on every answer, errors included; what an answer set itself stands."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        headers = HEADERS | ({"Strict-Transport-Security": HSTS} if is_https else {})
        self._raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                own = {name for name, _ in headers}
                message["headers"] = [*headers, *(pair for pair in self._raw if pair[0] not in own)]
            await send(message)

        await self._app(scope, receive, send_guarded if scope["type"] == "http" else send)


class KnownHosts:
    """Answer only to our own name, so that a page elsewhere cannot rebind its name to us."""

    def __init__(self, app: ASGIApp, *, origins: Origins) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in UNGUARDED:
            # Two Host headers, joined by a comma that no host has in it, are two opinions about
            # where this request should have gone.
            host = exchange.headers_of(scope).get("host", "")
            if "," in host or not self._origins.answers_to(host):
                error = UnknownHost()
                exchange.of(scope).code = error.code
                await answers.refused(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class CrossOrigin:
    """Let web pages of allowed origins call us with a token, and never with cookies.

    Some endpoints (metadata, token, registration) hold nothing that a browser sends by itself, and
    clients of any origin need them: those answer to every origin.
    """

    def __init__(self, app: ASGIApp, *, origins: Origins, is_open: Callable[[str], bool]) -> None:
        self._app, self._origins, self._is_open = app, origins, is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = exchange.headers_of(scope) if scope["type"] == "http" else {}
        if (origin := headers.get("origin")) is None:
            await self._app(scope, receive, send)
            return
        allowed = "*" if self._is_open(scope["path"]) else origin
        admitted = allowed == "*" or self._origins.admits(origin)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = _preflight(headers, allowed) if admitted else _turned_away(scope)
            await answer(scope, receive, send)
            return

        async def send_exposed(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                told.add_vary_header("Origin")
                if admitted:
                    told["Access-Control-Allow-Origin"] = allowed
                    told["Access-Control-Expose-Headers"] = EXPOSED
            await send(message)

        await self._app(scope, receive, send_exposed)


def _preflight(headers: Mapping[str, str], allowed: str) -> Response:
    asked = headers.get("access-control-request-headers", "").lower().split(",")
    names = [name.strip() for name in asked if _may_send(name.strip())]
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": allowed,
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": ", ".join(dict.fromkeys([*ALLOWED, *names])),
            "Access-Control-Max-Age": "600",
            "Vary": "Origin, Access-Control-Request-Headers",
        },
    )


def _may_send(name: str) -> bool:
    word = name.replace("-", "")
    return name.startswith(ALLOWED_PREFIXES) and word.isascii() and word.isalnum()


def _turned_away(scope: Scope) -> Response:
    error = OriginRefused()
    exchange.of(scope).code = error.code
    return answers.refused(error, {"Vary": "Origin"})


def opened(paths: Sequence[str]) -> Callable[[str], bool]:
    """Make the test for paths that answer every origin; a path that ends in `/` means all below."""
    exact = frozenset(path for path in paths if not path.endswith("/"))
    below = tuple(path for path in paths if path.endswith("/"))
    return lambda path: path in exact or path.startswith(below)
