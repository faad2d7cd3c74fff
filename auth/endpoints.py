"""The OAuth endpoints as HTTP: read the request, call what answers it, speak RFC 6749.

All but `/oauth/authorize` look at no cookie, so the layers in front may open them to pages of any
origin: whoever holds no code, verifier or secret gets nothing here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network
from math import ceil
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from auth import asking, authorize, introspect, metadata, registration, revoke, token
from auth.authenticating import authenticate, find_client
from auth.errors import AuthorizationPageError, InvalidRequestError, OAuth2Error
from auth.parameters import BYTES_MAX, Parameters, parse
from auth.server import AuthServer, caller_of
from core.db.engine import is_transient
from core.kernel.caller import ANONYMOUS
from core.operations.limits import Rate

CONSENT_PATH = "/oauth/consent"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
RATES = {
    "authorize": Rate(calls=60, seconds=60),
    "token": Rate(calls=120, seconds=60),
    "register": Rate(calls=20, seconds=3600),
    "revoke": Rate(calls=60, seconds=60),
    "introspect": Rate(calls=600, seconds=60),
}

ShowError = Callable[[Request, str], Awaitable[Response]]
"""Makes the page that tells a person why the request of a program cannot go on."""


class _TooMany(Exception):
    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


def routes(server: AuthServer, show_error: ShowError) -> list[Route]:
    """Make the routes of the authorization server."""
    ends = _Endpoints(server, show_error)
    return [
        Route(metadata.WELL_KNOWN_SERVER, ends.server_document, methods=["GET"]),
        Route(metadata.WELL_KNOWN_RESOURCE, ends.resource_document, methods=["GET"]),
        Route(
            metadata.WELL_KNOWN_RESOURCE + "{path:path}", ends.resource_document, methods=["GET"]
        ),
        Route("/oauth/authorize", ends.authorize, methods=["GET"]),
        Route("/oauth/token", ends.token, methods=["POST"]),
        Route("/oauth/register", ends.register, methods=["POST"]),
        Route("/oauth/revoke", ends.revoke, methods=["POST"]),
        Route("/oauth/introspect", ends.introspect, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Endpoints:
    server: AuthServer
    show_error: ShowError

    async def server_document(self, request: Request) -> Response:
        document = metadata.server_metadata(self.server.settings)
        return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})

    async def resource_document(self, request: Request) -> Response:
        path = request.path_params.get("path", "").rstrip("/")
        document = metadata.resource_metadata(self.server.settings, path)
        if document is None:
            return JSONResponse({"error": "not_found"}, 404)
        return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})

    async def authorize(self, request: Request) -> Response:
        """RFC 6749 §4.1.1: to the consent page, back to the client, or to a page that says why."""
        try:
            await self._limit(request, "authorize")
            where = await self._asked(parse(request.url.query))
        except _TooMany as flood:
            response = await self.show_error(request, "Too many tries. Wait a minute, then again.")
            response.status_code = 429
            response.headers["Retry-After"] = str(flood.retry_after)
            return response
        except AuthorizationPageError as error:
            return await self.show_error(request, str(error))
        except InvalidRequestError as error:
            return await self.show_error(request, str(error.description))
        except Exception as error:
            if not is_transient(error):
                raise
            response = await self.show_error(request, "We are busy. Try again in a moment.")
            response.status_code = 503
            return response
        # A program that opened this in a window of its own must keep hold of that window.
        opener = {"Cross-Origin-Opener-Policy": "unsafe-none"}
        return RedirectResponse(where, 303, headers=NO_STORE | opener)

    async def _asked(self, sent: Parameters) -> str:
        server = self.server
        client = await find_client(server, asking.require_client_id(sent))
        redirect_uri = asking.require_redirect_uri(client, sent)
        assert client is not None
        try:
            asked = asking.read(server.settings, client, redirect_uri, sent)
        except OAuth2Error as error:
            state = None if "state" in sent.repeated else sent.get("state")
            return authorize.back(
                redirect_uri,
                server.settings.issuer,
                state,
                error=str(error.error),
                error_description=str(error.get_error_description()),
            )
        async with server.database.begin(caller_of(client.id)) as work:
            issuer = server.settings.issuer
            pending = await authorize.begin_authorization(work, issuer, client, asked)
        return f"{CONSENT_PATH}?{urlencode({'request': pending.id})}"

    async def token(self, request: Request) -> Response:
        """RFC 6749 §3.2."""

        async def answer(sent: Parameters) -> Response:
            client = await authenticate(self.server, request.headers.get("authorization"), sent)
            async with self.server.database.begin(caller_of(client.id)) as work:
                issued = await token.answer(work, self.server, client, sent)
            if isinstance(issued, OAuth2Error):
                raise issued
            return JSONResponse(issued.body(), headers=NO_STORE)

        return await self._form(request, "token", answer)

    async def revoke(self, request: Request) -> Response:
        """RFC 7009 §2."""

        async def answer(sent: Parameters) -> Response:
            client = await authenticate(self.server, request.headers.get("authorization"), sent)
            async with self.server.database.begin(caller_of(client.id)) as work:
                await revoke.give_back(work, client, sent.require("token"))
            return Response(status_code=200, headers=NO_STORE)

        return await self._form(request, "revoke", answer)

    async def introspect(self, request: Request) -> Response:
        """RFC 7662 §2."""

        async def answer(sent: Parameters) -> Response:
            server = self.server
            client = await authenticate(server, request.headers.get("authorization"), sent)
            async with server.database.read(caller_of(client.id)) as work:
                told = await introspect.introspect(
                    work, server.settings, client, sent.require("token")
                )
            return JSONResponse(told, headers=NO_STORE)

        return await self._form(request, "introspect", answer)

    async def register(self, request: Request) -> Response:
        """RFC 7591 §3."""

        async def answer() -> Response:
            if _media_type(request) != "application/json":
                raise InvalidRequestError("The body must be application/json.")
            body = await _body(request, registration.BYTES_MAX)
            described = registration.read(body, self.server.settings)
            async with self.server.database.begin(ANONYMOUS) as work:
                told = await registration.register(work, described)
            return JSONResponse(told, 201, headers=NO_STORE)

        return await self._speak(request, "register", answer)

    async def _form(
        self,
        request: Request,
        name: str,
        answer: Callable[[Parameters], Awaitable[Response]],
    ) -> Response:
        async def read_and_answer() -> Response:
            if _media_type(request) != "application/x-www-form-urlencoded":
                raise InvalidRequestError("The body must be application/x-www-form-urlencoded.")
            try:
                sent = parse((await _body(request, BYTES_MAX)).decode())
            except UnicodeDecodeError:
                raise InvalidRequestError("The body is not UTF-8.") from None
            sent.refuse_repeated()
            return await answer(sent)

        return await self._speak(request, name, read_and_answer)

    async def _speak(
        self, request: Request, name: str, answer: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Turn refusals into RFC 6749 §5.2 answers. Strangers' refusals are counted, not listed."""
        try:
            await self._limit(request, name)
            return await answer()
        except _TooMany as flood:
            wait = {"Retry-After": str(flood.retry_after)} | NO_STORE
            return JSONResponse({"error": "temporarily_unavailable"}, 429, headers=wait)
        except OAuth2Error as error:
            self.server.trail.count_flood(_address(request), f"/oauth/{name}", str(error.error))
            status, body, headers = error()
            return _error(status, body, dict(headers))
        except Exception as error:
            # Not run again as `perform` would: nobody can tell here whether a lost COMMIT issued
            # tokens, and a code that is tried twice ends its family. The client starts over.
            if not is_transient(error):
                raise
            wait = {"Retry-After": "1"} | NO_STORE
            return JSONResponse({"error": "temporarily_unavailable"}, 503, headers=wait)

    async def _limit(self, request: Request, name: str) -> None:
        address = _address(request)
        verdict = await self.server.limiter.hit(f"oauth:{name}:{address}", RATES[name])
        if not verdict.allowed:
            self.server.trail.count_flood(address, f"/oauth/{name}", "rate_limited")
            raise _TooMany(max(1, ceil(verdict.retry_after)))


def _error(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    kept = {name: value for name, value in headers.items() if name == "WWW-Authenticate"}
    return JSONResponse(body, status, headers=kept | NO_STORE)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(request: Request, bytes_max: int) -> bytes:
    """Read the body, and no more of it than is of use."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            raise InvalidRequestError("The request is too long.")
    return body


def _address(request: Request) -> str:
    """Return what one sender cannot easily change: its IPv4 address, or its IPv6 network."""
    host = request.client.host if request.client else "unknown"
    try:
        is_wide = IPv6Address(host).ipv4_mapped is None
    except ValueError:
        return host
    return str(ip_network(f"{host}/64", strict=False)) if is_wide else host
