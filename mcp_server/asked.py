"""What one request over MCP brought with it: who asks, and which tools were selected.

The guard decides it before the SDK sees the request, and leaves it in the ASGI scope. Handlers
read it from there in both protocol eras, because a handshake session answers every request in a
task of its own, where context variables belong to whoever opened the session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp.server import ServerRequestContext

from core.kernel.caller import Caller
from core.operations.perform import Call

SCOPE_KEY = "bursar.asked"
DOOR = "mcp"
COMPLETE = {"resultType": "complete"}
"""Says that an answer is whole; 2026-07-28 wants it said, and older versions leave it out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One authenticated request."""

    caller: Caller
    tools: frozenset[str]
    """The names of the tools this request may list and call, whatever its role and scopes."""
    request_id: str = ""
    trace_id: str = ""
    streams: bool = False
    """Whether the answer may have to be preceded by notifications."""
    message: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What was sent, as the guard read it; of a GET or DELETE nothing."""

    def call(self, arguments: Mapping[str, Any], *, idempotency_key: str | None = None) -> Call:
        """Make the call that the gate is asked to perform."""
        return Call(
            caller=self.caller,
            arguments=arguments,
            door=DOOR,
            idempotency_key=idempotency_key,
            request_id=self.request_id,
            trace_id=self.trace_id,
        )


def asked(context: ServerRequestContext[Any, Any]) -> Asked:
    """Return what the guard found out about the request that is being answered."""
    assert context.request is not None, "served without the guard in front"
    found: Asked = context.request.scope[SCOPE_KEY]
    return found
