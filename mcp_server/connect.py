"""How each client connects: the words to paste, made from this installation's own URL."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

CLIENTS = ("claude-code", "claude-desktop", "cursor", "vscode", "codex")


@dataclass(frozen=True, slots=True)
class Snippet:
    """What to run or paste, where it goes, and what to do next."""

    client: str
    title: str
    where: str
    text: str
    then: str


def snippets(mcp_url: str) -> list[Snippet]:
    return [snippet(client, mcp_url) for client in CLIENTS]


def snippet(client: str, mcp_url: str) -> Snippet:
    """Return the words for one of `CLIENTS`. Any other is a KeyError."""
    return _MAKERS[client](mcp_url)


def _claude_code(url: str) -> Snippet:
    return Snippet(
        "claude-code",
        "Claude Code",
        "in a terminal",
        f"claude mcp add --transport http bursar {url}",
        "In Claude Code type /mcp, choose bursar and sign in.",
    )


def _claude_desktop(url: str) -> Snippet:
    if url.startswith("https://"):
        where, words = "Settings > Connectors > Add custom connector", url
    else:
        # A custom connector needs a public https URL; on one machine a bridge carries it.
        where = "claude_desktop_config.json"
        bridge = {"command": "npx", "args": ["-y", "mcp-remote", url]}
        words = json.dumps({"mcpServers": {"bursar": bridge}}, indent=2)
    return Snippet(
        "claude-desktop",
        "Claude Desktop",
        where,
        words,
        "Restart Claude Desktop; a browser opens for you to sign in.",
    )


def _cursor(url: str) -> Snippet:
    config = base64.b64encode(json.dumps({"url": url}).encode()).decode()
    link = f"cursor://anysphere.cursor-deeplink/mcp/install?name=bursar&config={quote(config)}"
    return Snippet(
        "cursor",
        "Cursor",
        "~/.cursor/mcp.json",
        json.dumps({"mcpServers": {"bursar": {"url": url}}}, indent=2),
        f"Then sign in from Settings > MCP. Or open {link}",
    )


def _vscode(url: str) -> Snippet:
    server = {"type": "http", "url": url}
    link = "vscode:mcp/install?" + quote(json.dumps({"name": "bursar", **server}))
    return Snippet(
        "vscode",
        "VS Code",
        ".vscode/mcp.json",
        json.dumps({"servers": {"bursar": server}}, indent=2),
        f"Then start the server from that file. Or open {link}",
    )


def _codex(url: str) -> Snippet:
    return Snippet(
        "codex",
        "Codex",
        "in a terminal",
        f"codex mcp add bursar --url {url}\ncodex mcp login bursar",
        "A browser opens for you to sign in.",
    )


_MAKERS: dict[str, Callable[[str], Snippet]] = {
    "claude-code": _claude_code,
    "claude-desktop": _claude_desktop,
    "cursor": _cursor,
    "vscode": _vscode,
    "codex": _codex,
}
