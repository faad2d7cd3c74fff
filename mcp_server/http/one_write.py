"""Answer in one write: the head of an answer leaves together with the first of its body.

The server below our app writes the head by itself, and the loop sends whatever is written at once.
So each answer cost two system calls, and woke its client for a head with nothing behind it: in a
profile of a busy server, a tenth of everything. Here the first write waits for the second, but no
longer than until the loop comes round: a stream that has nothing to say yet is told at once, too.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class JoinedWrites:
    """A transport that keeps back what is written until there is more, or the loop comes round."""

    __slots__ = ("_kept", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._kept: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send it with what was kept back; or keep it back, if nothing was."""
        if self._kept is None:
            self._kept = data
            self._loop.call_soon(self.flush)
        else:
            kept, self._kept = self._kept, None
            self._transport.write(kept + data)

    def flush(self) -> None:
        """Send what was kept back, if anything was."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._transport.write(kept)

    def close(self) -> None:
        """Close once everything is sent."""
        self.flush()
        self._transport.close()


class OneWrite(HttpToolsProtocol):
    """The server's own protocol, whose answers leave in one piece."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        joined = JoinedWrites(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", joined))
