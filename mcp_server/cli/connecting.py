"""`bursar connect CLIENT`: what to paste, and where."""

from dataclasses import asdict
from typing import Annotated

import typer

from mcp_server.cli.telling import NOT_FOUND, out, stop, tell_json
from mcp_server.connect import CLIENTS, Snippet, snippet
from mcp_server.settings import load_settings


def connect(
    client: Annotated[str, typer.Argument(help=f"One of {', '.join(CLIENTS)}.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print how a client connects to this installation."""
    if client not in CLIENTS:
        stop(f"{client} is not known; there are {', '.join(CLIENTS)}", NOT_FOUND)
    words = snippet(client, f"{load_settings().public_url}/mcp")
    if as_json:
        tell_json(asdict(words))
    else:
        show(words)


def show(words: Snippet) -> None:
    out.print(f"\n[bold]{words.title}[/] ({words.where})")
    out.print("  " + words.text.replace("\n", "\n  "), markup=False)
    out.print(f"  [dim]{words.then}[/]")
