"""Put the doors together: one ASGI app of routes that were made elsewhere, inside the same layers.

Nothing is chosen here; `wiring` chooses, and hands over the parts.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from core.kernel.errors import EngineError
from mcp_server.http import answers, exchange
from mcp_server.http.errors import MethodNotAllowed, NoSuchPath, Unacceptable
from mcp_server.http.metrics import Metrics
from mcp_server.http.middleware import layers
from mcp_server.http.origins import Origins
from mcp_server.http.proxies import Network
from mcp_server.http.security import opened

OPEN_PATHS = ("/.well-known/", "/oauth/token", "/oauth/register", "/oauth/revoke")
"""What clients in any browser need before they have a token, and what no cookie opens."""

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything an app is made of."""

    origins: Origins
    metrics: Metrics
    routes: Sequence[BaseRoute]
    """The API, the documents, health, metrics, sign-in and OAuth: tried in this order."""
    mcp: ASGIApp | None = None
    """Answers `/mcp` and everything below it."""
    trusted_proxies: Sequence[Network] = ()
    open_paths: Sequence[str] = field(default=OPEN_PATHS)
    lifespan: Lifespan | None = None


def build_app(parts: Parts) -> Starlette:
    """Make the app. Its lifespan is the one it was given, opened and closed by the server."""
    around = layers(
        origins=parts.origins,
        is_open=opened(parts.open_paths),
        trusted=parts.trusted_proxies,
        metrics=parts.metrics,
    )
    app = Starlette(
        routes=parts.routes,
        middleware=[*around, *([Middleware(_McpFirst, mcp=parts.mcp)] if parts.mcp else [])],
        exception_handlers={HTTPException: _told, EngineError: _refused},
        lifespan=parts.lifespan,
    )
    # A redirect to the path with or without its last slash would lose the body of a POST.
    app.router.redirect_slashes = False
    return app


class _McpFirst:
    """Hand every method at `/mcp` and below to its own app, the path unshortened.

    Inside the layers and before the routes, which would try their patterns one after the other.
    """

    def __init__(self, app: ASGIApp, *, mcp: ASGIApp) -> None:
        self._app, self._mcp = app, mcp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        app = self._mcp if path == "/mcp" or path.startswith("/mcp/") else self._app
        await app(scope, receive, send)


async def _told(http: Request, raised: Exception) -> Response:
    """Tell in our words what the router or a library told in HTTP's."""
    assert isinstance(raised, HTTPException)
    headers = dict(raised.headers or {})
    if raised.status_code == 404:
        return await _refused(http, NoSuchPath())
    if raised.status_code == 405:
        allowed = sorted(headers.get("Allow", "").split(", "))
        return _answer(http, MethodNotAllowed(allowed), {"Allow": ", ".join(allowed)})
    return _answer(http, Unacceptable(raised.status_code), headers)


async def _refused(http: Request, raised: Exception) -> Response:
    assert isinstance(raised, EngineError)
    return _answer(http, raised, {})


def _answer(http: Request, error: EngineError, headers: dict[str, str]) -> Response:
    exchange.of(http.scope).code = error.code
    return answers.refused(error, headers)
