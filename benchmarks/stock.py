"""The `mcp` package's own servers, with one tool that does nothing: the baseline of a call.

Run as `python -m benchmarks.stock mcpserver|lowlevel alone|session PORT`. No authentication, no
limits, no database, and nothing tuned: `alone` answers in JSON without sessions, `session` is as
the package serves by default.
"""

import sys
from typing import Any

import mcp_types as types
import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.server.mcpserver import MCPServer
from starlette.applications import Starlette


def mcpserver(*, alone: bool) -> Starlette:
    server = MCPServer("stock", log_level="WARNING")

    @server.tool()
    async def noop() -> str:
        """Do nothing."""
        return "ok"

    return server.streamable_http_app(json_response=alone, stateless_http=alone)


def lowlevel(*, alone: bool) -> Starlette:
    tool = types.Tool(name="noop", description="Do nothing.", input_schema={"type": "object"})

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool])

    async def call_tool(context: Any, params: Any) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(type="text", text="ok")])

    server = Server("stock", on_list_tools=list_tools, on_call_tool=call_tool)
    return server.streamable_http_app(json_response=alone, stateless_http=alone)


KINDS = {"mcpserver": mcpserver, "lowlevel": lowlevel}

if __name__ == "__main__":
    _, kind, wire, port = sys.argv
    app = KINDS[kind](alone=wire == "alone")
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)
