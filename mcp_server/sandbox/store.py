"""Where the sandbox keeps everything: one small database file of its own, or memory for tests.

It stands in for somebody else's system, so it shares nothing with the engine: no table, no
connection, no code. A unit never spans an `await`, so requests do not interleave within one.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

TABLES = """
create table if not exists objects (
    seq integer primary key autoincrement,
    id text not null unique,
    kind text not null,
    created integer not null,
    deleted integer not null default 0,
    body text not null
);
create index if not exists objects_by_kind on objects (kind, seq);
create index if not exists objects_by_customer
    on objects (kind, json_extract(body, '$.customer'), seq);
create index if not exists objects_by_intent
    on objects (kind, json_extract(body, '$.payment_intent'), seq);
create index if not exists objects_by_charge
    on objects (kind, json_extract(body, '$.charge'), seq);
create table if not exists settings (name text primary key, value text not null);
create table if not exists keys (
    key text primary key,
    asked text not null,
    request_id text not null,
    created integer not null,
    status integer,
    body text
);
create table if not exists due (
    seq integer primary key autoincrement,
    at integer not null,
    what text not null,
    id text not null
);
create index if not exists due_by_time on due (at, seq);
create table if not exists deliveries (
    seq integer primary key autoincrement,
    event text not null,
    endpoint text not null,
    due_at real,
    lease_until real not null default 0,
    attempt integer not null default 0,
    status integer,
    said text not null default ''
);
create index if not exists deliveries_by_time on deliveries (due_at);
create index if not exists deliveries_by_event on deliveries (event);
"""
BUSY_SECONDS = 10


class Store:
    """One connection, used by one unit at a time."""

    def __init__(self, path: Path | None) -> None:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            path or ":memory:",
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(TABLES)
        self._alone = RLock()

    @contextmanager
    def unit(self) -> Iterator[sqlite3.Connection]:
        """Write all of it or none of it."""
        with self._alone:
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def close(self) -> None:
        self._db.close()
