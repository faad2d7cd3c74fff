"""`python -m mcp_server`, and the `bursar` command."""

from mcp_server.cli.program import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
