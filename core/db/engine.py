"""Open the database. Everything SQLite needs to behave like Postgres is in this file.

A database is two engines: one that writes and one that reads. On Postgres they are the same pool.
On SQLite the writer is a single connection, because SQLite has one writer anyway and waiting for
it in our own queue is fair, while its busy handler is not; the readers refuse to write.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from asyncpg import InterfaceError, PostgresError
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

POSTGRES_READS = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""A reading unit sees one state of the database, however many statements it asks."""
SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")
SQLITE_READERS = 4
DISPOSE_SECONDS = 5.0
DISPOSE_LOOKS = 1_000

_TRANSIENT_STATES = {
    "40001",  # serialization failure
    "40P01",  # deadlock detected
    "55P03",  # lock not available
    "57P01",  # the server is shutting down
    "57P02",  # crash shutdown
    "57P03",  # cannot connect now
    "53300",  # too many connections
    "57014",  # statement timeout
    "25P03",  # idle in transaction for too long
}


@dataclass(frozen=True, slots=True)
class Engines:
    """The pools of one process. `dispose` closes every connection, after who still uses one."""

    writer: AsyncEngine
    reader: AsyncEngine
    read_options: Mapping[str, Any]

    async def dispose(self) -> None:
        for engine in {self.writer, self.reader}:
            await _settled(engine)
            await engine.dispose()


async def _settled(engine: AsyncEngine) -> None:
    """Wait, within reason, for what is still lent: given back to a closed pool, it stays open."""
    # A pool tells nobody when something is given back: it is asked now and then, not for ever.
    for _ in range(DISPOSE_LOOKS):
        if not cast("AsyncAdaptedQueuePool", engine.pool).checkedout():
            return
        await asyncio.sleep(DISPOSE_SECONDS / DISPOSE_LOOKS)


def open_engines(
    url: str,
    *,
    pool_size: int = 5,
    pool_timeout: float = 5.0,
    statement_seconds: float = 30.0,
    behind_pooler: bool = False,
    reads_whole_tables: bool = False,
) -> Engines:
    """Open bounded pools. `behind_pooler` keeps to what a transaction pooler can carry.

    A pooler refuses settings at connection; the same ones then belong to the role or the database.
    `reads_whole_tables` is for who proves or exports, and not for who answers calls.
    """
    settings = (
        {} if behind_pooler else _settings(statement_seconds, reads_whole_tables=reads_whole_tables)
    )
    if url.startswith("sqlite"):
        return Engines(
            writer=_open_sqlite(url, size=1, timeout=pool_timeout, writes=True),
            reader=_open_sqlite(url, size=SQLITE_READERS, timeout=pool_timeout, writes=False),
            read_options={},
        )
    # A transaction pooler gives every transaction another server session, where the statements
    # that asyncpg prepared in an earlier one do not exist.
    unprepared = {"statement_cache_size": 0} if behind_pooler else {}
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        pool_use_lifo=True,
        # An error that is logged must not carry what was in the rows.
        hide_parameters=True,
        connect_args={"server_settings": settings} | unprepared,
        **({"prepared_statement_cache_size": 0} if behind_pooler else {}),
    )
    return Engines(writer=engine, reader=engine, read_options=POSTGRES_READS)


def _settings(statement_seconds: float, *, reads_whole_tables: bool) -> dict[str, str]:
    """A process that stops half-way must not hold its locks for longer than a caller would wait.

    A call joins a few rows by their keys. A plan that was made while a table was new and empty
    would rather read all of it, and is kept as long as the connection: such joins are ruled out.
    """
    milliseconds = str(int(statement_seconds * 1000))
    few_rows = {} if reads_whole_tables else {"enable_hashjoin": "off", "enable_mergejoin": "off"}
    return {
        "application_name": "bursar",
        "idle_in_transaction_session_timeout": milliseconds,
        "statement_timeout": milliseconds,
        **few_rows,
    }


def _open_sqlite(url: str, *, size: int, timeout: float, writes: bool) -> AsyncEngine:
    """Let SQLAlchemy own BEGIN, and take the write lock at BEGIN.

    The driver opens a transaction only at the first write. A balance read before that write would
    be read outside the transaction, and two writers could each act on the same stale balance.
    """
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=timeout,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in SQLITE_PRAGMAS if writes else (*SQLITE_PRAGMAS, "query_only=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine.sync_engine, "invalidate")
    def on_invalidate(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # Closing a connection whose statement was cancelled leaves its transaction open for as long
        # as the statement exists, and with it the one write lock there is.
        if connection is not None and writes:
            connection.run_async(lambda driver: asyncio.shield(driver.rollback()))

    return engine


def is_transient(error: BaseException) -> bool:
    """Tell whether the database was merely busy, so that the same unit may be run again."""
    # An OSError: the address of a database that is away may not even exist (a socket's file, a
    # container's name), and then connecting fails as looking for it does.
    if isinstance(error, PoolTimeout | OSError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _is_passing(error.orig)
    # What the driver raises when it is asked by itself, as for a COPY.
    return isinstance(error, PostgresError | InterfaceError) and _is_passing(error)


def _is_passing(error: BaseException | None) -> bool:
    state: str = getattr(error, "sqlstate", None) or ""
    text = str(error)
    return (
        state in _TRANSIENT_STATES
        or state.startswith("08")
        or "database is locked" in text
        or "database table is locked" in text
        or "connection is closed" in text
    )
