"""What stands on the wire: the server's own parser, and where one request ends and another begins.

A request that two programs would end at different bytes carries a second one that only one of them
sees. No such request is answered, whatever stands in front of us.
"""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

from mcp_server.cli.serving import config_of
from tests.transports.http.conftest import Door

pytestmark = pytest.mark.anyio

HIDDEN = b"GET /v1/things/hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def port(door: Door) -> AsyncIterator[int]:
    """Serve the door on a real port, as the product is served."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = config_of(door.app)
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by this flag alone
            await asyncio.sleep(0.005)
        yield listener.getsockname()[1]
        server.should_exit = True
        await running


async def statuses(port: int, sent: bytes) -> list[int]:
    """Send these bytes, and return the status of each answer until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(10):
        received = await reader.read()
    writer.close()
    return [int(each[:3]) for each in received.split(b"HTTP/1.1 ")[1:]]


def post(*headers: bytes, body: bytes = b"") -> bytes:
    lines = [b"POST /v1/things/peek HTTP/1.1", b"Host: localhost", *headers, b"", body]
    return b"\r\n".join(lines)


SMUGGLED = {
    "a length and chunks": post(
        b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN
    ),
    "two lengths": post(b"Content-Length: 0", b"Content-Length: 9", body=HIDDEN),
    "a coding nobody knows": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + HIDDEN),
    "chunks that are not last": post(
        b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + HIDDEN
    ),
    "a space before the colon": post(b"Content-Length : 0", body=HIDDEN),
    "a folded line": post(b"X-Folded: one\r\n two", b"Content-Length: 0", body=HIDDEN),
    "a length that is none": post(b"Content-Length: +5", body=HIDDEN),
    "a chunk of nonsense": post(b"Transfer-Encoding: chunked", body=b"zz\r\n\r\n" + HIDDEN),
    "bare line feeds": post(b"Content-Length: 0", body=HIDDEN).replace(b"\r\n", b"\n"),
    "a NUL in a value": post(b"X-Zero: a\x00b", b"Content-Length: 0", body=HIDDEN),
}


@pytest.mark.parametrize("sent", SMUGGLED.values(), ids=SMUGGLED)
async def test_what_could_hide_a_second_request_is_not_read_on(
    door: Door, port: int, sent: bytes
) -> None:
    assert await statuses(port, sent) == [400]
    assert await door.trail() == []


async def test_two_honest_requests_in_a_row_are_answered_in_a_row(port: int) -> None:
    assert await statuses(port, post(b"Content-Length: 0", body=HIDDEN)) == [400, 401]


async def test_a_socket_is_not_opened_and_hides_nothing(port: int) -> None:
    asked = b"Connection: Upgrade, close", b"Upgrade: websocket", b"Content-Length: 0"

    assert await statuses(port, post(*asked, body=HIDDEN)) == [400]
