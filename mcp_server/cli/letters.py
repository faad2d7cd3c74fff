"""`bursar mails`: what waits to be sent, for whoever has no mail server and this machine."""

import asyncio
from collections.abc import Sequence

from core.kernel.caller import SYSTEM
from core.messaging import mailing
from mcp_server.cli.books import AsJson
from mcp_server.cli.telling import out, tell_json
from mcp_server.settings import load_settings
from mcp_server.wiring import Installation, opened


def mails(as_json: AsJson = False) -> None:
    """Print the mails that wait to be sent, newest first, with the links in them."""
    waiting = asyncio.run(_waiting())
    if as_json:
        told = [
            {"to": each.address, "subject": each.subject, "link": link_in(each)} for each in waiting
        ]
        tell_json(told)
    elif waiting:
        show(waiting)
    else:
        out.print("No mails wait.")


async def _waiting() -> Sequence[mailing.Kept]:
    async with opened(load_settings()) as installation:
        return await kept(installation)


async def kept(installation: Installation, limit: int = 50) -> Sequence[mailing.Kept]:
    async with installation.database.read(SYSTEM) as work:
        return await mailing.kept(work, installation.settings.public_url, limit=limit)


def link_in(mail: mailing.Kept) -> str | None:
    """Find where the mail leads. One that was buried no longer has its words."""
    return next((each for each in (mail.text or "").split() if "://" in each), None)


def show(waiting: Sequence[mailing.Kept]) -> None:
    for mail in waiting:
        out.print(f"  to {mail.address}: {mail.subject}", markup=False)
        out.print(f"    {link_in(mail) or ''}", markup=False)
