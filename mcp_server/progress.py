"""Pass on what an operation reports about its progress, without ever making it wait."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from mcp.server import ServerRequestContext

from core.operations.progress import reporting_to

WAITING_MAX = 64


@asynccontextmanager
async def progress_of(context: ServerRequestContext[Any, Any]) -> AsyncIterator[None]:
    """Send the block's progress to a client that asked for it.

    What a client is too slow to read is left out. So is what was said before: a unit that is run
    again begins anew, and progress never goes back.
    """
    if not context.meta or "progress_token" not in context.meta:
        yield
        return
    sender, receiver = anyio.create_memory_object_stream[tuple[float, float | None, str | None]](
        WAITING_MAX
    )

    furthest = 0.0

    def note(done: float, total: float | None, message: str | None) -> None:
        nonlocal furthest
        if done <= furthest:
            return
        furthest = done
        with suppress(anyio.WouldBlock):
            sender.send_nowait((done, total, message))

    async def forward() -> None:
        async with receiver:
            async for news in receiver:
                await context.session.report_progress(*news)

    async with anyio.create_task_group() as group:
        group.start_soon(forward)
        with sender, reporting_to(note):
            yield
