"""Bring the configured database to the newest migration, as the owner of its tables."""

from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from core.db.engine import open_engines
from mcp_server.settings import Settings, WrongSetting
from migrations.upgrade import pending, upgrade


async def migrate_database(settings: Settings) -> list[str]:
    """Apply what is missing and return it. Two processes that start at once do it once.

    Uses the direct URL where one is set. The role of the ordinary URL, if it is another, is
    granted what the engine does, and does not own the tables.
    """
    url = settings.database_direct_url or settings.database_url
    runtime_role = make_url(settings.database_url).username
    role = runtime_role if runtime_role != make_url(url).username else None
    if settings.database_file:
        _make_folder(settings.database_file)
    engines = open_engines(url, pool_size=1)

    def apply(connection: Connection) -> list[str]:
        if connection.dialect.name == "postgresql":
            # Held until commit: whoever comes second waits, and then finds nothing to do.
            connection.exec_driver_sql("select pg_advisory_xact_lock(7297834651)")
        missing = pending(connection)
        upgrade(connection, role)
        return missing

    try:
        async with engines.writer.begin() as connection:
            return await connection.run_sync(apply)
    finally:
        await engines.dispose()


async def pending_migrations(settings: Settings) -> list[str]:
    """List the migrations the database lacks, without changing anything."""
    if settings.database_file and not settings.database_file.exists():
        return ["all"]
    engines = open_engines(settings.database_url, pool_size=1)
    try:
        async with engines.reader.connect() as connection:
            return await connection.run_sync(pending)
    finally:
        await engines.dispose()


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongSetting("BURSAR_DATABASE_URL", str(error)) from error
