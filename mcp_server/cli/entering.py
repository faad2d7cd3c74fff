"""`bursar sign-in-link`: a way in for the operator, for whoever has this machine anyway."""

import asyncio

from auth import links, users
from core.kernel.caller import SYSTEM
from mcp_server.cli.books import AsJson
from mcp_server.cli.telling import out, tell_json
from mcp_server.settings import load_settings
from mcp_server.wiring import Installation, opened


def sign_in_link(as_json: AsJson = False) -> None:
    """Print a new one-time link for the first operator, and make that person if need be."""
    link = asyncio.run(_link())
    if as_json:
        tell_json({"link": link})
    else:
        out.print(link, markup=False)


async def _link() -> str:
    async with opened(load_settings()) as installation:
        return await new_link(installation)


async def new_link(installation: Installation) -> str:
    """Make the link; the ones made before it no longer open anything."""
    settings = installation.settings
    async with installation.database.begin(SYSTEM) as work:
        operator_id = await users.ensure_first_operator(work, settings.operator_email, "Operator")
        token = await links.make_sign_in_link(work, operator_id)
    return f"{settings.public_url}{links.path_of(token)}"
