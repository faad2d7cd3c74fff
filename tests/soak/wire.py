"""A client of one kept connection, lean because it shares the machine with what it loads."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import orjson

from mcp_server.wiring import OPERATIONS
from tests.soak.ground import POOL_TIMEOUT_SECONDS

ANSWER_SECONDS = 3 * POOL_TIMEOUT_SECONDS + 15.0
"""Three tries of a call that each wait for the pool, on a busy machine: beyond this it hangs."""
BY_NAME = {each.name: each for each in OPERATIONS}
_PARAMETER = re.compile(r"{([a-z_]+)}")


class Gone(Exception):
    """The server went away before it answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    retry_after: int | None = None
    """What the header says of when to come again."""

    def must(self) -> dict[str, Any]:
        assert self.status < 300, f"{self.status} {self.body}"
        return self.body


@dataclass(slots=True)
class Connection:
    """Ask a server, one call after the other; whoever is cut off connects anew."""

    url: str
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._hang_up()

    async def ask(
        self, name: str, arguments: Mapping[str, Any], *, token: str, key: str | None = None
    ) -> Answer:
        """Perform an operation. Raises Gone when it cannot be known whether it was done."""
        method, target, body = _request(name, arguments)
        lines = [f"{method} {target} HTTP/1.1", f"host: {urlsplit(self.url).netloc}"]
        lines += [f"authorization: Bearer {token}", f"content-length: {len(body)}"]
        lines += ["content-type: application/json"] if body else []
        lines += [f"idempotency-key: {key}"] if key else []
        sent = "\r\n".join([*lines, "", ""]).encode() + body
        patience = asyncio.timeout(ANSWER_SECONDS)
        try:
            async with patience:
                return await self._exchange(sent)
        except (OSError, EOFError) as error:
            self._hang_up()
            assert not patience.expired(), f"{name} hangs"
            raise Gone from error

    async def _exchange(self, sent: bytes) -> Answer:
        if self._streams is None:
            where = urlsplit(self.url)
            self._streams = await asyncio.open_connection(where.hostname, where.port, limit=2**22)
        reader, writer = self._streams
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(_value(head, b"content-length")))
        if b"\r\nconnection: close\r\n" in head:
            self._hang_up()
        retry_after = _value(head, b"retry-after") if b"\r\nretry-after:" in head else None
        told = orjson.loads(body) if body else {}
        return Answer(int(head[9:12]), told, int(retry_after) if retry_after else None)

    def _hang_up(self) -> None:
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = None


def _request(name: str, arguments: Mapping[str, Any]) -> tuple[str, str, bytes]:
    """Put the arguments where the operation's route wants them."""
    operation = BY_NAME[name]
    in_path = _PARAMETER.findall(operation.path)
    path = operation.path.format(**{each: arguments[each] for each in in_path})
    others = {each: value for each, value in arguments.items() if each not in in_path}
    if operation.method in {"GET", "DELETE"}:
        return operation.method, f"{path}?{urlencode(others)}" if others else path, b""
    return operation.method, path, orjson.dumps(others)


def _value(head: bytes, name: bytes) -> bytes:
    return head.split(b"\r\n" + name + b":", 1)[1].split(b"\r\n", 1)[0].strip()
