"""Pages where people see and do what their role allows. They hold no rule of their own."""

from mcp_server.console.routing import routes

__all__ = ["routes"]
