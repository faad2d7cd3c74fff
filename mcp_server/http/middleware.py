"""The layers around every request, outermost first, and the one that watches them all.

Pure ASGI throughout: a layer that buffers or moves the app to another task would break streams,
cancellation and context variables.
"""

import logging
import re
import secrets
from collections.abc import Callable, Sequence

import structlog
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.kernel import cards
from core.kernel.clock import stopwatch
from mcp_server import logs
from mcp_server.http import answers, exchange
from mcp_server.http.bodies import BoundedBodies
from mcp_server.http.errors import InternalError
from mcp_server.http.exchange import Exchange
from mcp_server.http.metrics import Metrics
from mcp_server.http.origins import Origins
from mcp_server.http.proxies import Network, client_of
from mcp_server.http.security import UNGUARDED, CrossOrigin, KnownHosts, SecurityHeaders

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}\Z")
_TRACEPARENT = re.compile(r"^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-..")
_REQUEST_ID_NAME = answers.REQUEST_ID.lower()
_ID_HEADER = _REQUEST_ID_NAME.encode()
_SECRET_LENGTH = 32
_ID = re.compile(r"^[a-z]{2,4}_[0-9a-z]{26}\Z")

log = structlog.get_logger("bursar.http")


def layers(
    *,
    origins: Origins,
    is_open: Callable[[str], bool],
    trusted: Sequence[Network],
    metrics: Metrics,
) -> list[Middleware]:
    """Return the layers in order. The headers are outermost, so that no answer lacks them."""
    return [
        Middleware(SecurityHeaders, is_https=origins.is_https),
        Middleware(Observed, trusted=trusted, metrics=metrics),
        Middleware(KnownHosts, origins=origins),
        Middleware(CrossOrigin, origins=origins, is_open=is_open),
        Middleware(BoundedBodies),
    ]


class Observed:
    """Name each request, time it, count it, write one line about it, and answer for our bugs."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network], metrics: Metrics) -> None:
        self._app, self._trusted, self._metrics = app, trusted, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _exchange(scope, self._trusted)
        # Everybody further in sees the caller, not the proxy.
        port = scope["client"][1] if scope.get("client") else 0
        scope = {**scope, "client": (seen.client, port)}
        exchange.carry(scope, seen)
        started, status = stopwatch(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [pair for pair in message.get("headers", ()) if pair[0] != _ID_HEADER]
                message["headers"] = [*headers, (_ID_HEADER, seen.request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(
            request_id=seen.request_id, trace_id=seen.trace_id
        ):
            try:
                await self._app(scope, receive, send_named)
            except ClientDisconnect:
                seen.code = "client_disconnected"
            except Exception:
                log.exception("request_failed")
                seen.code = InternalError.code
                if not status:
                    answer = answers.refused(InternalError(seen.request_id))
                    await answer(scope, receive, send_named)
            finally:
                self._tell(scope, seen, status, stopwatch() - started)

    def _tell(self, scope: Scope, seen: Exchange, status: int, seconds: float) -> None:
        self._metrics.requested(scope["method"], seen.route, status, seconds)
        told: dict[str, str | float] = {
            "method": scope["method"],
            "path": shown(scope["path"]),
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "client": seen.client,
        }
        found = {"operation": seen.operation, "caller": seen.subject, "code": seen.code}
        told |= {name: value for name, value in found.items() if value}
        level = logging.DEBUG if scope["path"] in UNGUARDED else logging.INFO
        logs.tell("bursar.http", level, "request", told)


def shown(path: str) -> str:
    """Write a path for the log. The query is left out, and so is what may be a secret in it."""
    return "/".join(_shown_part(part) for part in path.split("/"))[:200]


def _shown_part(part: str) -> str:
    if len(part) >= _SECRET_LENGTH and not _ID.match(part):
        return "[redacted]"
    return part if part.isprintable() else "[unprintable]"


def _exchange(scope: Scope, trusted: Sequence[Network]) -> Exchange:
    """Take the caller's own names for the request, if they are well-formed; else make some."""
    headers = exchange.headers_of(scope)
    sent = headers.get(_REQUEST_ID_NAME, "")
    # The system is asked for chance once: 24 digits for the one, 32 for the other.
    made = secrets.token_hex(28)
    is_fine = _REQUEST_ID.match(sent) and cards.redacted(sent) == sent
    request_id = sent if is_fine else f"req_{made[:24]}"
    trace = _TRACEPARENT.match(headers.get("traceparent", ""))
    trace_id = trace[1] if trace else made[24:]
    return Exchange(request_id, trace_id, client_of(scope, trusted))
