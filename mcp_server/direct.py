"""Answer an everyday `tools/call` without the package's stack: one parse, one dump, no stream.

Everyday is a request of 2026-07-28 that stands alone, is well-formed in every header and member,
and asks for nothing but the answer of a tool that is served here. All others are the package's, and
so is every refusal of the protocol's own. A test plays the same requests through both and compares
the answers; see docs/decisions/0020-an-everyday-call-goes-straight-to-its-tool.md.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import mcp_types as types
import orjson
from mcp.server import Server
from mcp_types.methods import validate_client_request
from pydantic import ValidationError
from starlette.types import Send

from core.operations.operation import Operation
from mcp_server.asked import Asked
from mcp_server.eliciting import OFFERED
from mcp_server.tools import Tools

METHOD = "tools/call"
VERSION = "2026-07-28"

_ACCEPTED = frozenset(
    {
        "application/json, text/event-stream",
        "application/json,text/event-stream",
        "text/event-stream, application/json",
        "application/json",
        "*/*",
    }
)
"""How clients say that they take JSON. In other words the package understands it too."""
_MEMBERS = frozenset({"name", "arguments", "_meta"})
_META_BYTES_MAX = 1024


class Direct:
    """The tools of one endpoint, asked directly."""

    def __init__(self, tools: Tools, server: Server[Any]) -> None:
        self._tools, self._server = tools, server
        stamp = {types.SERVER_INFO_META_KEY: server.server_info_stamp}
        self._meta = orjson.Fragment(orjson.dumps(stamp))
        self._meta_replayed = orjson.Fragment(orjson.dumps(Tools.REPLAYED | stamp))

    def find(self, headers: Mapping[str, str], asked: Asked) -> Operation[Any, Any] | None:
        """Return the operation that an everyday request calls, and None for any other request.

        A header that was sent twice is joined by a comma, and so is none of the values that are
        compared here.
        """
        message = asked.message
        if message.get("method") != METHOD or asked.streams:
            return None
        params, id_ = message.get("params"), message.get("id")
        if params is None or not params.keys() <= _MEMBERS or type(id_) not in {int, str}:
            return None
        name = params.get("name")
        if not isinstance(name, str) or name not in asked.tools or name in OFFERED:
            return None
        if not isinstance(params.get("arguments", {}), dict):
            return None
        told = (
            headers.get("mcp-protocol-version") == VERSION
            and headers.get("mcp-method") == METHOD
            and headers.get("mcp-name") == name
            and headers.get("accept") in _ACCEPTED
        )
        if not (told and self._is_served() and _is_envelope(params.get("_meta"))):
            return None
        return self._tools.operation(name)

    def _is_served(self) -> bool:
        """Tell whether the package would ask these tools too, and not what took their place."""
        entry = self._server.get_request_handler(METHOD)
        return entry is not None and entry.handler == self._tools.call

    async def answer(self, operation: Operation[Any, Any], asked: Asked, send: Send) -> None:
        """Ask the tool, and send its answer."""
        arguments = asked.message["params"].get("arguments") or {}
        outcome = await self._tools.ask(operation, asked, arguments)
        result = self._tools.told(outcome)
        result["_meta"] = self._meta_replayed if outcome.replayed else self._meta
        if outcome.error is None:
            # It was written once already, as text.
            result["structuredContent"] = orjson.Fragment(result["content"][0]["text"])
        body = orjson.dumps({"jsonrpc": "2.0", "id": asked.message["id"], "result": result})
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _is_envelope(meta: Any) -> bool:
    """Tell whether the package would accept this `_meta`. A client sends the same every time."""
    if not isinstance(meta, dict) or meta.get(types.PROTOCOL_VERSION_META_KEY) != VERSION:
        return False
    try:
        packed = orjson.dumps(meta)
    except TypeError:
        return False
    return len(packed) <= _META_BYTES_MAX and _is_valid(packed)


@lru_cache(maxsize=1024)
def _is_valid(meta: bytes) -> bool:
    """Ask the package itself, once for each envelope."""
    params = {"name": "any", "_meta": orjson.loads(meta)}
    try:
        validate_client_request(METHOD, VERSION, params)
        types.CallToolRequestParams.model_validate(params, by_name=False)
    except ValidationError:
        return False
    return True
