"""A proxy in front of PostgreSQL that cuts a connection between a COMMIT and its answer.

It understands just enough of the wire (PostgreSQL's protocol version 3) to know what each message
is: the server has committed when it says so, with a CommandComplete that is tagged COMMIT. That
answer, and what follows it, is not delivered. Whoever asked cannot know whether it was done.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
CHUNK = 2**16
COMMITTED = b"COMMIT\0"
WRITES = re.compile(rb"\b(?:insert\s+into|update|copy)\s+\"?(?:ledger|metering)_", re.IGNORECASE)
"""A statement that moves value or records use: a commit of nothing else is let through."""


@dataclass(slots=True)
class Messages:
    """Splits one direction of a connection into whole messages: (type, body, as it was sent)."""

    startup: bool
    """A client's first messages have no type."""
    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
        self._rest += data
        while True:
            head = 0 if self.startup else 1
            if len(self._rest) < head + 4:
                return
            end = head + int.from_bytes(self._rest[head : head + 4])
            if len(self._rest) < end:
                return
            whole = bytes(self._rest[:end])
            del self._rest[:end]
            yield whole[:head], whole[head + 4 :], whole


@dataclass(slots=True)
class Session:
    """What one client has sent, as far as it tells what a COMMIT commits."""

    messages: Messages = field(default_factory=lambda: Messages(startup=True))
    answers: Messages = field(default_factory=lambda: Messages(startup=False))
    single_bytes: int = 0
    """Answers to come that are one byte and no message: may we encrypt?"""
    statements: dict[bytes, bytes] = field(default_factory=dict)
    writes: bool = False
    """Whether the open transaction moved value or recorded use."""

    def sends(self, data: bytes) -> None:
        """Take note of what the client says."""
        for kind, body, _ in self.messages.feed(data):
            if not kind:
                self._starts(int.from_bytes(body[:4]))
            elif kind == b"Q":
                self._runs(body)
            elif kind == b"P":
                name, _, rest = body.partition(b"\0")
                self.statements[name] = rest.partition(b"\0")[0]
            elif kind == b"B":
                _portal, name, _ = body.split(b"\0", 2)
                self._runs(self.statements.get(name, b""))

    def _starts(self, code: int) -> None:
        if code in {SSL_REQUEST, GSS_REQUEST}:
            self.single_bytes += 1
        elif code != CANCEL_REQUEST:
            self.messages.startup = False

    def _runs(self, statement: bytes) -> None:
        self.writes = self.writes or bool(WRITES.search(statement))

    def hears(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Tell of each answer whether it says that something worth cutting was committed."""
        while self.single_bytes and data:
            self.single_bytes -= 1
            yield data[:1], False
            data = data[1:]
        for kind, body, whole in self.answers.feed(data):
            ends = kind == b"Z" and body == b"I"
            yield whole, self.writes and kind == b"C" and body == COMMITTED
            # ReadyForQuery, idle: whatever was open is over.
            self.writes = self.writes and not ends


@dataclass(slots=True)
class Proxy:
    """Forwards everything to the socket of a PostgreSQL, but for the answers it is told to cut."""

    upstream: Path
    cuts_at: Callable[[int], bool]
    """Decides about each COMMIT by its number whether the answer to it is kept back."""
    commits: int = 0
    cuts: int = 0
    port: int = 0
    broken: list[BaseException] = field(default_factory=list)
    """What went wrong in here, other than that somebody hung up."""
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
        assert self.broken == []

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            answers, back = await asyncio.open_unix_connection(str(self.upstream))
        except OSError:
            writer.transport.abort()
            return
        session = Session()
        sides = [
            asyncio.create_task(_forward(reader, back, session)),
            asyncio.create_task(self._answer(answers, writer, session)),
        ]
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Whichever side ended first ends the other, without another word.
            for side in sides:
                side.cancel()
            writer.transport.abort()
            back.transport.abort()
            ended = await asyncio.gather(*sides, return_exceptions=True)
            known = OSError, asyncio.CancelledError
            self.broken += [each for each in ended if each and not isinstance(each, known)]

    async def _answer(
        self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session
    ) -> None:
        while data := await answers.read(CHUNK):
            for whole, committed in session.hears(data):
                if committed:
                    self.commits += 1
                    if self.cuts_at(self.commits):
                        self.cuts += 1
                        return
                writer.write(whole)
            await writer.drain()


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session
) -> None:
    while data := await reader.read(CHUNK):
        session.sends(data)
        writer.write(data)
        await writer.drain()
