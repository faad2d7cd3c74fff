"""Is the process alive, and is it any use? `/health` asks nothing; `/readyz` asks everything.

Every part has its own deadline, all are asked at once, and one answer serves whoever asks within
half a second, so that asking often costs the database nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.kernel.clock import stopwatch
from mcp_server.http import answers, exchange

DEADLINE_SECONDS = 0.08
REMEMBERED_SECONDS = 0.5
MEMORY_SHARE_MAX = 0.9

log = structlog.get_logger("bursar.health")


class Unfit(Exception):
    """A part answered, and is not fit: the word is told to whoever asks."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something this process stands on. Without an essential part it is of no use."""

    name: str
    probe: Callable[[], Awaitable[None]]
    essential: bool = True


@dataclass(slots=True)
class Readiness:
    """Asks the parts, and remembers the answer for a moment."""

    parts: Sequence[Part]
    deadline_seconds: float = DEADLINE_SECONDS
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _answer: dict[str, Any] | None = None
    _asked_at: float = 0.0

    async def ask(self) -> dict[str, Any]:
        """Return `{"status": ready | degraded | unavailable, "parts": {name: word}}`."""
        async with self._asking:
            if self._answer is None or stopwatch() - self._asked_at > REMEMBERED_SECONDS:
                words = await asyncio.gather(*(self._probe(part) for part in self.parts))
                self._answer, self._asked_at = _summary(self.parts, words), stopwatch()
            return self._answer

    async def _probe(self, part: Part) -> str:
        try:
            async with asyncio.timeout(self.deadline_seconds):
                await part.probe()
        except Unfit as reason:
            return str(reason)
        except TimeoutError:
            return "too_slow"
        except Exception as error:  # noqa: BLE001 - whatever it is, the part does not work
            log.warning("part_failed", part=part.name, error=type(error).__name__)
            return "failed"
        return "ok"


def _summary(parts: Sequence[Part], words: Sequence[str]) -> dict[str, Any]:
    told = {part.name: word for part, word in zip(parts, words, strict=True)}
    essential = [told[part.name] for part in parts if part.essential]
    status = "ready" if set(told.values()) <= {"ok"} else "degraded"
    if not set(essential) <= {"ok"}:
        status = "unavailable"
    return {"status": status, "parts": told}


def database(engine: AsyncEngine, newest_migration: str | None) -> list[Part]:
    """Make the parts that ask the database whether it answers, and whether it is up to date.

    The engine should have a pool of its own: a process whose every connection is at work is busy,
    and taking it out of service would only make the others busier.
    """

    async def answers_at_all() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def is_migrated() -> None:
        async with engine.connect() as connection:
            query = text("select version_num from alembic_version")
            seen = (await connection.execute(query)).scalar_one_or_none()
        if seen != newest_migration:
            raise Unfit("pending")

    return [Part("database", answers_at_all), Part("migrations", is_migrated)]


def memory(limit_bytes: int | None = None) -> Part:
    """Make the part that says when this process is close to what it may use."""
    limit = limit_bytes or _memory_limit()

    async def has_room() -> None:
        if limit and resident_bytes() > limit * MEMORY_SHARE_MAX:
            raise Unfit("nearly_full")

    return Part("memory", has_room, essential=False)


def resident_bytes() -> int:
    """Return how much memory this process holds; 0 where the system does not say."""
    try:
        kilobytes = next(
            line.split()[1]
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("VmRSS:")
        )
    except (OSError, StopIteration):
        return 0
    return int(kilobytes) * 1024


def _memory_limit() -> int | None:
    """Return the container's limit, where there is one."""
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return None
    return int(limit) if limit.isdecimal() else None


def routes(readiness: Readiness) -> list[Route]:
    async def health(http: Request) -> Response:
        exchange.of(http.scope).route = "/health"
        return answers.told({"status": "ok"}, 200, {})

    async def readyz(http: Request) -> Response:
        exchange.of(http.scope).route = "/readyz"
        answer = await readiness.ask()
        return answers.told(answer, 503 if answer["status"] == "unavailable" else 200, {})

    return [Route("/health", health), Route("/readyz", readyz)]
