"""The ground of a run: a durable PostgreSQL, and migrated installations on it and on SQLite."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.serving import free_port
from mcp_server.migrating import migrate_database
from mcp_server.settings import Settings, load_settings
from tests.processes import Child, start_postgres

# What a small dedicated server would be given. Nothing durable is off, and nothing else is set.
POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "listen_addresses": "",
}
OWNER, RUNTIME = "bursar_owner", "bursar_app"
BURSAR, PGBENCH, RAW = "bursar", "pgbench", "raw"


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


async def make_roles(server: Child) -> str:
    """Make the two roles of an installation, and return what the server says it is."""
    await administer(server, f"create role {OWNER} login", f"create role {RUNTIME} login")
    engine = create_async_engine(server.url)
    async with engine.connect() as connection:
        version = await connection.scalar(text("select version()"))
    await engine.dispose()
    return str(version)


async def make_database(server: Child, name: str, *, template: str = "template1") -> None:
    await administer(server, f"create database {name} owner {OWNER} template {template}")


async def administer(server: Child, *statements: str, database: str = "postgres") -> None:
    """Do what only a superuser may, outside of any transaction."""
    engine = create_async_engine(url_of(server, database), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for each in statements:
            await connection.execute(text(each))
    await engine.dispose()


async def connect(url: str) -> Any:
    """Connect without SQLAlchemy, for what it has no words for."""
    where = make_url(url)
    return await asyncpg.connect(
        host=str(where.query.get("host") or where.host),
        port=where.port or 5432,
        user=where.username,
        password=where.password,
        database=where.database,
    )


async def settle(server: Child, folder: Path, database: str = BURSAR) -> Settings:
    """Migrate a database of PostgreSQL, and return the settings of its installation."""
    return await _settled(
        folder,
        database_url=url_of(server, database, RUNTIME),
        database_direct_url=url_of(server, database, OWNER),
    )


async def settle_sqlite(folder: Path, name: str) -> Settings:
    """Migrate a new SQLite file, and return the settings of its installation."""
    return await _settled(folder, database_url=f"sqlite:///{folder}/{name}.db")


async def _settled(folder: Path, **urls: str) -> Settings:
    port = free_port()
    settings = load_settings(
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        secrets_dir=folder / "secrets",
        **urls,
    )
    await migrate_database(settings)
    return settings
