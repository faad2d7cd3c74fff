"""The ground of a run: a durable PostgreSQL, a migrated Bursar on it, and servers on free ports."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from mcp_server.migrating import migrate_database
from mcp_server.settings import Settings, load_settings
from tests.processes import Child, start_postgres

START_SECONDS = 30.0

# What a small dedicated server would be given. Nothing durable is off, and nothing else is set.
POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "listen_addresses": "",
}
PGBENCH_DATABASE = "pgbench"
RAW_DATABASE = "raw"
BURSAR_DATABASE = "bursar"
OWNER = "bursar_owner"
RUNTIME = "bursar_app"
NEVER_REACHED = 1_000_000_000
"""Limits stay on, and count every call."""


@contextmanager
def folder() -> Iterator[Path]:
    """Lend a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bursar-bench-") as name:
        path = Path(name)
        path.chmod(0o755)  # PostgreSQL may have to run as another user
        yield path


@contextmanager
def postgres(folder: Path) -> Iterator[Child]:
    """Run a PostgreSQL of one's own for as long as the block lasts."""
    child = start_postgres(folder, POSTGRES_SETTINGS)
    try:
        yield child
    finally:
        child.stop()


def pgbench_program(server: Child) -> Path:
    return Path(server.command[0]).with_name("pgbench")


def url_of(server: Child, database: str, role: str = "postgres") -> str:
    url = make_url(server.url).set(database=database, username=role)
    return url.render_as_string(hide_password=False)


async def make_databases(server: Child) -> str:
    """Make the databases and roles of a run, and return what the server says it is."""
    engine = create_async_engine(server.url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in (
            f"create role {OWNER} login",
            f"create role {RUNTIME} login",
            f"create database {BURSAR_DATABASE} owner {OWNER}",
            f"create database {PGBENCH_DATABASE}",
            f"create database {RAW_DATABASE}",
        ):
            await connection.execute(text(statement))
        version = await connection.scalar(text("select version()"))
    await engine.dispose()
    return str(version)


async def settle(server: Child, folder: Path) -> Settings:
    """Migrate Bursar's database, and return the settings of its installation."""
    port = free_port()
    settings = load_settings(
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        database_url=url_of(server, BURSAR_DATABASE, RUNTIME),
        database_direct_url=url_of(server, BURSAR_DATABASE, OWNER),
        secrets_dir=folder / "secrets",
    )
    await migrate_database(settings)
    return settings


@contextmanager
def bursar(settings: Settings, folder: Path) -> Iterator[int]:
    """Run `bursar serve` as its own process, with everything on, and tell its port."""
    high = str(NEVER_REACHED)
    environment = {
        "BURSAR_PORT": str(settings.port),
        "BURSAR_PUBLIC_URL": settings.public_url,
        "BURSAR_DATABASE_URL": settings.database_url,
        "BURSAR_DATABASE_DIRECT_URL": settings.database_direct_url,
        "BURSAR_SECRETS_DIR": str(settings.secrets_dir),
        **{f"BURSAR_RATE_{kind}": high for kind in ("READ", "WRITE", "USAGE", "SENSITIVE")},
    }
    with process("mcp_server", "serve", port=settings.port, folder=folder, extra=environment):
        yield settings.port


@contextmanager
def stock(kind: str, folder: Path) -> Iterator[int]:
    """Run one of the `mcp` package's own servers as its own process, and tell its port."""
    port = free_port()
    with process("benchmarks.stock", kind, str(port), port=port, folder=folder):
        yield port


@contextmanager
def process(
    module: str, *arguments: str, port: int, folder: Path, extra: Mapping[str, str] | None = None
) -> Iterator[None]:
    log = folder / f"{module}-{arguments[0]}.log"
    root = str(Path(__file__).parents[1])
    with log.open("wb") as output:
        running = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": root, **(extra or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(port, running, log)
            yield
        finally:
            running.terminate()
            running.wait()


def _wait_for(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at and running.poll() is None:
        with socket.socket() as question:
            if question.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"a server did not start: {log.read_text('utf-8')[-2000:]}")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
