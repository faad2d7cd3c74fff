"""The client of every HTTP subject, ours and the baselines': one small HTTP/1.1 for all of them.

It is lean on purpose, because it shares the cores with the server that it measures: no task and
no stream per connection, requests put together from parts that are ready, answers looked at as
bytes. What it uses itself is told with every figure.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
NO_MORE_CHUNKS = b"\r\n0\r\n\r\n"
ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes
    """As it came: one that was sent in chunks still has their lengths in it."""


def answer_in(received: bytes) -> Answer | None:
    """Read an answer, of which the server told the length or sent chunks; None if not all came."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, body = received[:end], received[end + 4 :]
    if told := LENGTH.search(head):
        whole = len(body) >= int(told[1])
    else:
        # Something like `}` stands before the last line of an event, never the end of all chunks.
        whole = not CHUNKED.search(head) or received.endswith(NO_MORE_CHUNKS)
    return Answer(int(head[9:12]), head, body) if whole else None


class Connection(asyncio.Protocol):
    """One kept connection with at most one request under way."""

    def __init__(self) -> None:
        self.answered: Callable[[Answer], None] = lambda answer: None
        self.lost: Callable[[str], None] = lambda why: None
        self._transport: asyncio.Transport | None = None
        self._received = b""

    @classmethod
    async def to(cls, port: int) -> "Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not every event loop's transports are of the class that they behave like.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        answer = answer_in(received)
        self._received = b"" if answer else received
        if answer:
            self.answered(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost(repr(exc) if exc else "the server closed the connection")

    def ask(self, request: bytes) -> None:
        assert self._transport, "it is connected"
        self._transport.write(request)

    async def exchange(self, request: bytes) -> Answer:
        """Ask, and wait for the answer: for what is not measured."""
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.answered = waiting.set_result
        self.lost = lambda why: None if waiting.done() else waiting.set_exception(OSError(why))
        self.ask(request)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await waiting

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        self.lost = lambda why: None
        if self._transport:
            self._transport.abort()


@dataclass(slots=True)
class Lane:
    """What goes over one connection: the head of its requests, and the next body."""

    port: int
    head: bytes
    new_body: Callable[[], bytes]

    async def open(self) -> Connection:
        return await Connection.to(self.port)

    async def close(self, connection: Connection) -> None:
        connection.close()

    def request(self) -> bytes:
        body = self.new_body()
        return b"%scontent-length: %d\r\n\r\n%s" % (self.head, len(body), body)


def head_of(port: int, path: str, *, method: str = "POST", **headers: Any) -> bytes:
    """Write the head of a request, which still lacks its length; `_` in a name stands for `-`."""
    lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{port}"]
    lines += ["content-type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n").encode()
