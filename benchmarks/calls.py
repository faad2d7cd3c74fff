"""MCP calls, over both wires of the protocol, on kept connections.

Of 2026-07-28 a request stands alone and is answered in JSON. Of the handshake era each connection
opens a session first, and its calls are answered in an event stream, which is how servers of that
era answer unless they are told otherwise.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Any

import orjson

from benchmarks.client import Answer, Connection, Lane, head_of
from benchmarks.load import Check, Load

CONNECTIONS = 32
STANDING_ALONE, HANDSHAKE = "2026-07-28", "2025-11-25"
CLIENT = {"name": "bench", "version": "1"}
META = {
    "io.modelcontextprotocol/protocolVersion": STANDING_ALONE,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": CLIENT,
}
NUMBER = "#NUMBER#"
"""Stands in a body where each request has a number of its own."""
WRONG = re.compile(rb'"isError"\s*:\s*true|"error"\s*:\s*\{|"duplicate"\s*:\s*true')
RESULT = re.compile(rb'"result"\s*:\s*\{')
SESSION = re.compile(rb"\r\nmcp-session-id: *([^\r]+)", re.IGNORECASE)


class Wire(Enum):
    ALONE = STANDING_ALONE
    SESSION = HANDSHAKE


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool of a server: where it is, and who asks for it with what."""

    port: int
    name: str
    arguments: Mapping[str, Any]
    key: str = ""

    def bodies(self, wire: Wire, numbers: Iterator[int]) -> Callable[[], bytes]:
        """Return what makes the next body, from parts that are ready."""
        params: dict[str, Any] = {"name": self.name, "arguments": self.arguments}
        if wire is Wire.ALONE:
            params["_meta"] = META
        return numbered(_message("tools/call", params, id=NUMBER), numbers)

    def lane(self, wire: Wire, new_body: Callable[[], bytes]) -> Lane:
        told = {"accept": "application/json, text/event-stream"}
        told |= {"mcp_protocol_version": wire.value}
        told |= {"authorization": f"Bearer {self.key}"} if self.key else {}
        if wire is Wire.SESSION:
            return SessionLane(self.port, head_of(self.port, "/mcp", **told), new_body)
        told |= {"mcp_method": "tools/call", "mcp_name": self.name}
        return Lane(self.port, head_of(self.port, "/mcp", **told), new_body)


def tool_calls(
    tools: Sequence[Tool],
    numbers: Iterator[int] | None = None,
    *,
    wire: Wire = Wire.ALONE,
    connections: int = CONNECTIONS,
) -> Load:
    """Call these tools over so many connections, each connection one of them, in turn."""
    numbers = numbers or count(1)
    asked = [tools[n % len(tools)] for n in range(connections)]
    return Load(
        lanes=[tool.lane(wire, tool.bodies(wire, numbers)) for tool in asked], check=check_result
    )


def numbered(body: bytes, numbers: Iterator[int]) -> Callable[[], bytes]:
    """Return what writes the next number wherever the body has room for one."""
    parts = body.split(NUMBER.encode())
    return lambda: (b"%012d" % next(numbers)).join(parts)


def check_result(answer: Answer) -> str:
    fine = answer.status == 200 and RESULT.search(answer.body) and not WRONG.search(answer.body)
    return "" if fine else told(answer)


def check_each(*expected: bytes) -> Check:
    """Return what looks for all of these in a tool's result."""
    patterns = [re.compile(each) for each in expected]

    def check(answer: Answer) -> str:
        if problem := check_result(answer):
            return problem
        return "" if all(each.search(answer.body) for each in patterns) else told(answer)

    return check


def told(answer: Answer) -> str:
    return f"{answer.status} {answer.body.decode(errors='replace')}"


class SessionLane(Lane):
    """A lane that opens a session of its own each time it is connected, and ends it."""

    async def open(self) -> Connection:
        connection = await Connection.to(self.port)
        params = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": CLIENT}
        opened = await connection.exchange(self._framed(_message("initialize", params, id=0)))
        found = SESSION.search(opened.head)
        if opened.status != 200 or not found:
            raise OSError(f"no session was opened: {told(opened)}")
        self.head += b"mcp-session-id: %s\r\n" % found[1]
        await connection.exchange(self._framed(_message("notifications/initialized", None)))
        return connection

    async def close(self, connection: Connection) -> None:
        if connection.is_open:
            await connection.exchange(self.head.replace(b"POST ", b"DELETE ", 1) + b"\r\n")
        self.head = self.head[: self.head.rindex(b"mcp-session-id")]
        connection.close()

    def _framed(self, body: bytes) -> bytes:
        return b"%scontent-length: %d\r\n\r\n%s" % (self.head, len(body), body)


def _message(method: str, params: Mapping[str, Any] | None, **id_: Any) -> bytes:
    message = {"jsonrpc": "2.0", **id_, "method": method}
    return orjson.dumps(message | ({"params": params} if params else {}))
