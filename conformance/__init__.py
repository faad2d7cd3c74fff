"""The official MCP conformance suite, run against our endpoint with the suite's own fixtures."""
