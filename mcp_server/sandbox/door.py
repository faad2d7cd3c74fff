"""The API's door: keys, encodings, idempotency, errors, and the headers Stripe sends."""

import asyncio
import base64
import binascii
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcp_server.sandbox import idempotency
from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.idempotency import Answer
from mcp_server.sandbox.ids import new_id
from mcp_server.sandbox.lists import expanded
from mcp_server.sandbox.params import Params, decode_form
from mcp_server.sandbox.resources import meter_events
from mcp_server.sandbox.routes import ROUTES, Handler
from mcp_server.sandbox.sandbox import Sandbox
from mcp_server.sandbox.work import API_VERSION, Json, Work

log = logging.getLogger(__name__)
STREAM = "/v2/billing/meter_event_stream"
BODY_MAX = 1_000_000
HANG_SECONDS = 120.0
HANG_LOOK_SECONDS = 0.05
ERROR = {"type": "api_error", "message": "An unknown error occurred"}
BEFORE: dict[str, tuple[int, Json]] = {
    "unavailable": (503, {"type": "api_error", "message": "The service is unavailable."}),
    "rate_limited": (
        429,
        {
            "type": "invalid_request_error",
            "code": "rate_limit",
            "message": "Request rate limit exceeded.",
        },
    ),
}
"""Faults that a request meets before anything is done."""


def api_routes(sandbox: Sandbox) -> list[Route]:
    """Make the routes of the whole API; whatever else is asked for is no address of Stripe's."""
    made = [
        Route(path, _endpoint(sandbox, handler), methods=[method])
        for method, path, handler in ROUTES
    ]
    # One route per path and method: the first that matches the path must not refuse the method.
    unknown = ["GET", "POST", "DELETE"]
    return [*made, Route("/{version:str}/{rest:path}", _unknown(sandbox), methods=unknown)]


