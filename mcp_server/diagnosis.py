"""Look at an installation from outside, part by part, and say what to do about what is wrong."""

import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from core import surface
from core.db.triggers import missing_guards, owned_by_runtime
from core.kernel.caller import SYSTEM
from mcp_server.migrating import pending_migrations
from mcp_server.settings import Settings
from mcp_server.wiring import opened

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    well: bool
    told: str


async def diagnose(settings: Settings) -> list[Finding]:
    """Look at every part, whatever becomes of the others."""
    looks: tuple[tuple[str, Callable[[Settings], Awaitable[Finding]]], ...] = (
        ("python", _python),
        ("url", _url),
        ("port", _port),
        ("secrets", _secrets),
        ("database", _database),
        ("redis", _redis),
        ("mail", _mail),
    )
    findings = []
    for part, look in looks:
        try:
            findings.append(await look(settings))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what there is to tell
            findings.append(Finding(part, well=False, told=_words(error)))
    return findings


def _words(error: Exception) -> str:
    said = str(error) or type(error).__doc__
    return f"{type(error).__name__}: {said}"


async def _python(settings: Settings) -> Finding:
    told = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info[:2] >= OLDEST_PYTHON, told)


async def _url(settings: Settings) -> Finding:
    return Finding("url", well=True, told=settings.public_url)


async def _port(settings: Settings) -> Finding:
    """A taken port is well if it is us who answer there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        taken = probe.connect_ex((settings.host, settings.port)) == 0
    told = "something is listening, presumably Bursar" if taken else "free"
    return Finding("port", well=True, told=f"{settings.port}: {told}")


async def _secrets(settings: Settings) -> Finding:
    folder = settings.secrets_dir
    if not folder.exists():
        return Finding("secrets", well=True, told=f"{folder} will be made by the first start")
    open_files = [each.name for each in (folder, *folder.iterdir()) if _is_open(each)]
    if open_files:
        told = f"others may read {', '.join(open_files)}; chmod -R go= {folder}"
        return Finding("secrets", well=False, told=told)
    return Finding("secrets", well=True, told=f"{folder}, readable by its owner only")


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


async def _database(settings: Settings) -> Finding:
    kind = "SQLite" if settings.is_sqlite else "PostgreSQL"
    if missing := await pending_migrations(settings):
        told = f"{kind}: {len(missing)} migrations are missing; run bursar migrate"
        return Finding("database", well=False, told=told)
    async with opened(settings) as installation, installation.database.read(SYSTEM) as work:
        if unguarded := await missing_guards(work, surface.PROTECTED):
            told = f"{kind}: guards are missing on {', '.join(unguarded)}; run bursar prove"
            return Finding("database", well=False, told=told)
        if await owned_by_runtime(work, surface.PROTECTED):
            told = f"{kind}: the role that serves owns the tables; see BURSAR_DATABASE_DIRECT_URL"
            return Finding("database", well=False, told=told)
    return Finding("database", well=True, told=f"{kind}, up to date and guarded")


async def _redis(settings: Settings) -> Finding:
    url = settings.redis_url.get_secret_value()
    if not url:
        return Finding("redis", well=True, told="not set; limits are kept in each process")
    async with opened(settings) as installation:
        assert installation.redis
        await installation.redis.probe()
    return Finding("redis", well=True, told="answers")


async def _mail(settings: Settings) -> Finding:
    if not settings.smtp_host:
        return Finding("mail", well=True, told="no SMTP host; see what waits: bursar mails")
    with socket.create_connection((settings.smtp_host, settings.smtp_port), timeout=3):
        pass
    told = f"{settings.smtp_host}:{settings.smtp_port} answers"
    return Finding("mail", well=True, told=told)
