"""Bound what a request body may cost: its size, and the time it takes to arrive."""

import asyncio
import math

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.kernel.errors import EngineError
from mcp_server.http import answers, exchange
from mcp_server.http.errors import BodyTooLarge, BodyTooSlow

BODY_MAX = 4 * 1024 * 1024
SECONDS_MAX = 30


class BoundedBodies:
    """Make `receive` raise when the body is too large or too slow.

    Nothing is refused before somebody reads: the API asks who is calling first, and writes the
    refusal down. Where nobody catches it, it is answered here. The connection is closed after it,
    so that the rest of the body is not read either.
    """

    def __init__(
        self, app: ASGIApp, *, bytes_max: int = BODY_MAX, seconds_max: float = SECONDS_MAX
    ) -> None:
        self._app, self._bytes_max, self._seconds_max = app, bytes_max, seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bounded = _Bounded(scope, receive, send, self._bytes_max, self._seconds_max)
        try:
            await self._app(scope, bounded.receive, bounded.send)
        except (BodyTooLarge, BodyTooSlow) as error:
            if bounded.started:
                raise
            exchange.of(scope).code = error.code
            await answers.refused(error)(scope, receive, bounded.send)


class _Bounded:
    def __init__(
        self, scope: Scope, receive: Receive, send: Send, bytes_max: int, seconds_max: float
    ) -> None:
        self._receive, self._send = receive, send
        self._bytes_max, self._seconds_max = bytes_max, seconds_max
        declared = exchange.headers_of(scope).get("content-length", "")
        # Eighteen digits are too much already, and thousands are more than `int` reads.
        self._declared = int(declared[:18]) if declared.isdecimal() else 0
        self._size = 0
        self._complete = False
        self._deadline: float | None = None
        self._error: EngineError | None = None
        self.started = False

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        if self._declared > self._bytes_max:
            raise self._refusal(BodyTooLarge(self._bytes_max))
        message = await self._in_time()
        self._size += len(message.get("body", b""))
        if self._size > self._bytes_max:
            raise self._refusal(BodyTooLarge(self._bytes_max))
        self._complete = not message.get("more_body", False)
        return message

    async def _in_time(self) -> Message:
        now = asyncio.get_running_loop().time()
        self._deadline = self._deadline or now + self._seconds_max
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            raise self._refusal(BodyTooSlow(math.ceil(self._seconds_max))) from None

    def _refusal(self, error: EngineError) -> EngineError:
        self._error = error
        return error

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            if self._error:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
        await self._send(message)
