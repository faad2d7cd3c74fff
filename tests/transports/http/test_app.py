"""What the app does for every door it is made of."""

import httpx2
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.kernel.errors import Busy
from mcp_server.app import Parts, build_app
from mcp_server.http.metrics import Metrics
from mcp_server.http.origins import Origins
from tests.transports.http.conftest import URL

pytestmark = pytest.mark.anyio


async def busy(http: Request) -> Response:
    raise Busy(7)


async def odd(http: Request) -> Response:
    raise HTTPException(418)


async def mcp(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"{scope['method']} {scope['path']}")(scope, receive, send)


async def ask(method: str, path: str) -> httpx2.Response:
    parts = Parts(
        origins=Origins(URL),
        metrics=Metrics(),
        routes=[Route("/busy", busy), Route("/odd", odd)],
        mcp=mcp,
    )
    transport = httpx2.ASGITransport(build_app(parts))
    async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
        return await client.request(method, path)


async def test_an_error_that_a_route_raises_is_told_as_a_problem() -> None:
    answer = await ask("GET", "/busy")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "7"


async def test_what_a_library_says_in_http_is_told_in_our_words() -> None:
    answer = await ask("GET", "/odd")
    assert answer.json() == {
        "type": "/docs/errors/unacceptable_request",
        "title": "Unacceptable request",
        "status": 400,
        "code": "unacceptable_request",
        "detail": "The request cannot be answered as it was sent (HTTP status 418).",
        "http_status": 418,
    }


@pytest.mark.parametrize("path", ["/mcp", "/mcp/readonly", "/mcp/x/wallets"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_the_mcp_app_has_its_paths_whole_and_every_method(method: str, path: str) -> None:
    assert (await ask(method, path)).text == f"{method} {path}"


@pytest.mark.parametrize("path", ["/busy/", "/mcpx", "//busy"])
async def test_nothing_is_redirected_to_a_path_that_was_not_asked_for(path: str) -> None:
    answer = await ask("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")
