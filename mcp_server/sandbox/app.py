"""Make the sandbox's ASGI app: the API, the hosted pages, and a deliverer that lives as long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request

from mcp_server.sandbox.delivering import Deliverer
from mcp_server.sandbox.door import api_routes
from mcp_server.sandbox.pages import page_routes
from mcp_server.sandbox.sandbox import Sandbox, Webhook, open_sandbox

MayControl = Callable[[Request], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxApp:
    """The sandbox, the app that serves it, and its lifespan."""

    sandbox: Sandbox
    app: Starlette
    client: httpx2.AsyncClient | None = None
    """What deliveries are sent with; by default one that speaks HTTP and follows nothing."""

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[Deliverer]:
        """Deliver webhooks for as long as the block lasts, and close the file afterwards."""
        async with self._sender() as client:
            deliverer = Deliverer(self.sandbox, client)
            running = asyncio.create_task(deliverer.run())
            try:
                yield deliverer
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
                self.sandbox.close()

    @asynccontextmanager
    async def _sender(self) -> AsyncIterator[httpx2.AsyncClient]:
        if self.client:
            yield self.client
            return
        # The environment may name a proxy for the world outside; this stays on the machine.
        async with httpx2.AsyncClient(trust_env=False, follow_redirects=False) as client:
            yield client


def create_sandbox(
    *,
    path: Path | None,
    now: Callable[[], float],
    url: str,
    secret_key: str,
    webhooks: tuple[Webhook | None, Webhook | None] = (None, None),
    may_control: MayControl | None = None,
) -> SandboxApp:
    """Make a sandbox that is reached at `url`, to be mounted there or served by itself.

    `webhooks` are the installation's endpoints for snapshots and for thin notifications.
    `may_control` decides who may open the control page; without it everybody may.
    """
    sandbox = open_sandbox(path=path, now=now, url=url, secret_key=secret_key)
    sandbox.provide(*webhooks)
    app = Starlette(routes=[*page_routes(sandbox, may_control), *api_routes(sandbox)])
    app.router.redirect_slashes = False
    return SandboxApp(sandbox=sandbox, app=app)
