"""A server that answers as it is told to, over a real socket: also not at all, or with rubbish."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from mcp_server.adapters.stripe.wire import Httpx2Client
from tests.stripe import contract

REQUEST_ID = "req_stub"


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    how: Literal["told", "dropped", "hanging"] = "told"


def told(**body: Any) -> Answer:
    return Answer(body=json.dumps(body).encode())


def refused(status: int, headers: Mapping[str, str] | None = None, /, **error: Any) -> Answer:
    """An error as Stripe tells it."""
    return Answer(status=status, body=json.dumps({"error": error}).encode(), headers=headers or {})


DROPPED = Answer(how="dropped")
HANGING = Answer(how="hanging")
RUBBISH = Answer(body=b"\xff<html>a proxy is in the way</html>")
FAILED = refused(500, type="api_error", message="An unknown error occurred.")


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")


@dataclass
class Stub:
    base: str
    answers: list[Answer] = field(default_factory=list)
    """One for each request; the last one for all that follow."""
    asked: list[Asked] = field(default_factory=list)

    hung: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody waits for an answer that does not come."""

    def will(self, *answers: Answer) -> None:
        self.answers = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        lines = (each.partition(":") for each in head[1:] if each)
        headers = {name.lower(): value.strip() for name, _, value in lines}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(Asked(method, path, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.how == "hanging":
            self.hung.set()
            await reader.read()  # until whoever asked goes away
            return False
        if answer.how == "dropped":
            return False
        more = {"Request-Id": REQUEST_ID, "Content-Length": str(len(answer.body)), **answer.headers}
        told = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        writer.write(f"HTTP/1.1 {answer.status} Told\r\n{told}\r\n".encode() + answer.body)
        await writer.drain()
        return True


class Impatient(Httpx2Client):
    """Asks nothing that Stripe would not understand, and waits for nothing between tries."""

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        contract.check(method, url, headers.get("Content-Type"), post_data)
        return await super().request_async(method, url, headers, post_data)

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return asyncio.sleep(0)


@asynccontextmanager
async def stubbed() -> AsyncIterator[Stub]:
    """Serve on a free port."""
    stub = Stub("")
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    stub.base = f"http://{host}:{port}"
    try:
        yield stub
    finally:
        server.close()
