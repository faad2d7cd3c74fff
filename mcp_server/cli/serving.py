"""`bursar run`, `bursar serve` and `bursar work`: the processes."""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from importlib import import_module
from importlib.util import find_spec
from shutil import which
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from auth.passwords import kept_hash
from core.kernel import collecting
from core.kernel.caller import SYSTEM
from mcp_server import logs, seed
from mcp_server.cli import letters
from mcp_server.cli.connecting import show
from mcp_server.cli.demonstrating import project_key
from mcp_server.cli.entering import new_link
from mcp_server.cli.telling import FAILED, WRONG_SETTING, err, out, stop
from mcp_server.connect import snippets
from mcp_server.migrating import migrate_database, pending_migrations
from mcp_server.serving import build
from mcp_server.settings import Settings, load_settings
from mcp_server.wiring import Installation, opened
from mcp_server.worker import WorkerProcess

DRAIN_SECONDS = 25
BACKLOG = 2048
KEPT_SECONDS = 75
"""How long an idle connection is kept: longer than proxies keep theirs, which is a minute, so that
none of them sends a request into a connection that is being closed."""


def run() -> None:
    """Migrate, make a small demo once, and serve. What `make run` calls."""
    settings = _settings()
    _run_loop(_run(settings, _listen(settings)))


def serve() -> None:
    """Serve HTTP and MCP on a migrated database."""
    settings = _settings()
    _run_loop(_serve_only(settings, _listen(settings)))


def work() -> None:
    """Relay events and do jobs, without serving. Run as many as you like."""
    settings = _settings()
    _run_loop(_work(settings))


def _run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run on the faster event loop, where the system has it."""
    loops = find_spec("uvloop") and import_module("uvloop")
    with asyncio.Runner(loop_factory=loops.new_event_loop if loops else None) as runner:
        runner.run(main)


def _settings() -> Settings:
    settings = load_settings()
    pretty = settings.log_format == "pretty" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    logs.configure(level=settings.log_level, pretty=pretty)
    return settings


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything else is done, so that a taken one costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        stop(f"{where} cannot be used ({error.strerror}); choose another: PORT=8001", FAILED)
    return listener


async def _run(settings: Settings, listener: socket.socket) -> None:
    await migrate_database(settings)
    async with opened(settings) as installation:
        is_first = not await seed.is_done(installation)
        demo = await seed.seed(installation)

        async def welcome() -> None:
            await _welcome(installation, demo, is_first=is_first)

        await _serve(installation, listener, welcome)


async def _serve_only(settings: Settings, listener: socket.socket) -> None:
    if missing := await pending_migrations(settings):
        stop(f"the database lacks {len(missing)} migrations; run bursar migrate", WRONG_SETTING)

    async def ready() -> None:
        err.print(f"bursar: serving {settings.public_url}", markup=False)

    async with opened(settings) as installation:
        await _serve(installation, listener, ready)


async def _serve(
    installation: Installation, listener: socket.socket, ready: Callable[[], Awaitable[None]]
) -> None:
    """Serve until SIGTERM or SIGINT; then answer what was asked, and stop."""
    app = build(installation)
    collecting.settle()
    await _Server(config_of(app), ready).serve(sockets=[listener])


def config_of(app: ASGIApp) -> uvicorn.Config:
    """Say how the server below our app behaves."""
    return uvicorn.Config(
        app,
        interface="asgi3",
        # The fast parser is there wherever the fast loop is; see `_run_loop`.
        http=import_module("mcp_server.http.one_write").OneWrite
        if find_spec("httptools")
        else "h11",
        # Nobody here speaks it, so that nobody has to be let in to be told so.
        ws="none",
        backlog=BACKLOG,
        timeout_keep_alive=KEPT_SECONDS,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        lifespan="on",
    )


class _Server(uvicorn.Server):
    """Says when it is listening."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            await self._ready()


async def _work(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    async with opened(settings) as installation:
        err.print("bursar: working", markup=False)
        await WorkerProcess(installation).run(stopping)


async def _welcome(installation: Installation, demo: seed.Demo, *, is_first: bool) -> None:
    """Print what a person needs to begin. Secrets are printed once, and only here."""
    settings = installation.settings
    url = settings.public_url
    out.print(f"\n[bold]Bursar is running at {url}[/]")
    out.print(f"  MCP        {url}/mcp", markup=False)
    out.print(f"  HTTP API   {url}/v1        documents: {url}/docs", markup=False)
    await _sign_in_link(installation, demo)
    if is_first:
        key = await project_key(installation, demo.project_id, "First key")
        out.print("\n[bold]An API key of the demo project Acme Robotics[/] (shown this once)")
        out.print(f"  {key}", markup=False)
    await _kept_mails(installation)
    out.print("\n[bold]Connect a client[/]")
    for words in snippets(f"{url}/mcp"):
        show(words)
    out.print("\n[bold]What to try[/]")
    for line in _tries(url, demo):
        out.print(f"  {line}", markup=False)
    out.print("\nStop with Ctrl-C.")


async def _sign_in_link(installation: Installation, demo: seed.Demo) -> None:
    """Print a way in for the operator until there is a password; nothing has a default one."""
    async with installation.database.read(SYSTEM) as reading:
        if await kept_hash(reading, demo.operator_id):
            return
    email = installation.settings.operator_email
    out.print(f"\n[bold]Sign in once as the operator[/] ({email}), and choose a password")
    out.print(f"  {await new_link(installation)}", markup=False)


async def _kept_mails(installation: Installation) -> None:
    """Show the mails that wait, where no mail server is set to take them."""
    if installation.settings.smtp_host:
        return
    if waiting := await letters.kept(installation, limit=5):
        out.print("\n[bold]Mails that wait[/] (no BURSAR_SMTP_HOST is set)")
        letters.show(waiting)


def _tries(url: str, demo: seed.Demo) -> tuple[str, ...]:
    # As it was called, so that what is printed can be pasted where nothing is on the path.
    bursar = "bursar" if which("bursar") else sys.argv[0]
    return (
        "Ask your agent: “Who am I in Bursar, and what is left in Acme's wallets?”",
        "Ask your agent: “Charge Acme for 12,000 LLM tokens, then show the balance.”",
        f"{bursar} call check_balance project_id={demo.project_id} wallet_id={demo.wallet_id}",
        f"curl -H 'Authorization: Bearer YOUR_KEY' {url}/v1/whoami",
        f"{bursar} mails        the invitations you sent, where no mail server is set",
        f"{bursar} prove        recompute every balance",
    )
