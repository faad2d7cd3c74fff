"""The `mcp` package's own servers, with one tool that does nothing: the baseline of a call.

Run as `python -m benchmarks.stock mcpserver|lowlevel PORT`. No authentication, no limits, no
database, and nothing tuned.
"""

import sys
from typing import Any

import mcp_types as types
import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.server.mcpserver import MCPServer
from starlette.applications import Starlette


def mcpserver() -> Starlette:
    server = MCPServer("stock", log_level="WARNING")

    @server.tool()
    async def noop() -> str:
        """Do nothing."""
        return "ok"

    return server.streamable_http_app(json_response=True, stateless_http=True)


def lowlevel() -> Starlette:
    tool = types.Tool(name="noop", description="Do nothing.", input_schema={"type": "object"})

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool])

    async def call_tool(context: Any, params: Any) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(type="text", text="ok")])

    server = Server("stock", on_list_tools=list_tools, on_call_tool=call_tool)
    return server.streamable_http_app(json_response=True, stateless_http=True)


KINDS = {"mcpserver": mcpserver, "lowlevel": lowlevel}

if __name__ == "__main__":
    app = KINDS[sys.argv[1]]()
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
