"""Serve the sandbox on a socket of this process: for tests, and for trying it out."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import uvicorn

from mcp_server.sandbox.app import create_sandbox
from mcp_server.sandbox.delivering import Deliverer
from mcp_server.sandbox.sandbox import Sandbox, Webhook

SECRET_KEY = "sk_test_sandbox0000000000000000"  # noqa: S105 - opens nothing but a simulation
"""The key of a sandbox that nobody gave another one; long enough for Stripe's command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A sandbox that answers at `url`."""

    url: str
    secret_key: str
    sandbox: Sandbox
    deliverer: Deliverer


@asynccontextmanager
async def served(
    *,
    now: Callable[[], float],
    path: Path | None = None,
    webhooks: tuple[Webhook | None, Webhook | None] = (None, None),
    client: httpx2.AsyncClient | None = None,
    secret_key: str = SECRET_KEY,
) -> AsyncIterator[Served]:
    """Serve a sandbox on a free port of 127.0.0.1, in this event loop, while the block lasts.

    Without a `path` everything is forgotten afterwards. `client` is what deliveries are sent with:
    one that calls an ASGI app in this process needs no second socket.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    made = create_sandbox(
        path=path,
        now=now,
        url=url,
        secret_key=secret_key,
        webhooks=webhooks,
    )
    made = replace(made, client=client)
    config = uvicorn.Config(
        made.app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    async with made.lifespan() as deliverer:
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.005)
        try:
            yield Served(url=url, secret_key=secret_key, sandbox=made.sandbox, deliverer=deliverer)
        finally:
            server.should_exit = True
            await serving
            listener.close()