def _endpoint(sandbox: Sandbox, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(http: Request) -> Response:
        return await _Exchange(sandbox, http).answer(handler)

    return answer


def _unknown(sandbox: Sandbox) -> Callable[[Request], Awaitable[Response]]:
    async def answer(http: Request) -> Response:
        path = _path(http)
        message = f"Unrecognized request URL ({http.method}: {path})."
        error = {"type": "invalid_request_error", "message": message}
        return _Exchange(sandbox, http).response(404, {"error": error})

    return answer


def _path(http: Request) -> str:
    """Return the path as it is in Stripe's documentation, wherever the sandbox is mounted."""
    whole, mount = http.scope["path"], http.scope.get("root_path", "")
    return str(whole.removeprefix(mount))


class _Exchange:
    """One request and its answer."""

    def __init__(self, sandbox: Sandbox, http: Request) -> None:
        self.sandbox, self.http = sandbox, http
        self.path = _path(http)
        self.id = new_id("req", 14)
        self.key = http.headers.get("idempotency-key") if http.method != "GET" else None
        self.is_v2 = self.path.startswith("/v2/")

    def work(self) -> Any:
        return self.sandbox.unit(
            request_id=self.id,
            idempotency_key=self.key,
            version=self.http.headers.get("stripe-version", ""),
        )

    async def answer(self, handler: Handler) -> Response:
        try:
            self._authenticate()
            values = await self._values()
        except Refused as refused:
            return self.response(refused.status, {"error": self._told(refused)})
        fault = self._fault()
        if fault == "hang":
            return self._shown(await self._late(handler, values))
        if fault in BEFORE:
            status, error = BEFORE[fault]
            return self.response(status, {"error": error})
        return self._shown(self._done(handler, values, breaks=fault == "error"))

    def _shown(self, given: Answer) -> Response:
        more = None
        if given.request_id != self.id:
            more = {"Idempotent-Replayed": "true", "Original-Request": given.request_id}
        return self.response(given.status, given.body, more)

    async def _late(self, handler: Handler, values: Json) -> Answer:
        """Take the key, leave the client without an answer until it gives up, and do it then."""
        if self.key is not None:
            try:
                with self.work() as work:
                    if replayed := idempotency.claim(work, self.key, self._fingerprint(values)):
                        return replayed
            except Refused as refused:
                return self._refusal(refused)
        try:
            await self._hang()
        finally:
            # Also when this is cancelled, which is how a client of this process gives up.
            if self.key is not None:
                with self.work() as work:
                    idempotency.release(work, self.key)
            given = self._done(handler, values)
        return given

    async def _hang(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(HANG_SECONDS):
                while not await self.http.is_disconnected():  # noqa: ASYNC110 - only asking tells
                    await asyncio.sleep(HANG_LOOK_SECONDS)

    def _done(self, handler: Handler, values: Json, *, breaks: bool = False) -> Answer:
        """Do what is asked and keep the answer, in one unit, so that neither is without the other.

        A decline keeps what led to it; any other refusal undoes everything, the key's use too.
        """
        asked = self._fingerprint(values)
        try:
            with self.work() as work:
                if self.key is not None and (kept := idempotency.claim(work, self.key, asked)):
                    return kept
                given = self._handled(work, handler, values)
                if breaks:
                    given = self._broken(undo=self.is_v2)
                self._keep(work, given)
        except Refused as refused:
            return self._refusal(refused)
        except Exception:
            log.exception("the sandbox failed to answer %s %s", self.http.method, self.path)
            return self._broken()
        return given

    def _broken(self, *, undo: bool = False) -> Answer:
        if undo:
            raise Refused(str(ERROR["message"]), type=str(ERROR["type"]), status=500)
        return Answer(status=500, body={"error": ERROR}, request_id=self.id)

    def _keep(self, work: Work, given: Answer) -> None:
        """Keep the answer for its key. The second version keeps successes alone."""
        if self.key is None:
            return
        if self.is_v2 and given.status >= 400:
            idempotency.release(work, self.key)
        else:
            idempotency.keep(work, self.key, given)

    def _refusal(self, refused: Refused) -> Answer:
        body = {"error": self._told(refused)}
        return Answer(status=refused.status, body=body, request_id=self.id)

    def _fingerprint(self, values: Json) -> str:
        return idempotency.fingerprint(self.http.method, self.path, values)

    def _handled(self, work: Work, handler: Handler, values: Json) -> Answer:
        asked = Params(values)
        paths = asked.texts("expand")
        try:
            made = handler(work, asked, *self.http.path_params.values())
            asked.finish()
            body = expanded(work, made, paths)
        except Refused as refused:
            if not refused.keeps:
                raise
            return self._refusal(refused)
        return Answer(status=200, body=body, request_id=self.id)

    # -- What is asked --------------------------------------------------------------------------

    def _authenticate(self) -> None:
        given = _given_key(self.http.headers.get("authorization", ""))
        if not given:
            raise Refused(
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY').",
                status=401,
            )
        if self.path == STREAM:
            with self.work() as work:
                if meter_events.is_open(work, given):
                    return
        elif hmac.compare_digest(given.encode(), self.sandbox.secret_key.encode()):
            return
        shown = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 16 else "*" * 8
        raise Refused(f"Invalid API Key provided: {shown}", status=401)

    async def _values(self) -> Json:
        query = decode_form(self.http.url.query)
        if self.http.method != "POST":
            return query
        body = bytearray()
        async for chunk in self.http.stream():
            body += chunk
            if len(body) > BODY_MAX:
                raise Refused("The request is too large.", status=413)
        try:
            text = body.decode()
            values = json.loads(text or "{}") if self.is_v2 else decode_form(text)
        except ValueError as error:
            raise Refused("Invalid request body.") from error
        if not isinstance(values, dict):
            raise Refused("Invalid request body.")
        return {**query, **values}

    def _fault(self) -> str:
        switches = self.sandbox.switches
        if not (switches.fault and switches.fault_times):
            return ""
        left = switches.fault_times - 1
        self.sandbox.switch(fault_times=left, fault=switches.fault if left else "")
        return switches.fault

    # -- What is answered -----------------------------------------------------------------------

    def _told(self, refused: Refused) -> Json:
        return {**refused.error, "request_log_url": f"{self.sandbox.url}/control#{self.id}"}

    def response(self, status: int, body: Json, more: dict[str, str] | None = None) -> Response:
        headers = {
            "Request-Id": self.id,
            "Stripe-Version": self.http.headers.get("stripe-version") or API_VERSION,
            "Cache-Control": "no-cache, no-store",
            **(more or {}),
        }
        if self.key is not None and self.key.isascii():
            headers["Idempotency-Key"] = self.key
        if status == 409:
            headers["Stripe-Should-Retry"] = "true"
        elif 400 <= status < 500:
            headers["Stripe-Should-Retry"] = "false"
        text = json.dumps(body, indent=2)
        return Response(text, status, headers, media_type="application/json")


def _given_key(header: str) -> str:
    """Read the key from `Bearer`, or as the user of `Basic`, which is how curl sends it."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
