"""MCP calls: one `tools/call` of 2026-07-28 a request, answered in JSON, on kept connections."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import orjson

from benchmarks.load import Load

VERSION = "2026-07-28"
CONNECTIONS = 32
Arguments = Callable[[], Mapping[str, Any]]
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}


def tool_calls(port: int, tool: str, arguments: Arguments, key: str = "") -> Load:
    """Call this tool with new arguments each time; the key is sent where there is one."""
    numbers = count(1)

    def body() -> bytes:
        params = {"name": tool, "arguments": arguments(), "_meta": META}
        request = {"jsonrpc": "2.0", "id": next(numbers), "method": "tools/call", "params": params}
        return orjson.dumps(request)

    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": VERSION,
        "mcp-method": "tools/call",
        "mcp-name": tool,
        **({"authorization": f"Bearer {key}"} if key else {}),
    }
    return Load(
        port=port,
        path="/mcp",
        headers=headers,
        connections=CONNECTIONS,
        new_body=body,
        check=_wrong,
    )


def _wrong(status: int, body: bytes) -> str:
    if status != 200:
        return f"{status} {body.decode()}"
    result = orjson.loads(body).get("result")
    return "" if result and not result.get("isError") else body.decode()
