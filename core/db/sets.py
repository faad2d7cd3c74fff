"""Many rows in one statement: the hot path's inserts, look-ups, locks and updates.

Rows are tuples, in the order of the columns named. On Postgres they travel as one JSON array for
each column, so that a statement has the same text, the same plan and the same cost to send whatever
the number of rows (the driver's own arrays cost five times as much of this process's time, value by
value); on SQLite they are values. JSON may be an `orjson.Fragment`, which is text already.
Statements that would join with what is sent look each row up by its key instead (LATERAL with a
LIMIT cannot be turned round), because a plan made while a table was still empty would read all of
it for as long as the connection lives.
"""

# ruff: noqa: S608 - every name in these statements is one of our own tables and columns

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from asyncpg.pgproto import pgproto
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
)

from core.db.schema import Instant, Key
from core.db.work import Work
from core.kernel.ids import compose, number_of

Row = Sequence[Any]
Names = tuple[str, ...]
COPIED_MIN = 4
REMEMBERED = 8_192
"""Identifiers, in either form."""
VARIABLES_MAX = 4_000
"""How many values one statement may carry on SQLite, whose limit is 32,766: beyond some thousand
there is nothing to be gained."""


async def insert_rows(work: Work, table: Table, names: Names, rows: Sequence[Row]) -> None:
    """Insert the rows. One that is there already is an error of the database's."""
    if not rows:
        return
    columns = _columns(work, table, names)
    if columns.arrays and len(rows) >= COPIED_MIN:
        await _copy(work, table, columns, rows)
        return
    holes = ", ".join(f"${n}" if columns.arrays else "?" for n in range(1, len(names) + 1))
    sql = f"insert into {table.name} ({', '.join(names)}) values ({holes})"
    await work.connection.exec_driver_sql(sql, columns.as_tuples(rows))


async def _copy(work: Work, table: Table, columns: "_Columns", rows: Sequence[Row]) -> None:
    """Send the rows by COPY, which costs both sides about half of what an INSERT does."""
    raw = await work.connection.get_raw_connection()
    driver = raw.driver_connection
    assert driver is not None, "a unit of work has a connection"
    if not driver.is_in_transaction():
        # The unit's transaction begins with its first statement, and a COPY must not be before it.
        await work.connection.exec_driver_sql("select 1")
    await driver.copy_records_to_table(
        table.name, records=columns.as_tuples(rows), columns=list(columns.names)
    )


async def insert_new_rows(
    work: Work, table: Table, names: Names, rows: Sequence[Row], *, returning: Names
) -> list[tuple[Any, ...]]:
    """Insert those rows whose keys are free, and return these columns of theirs.

    Send the rows in the order of their keys: two units that share some then wait for each other in
    one direction only. On Postgres this waits for a unit that is inserting the same key.
    """
    ending = f"on conflict do nothing returning {', '.join(returning)}"
    return await _insert(work, table, names, rows, ending=ending, returning=returning)


async def upsert_rows(
    work: Work,
    table: Table,
    names: Names,
    rows: Sequence[Row],
    *,
    keys: Names,
    changes: Mapping[str, str],
) -> None:
    """Insert the rows, or change those that are there: `{"n": "t.n + excluded.n"}`, t the table.

    Each key once, and in order, for the reasons that `insert_new_rows` gives.
    """
    told = ", ".join(f"{name} = {change}" for name, change in changes.items())
    ending = f"on conflict ({', '.join(keys)}) do update set {told}"
    await _insert(work, table, names, rows, ending=ending)


async def _insert(
    work: Work,
    table: Table,
    names: Names,
    rows: Sequence[Row],
    *,
    ending: str,
    returning: Names = (),
) -> list[tuple[Any, ...]]:
    columns = _columns(work, table, names)
    into = f"insert into {table.name} as t ({', '.join(names)})"
    found: list[tuple[Any, ...]] = []
    for values, parameters in columns.portions(rows):
        # A select needs a condition here, or SQLite reads ON CONFLICT as the condition of a join.
        sql = f"{into} select * from {values} where true {ending}"
        result = await work.connection.exec_driver_sql(sql, parameters)
        if returning:
            found += _columns(work, table, returning).read(result.fetchall())
    return found


async def find_rows(
    work: Work, table: Table, keys: Names, wanted: Sequence[Row], names: Names
) -> list[tuple[Any, ...]]:
    """Return these columns of the rows that have these keys: at most one row for each key."""
    return await _find(work, table, keys, wanted, names=names, ending="limit 1")


async def first_rows(
    work: Work,
    table: Table,
    keys: Names,
    wanted: Sequence[Row],
    names: Names,
    *,
    order: str,
    only: str,
) -> list[tuple[Any, ...]]:
    """Return these columns of the first row, in this order, of those that have each key.

    `only` says in SQL, about `x`, which of them count. There should be an index on the keys and
    the order, where that holds: then it costs the same however many rows have the key.
    """
    by, shown = _columns(work, table, keys), _columns(work, table, names)
    matches = " and ".join([*(f"x.{key} = k.{key}" for key in keys), only])
    told = ", ".join(names)
    found: list[tuple[Any, ...]] = []
    for values, parameters in by.portions(wanted):
        first = f"from {table.name} x where {matches} order by x.{order} limit 1"
        if by.arrays:
            sql = f"select f.* from {values} cross join lateral (select {told} {first}) f"
        else:
            sql = (
                f"select {', '.join(f'f.{name}' for name in names)} from {values}"
                f" cross join {table.name} f on f.rowid = (select x.rowid {first})"
            )
        result = await work.connection.exec_driver_sql(sql, parameters)
        found += shown.read(result.fetchall())
    return found


async def lock_rows(
    work: Work, table: Table, keys: Names, wanted: Sequence[Row], names: Names
) -> list[tuple[Any, ...]]:
    """Lock the rows that have these keys, in the order in which they are sent, and return them.

    FOR NO KEY UPDATE, because nobody changes a key of a row that is only to be updated. Where
    there is one writer, it holds the only lock already.
    """
    return await _find(work, table, keys, wanted, names=names, ending="for no key update")


async def _find(
    work: Work, table: Table, keys: Names, wanted: Sequence[Row], *, names: Names, ending: str
) -> list[tuple[Any, ...]]:
    by, shown = _columns(work, table, keys), _columns(work, table, names)
    matches = " and ".join(f"x.{key} = k.{key}" for key in keys)
    told = ", ".join(f"x.{name}" for name in names)
    found: list[tuple[Any, ...]] = []
    for values, parameters in by.portions(wanted):
        if by.arrays:
            look = f"select {told} from {table.name} x where {matches} {ending}"
            sql = f"select f.* from {values} cross join lateral ({look}) f"
        else:
            sql = f"select {told} from {values} cross join {table.name} x on {matches}"
        result = await work.connection.exec_driver_sql(sql, parameters)
        found += shown.read(result.fetchall())
    return found


async def update_rows(
    work: Work, table: Table, keys: Names, names: Names, rows: Sequence[Row]
) -> int:
    """Set these columns of the rows that have these keys; a row is its keys, then its values.

    Each key once: an update with two rows for one would apply either. Returns how many there were.
    """
    columns = _columns(work, table, (*keys, *names))
    told = ", ".join(f"{name} = k.{name}" for name in names)
    matches = " and ".join(f"t.{key} = k.{key}" for key in keys)
    count = 0
    for values, parameters in columns.portions(rows):
        sql = f"update {table.name} as t set {told} from {values} where {matches}"
        count += (await work.connection.exec_driver_sql(sql, parameters)).rowcount
    return count


@dataclass(frozen=True, slots=True)
class _Columns:
    """How the values of some columns are sent and read: one converter for each, or None."""

    names: Names
    kinds: tuple[str, ...]
    arrays: bool
    to_driver: tuple[Callable[[Any], Any] | None, ...]
    from_driver: tuple[Callable[[Any], Any] | None, ...]

    def zipped(self) -> str:
        """Say how JSON arrays, one for each column, become rows again under the name k."""
        arrays = ", ".join(
            f"json_array_elements{'' if kind == 'jsonb' else '_text'}(${n}::json)"
            for n, kind in enumerate(self.kinds, 1)
        )
        told = ", ".join(
            f"{_READ.get(kind, 'c{n}::{kind}').format(n=n, kind=kind)} as {name}"
            for n, (kind, name) in enumerate(zip(self.kinds, self.names, strict=True), 1)
        )
        columns = ", ".join(f"c{n}" for n in range(1, len(self.names) + 1))
        return f"(select {told} from rows from ({arrays}) as r({columns})) as k"

    def as_json(self, rows: Sequence[Row]) -> tuple[str, ...]:
        parts = zip(*rows, strict=True)
        told = (
            [None if value is None else convert(value) for value in part] if convert else part
            for convert, part in zip(map(_TO_JSON.get, self.kinds), parts, strict=True)
        )
        return tuple(orjson.dumps(part).decode() for part in told)

    def as_arrays(self, rows: Sequence[Row]) -> tuple[list[Any], ...]:
        parts = zip(*rows, strict=True)
        return tuple(
            [None if value is None else convert(value) for value in part] if convert else list(part)
            for convert, part in zip(self.to_driver, parts, strict=True)
        )

    def as_tuples(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        return list(zip(*self.as_arrays(rows), strict=True)) if rows else []

    def portions(self, rows: Sequence[Row]) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yield what may be selected from under the name k, with its parameters."""
        if not rows:
            return
        if self.arrays:
            yield self.zipped(), self.as_json(rows)
            return
        size = max(1, VARIABLES_MAX // len(self.names))
        told = ", ".join(f"column{n} as {name}" for n, name in enumerate(self.names, 1))
        hole = f"({', '.join('?' * len(self.names))})"
        sent = self.as_tuples(rows)
        for start in range(0, len(sent), size):
            portion = sent[start : start + size]
            values = ", ".join([hole] * len(portion))
            parameters = tuple(value for row in portion for value in row)
            yield f"(select {told} from (values {values})) as k", parameters

    def read(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        if not any(self.from_driver):
            return list(map(tuple, rows))
        return [
            tuple(
                value if value is None or convert is None else convert(value)
                for convert, value in zip(self.from_driver, row, strict=True)
            )
            for row in rows
        ]


def _columns(work: Work, table: Table, names: Names) -> _Columns:
    return _made(work.connection.dialect.name == "postgresql", table, names)


@lru_cache(maxsize=512)
def _made(arrays: bool, table: Table, names: Names) -> _Columns:  # noqa: FBT001 - a cache's key
    found = [_kind(table.c[name], arrays=arrays) for name in names]
    kinds, to_driver, from_driver = zip(*found, strict=True)
    return _Columns(names, kinds, arrays, to_driver, from_driver)


Kind = tuple[str, Callable[[Any], Any] | None, Callable[[Any], Any] | None]


def _kind(column: "Column[Any]", *, arrays: bool) -> Kind:
    """Say what an array of the column's values is called, and how one is sent and read."""
    kind = column.type
    if isinstance(kind, Key):
        prefix = kind.prefix
        return (
            ("uuid", _to_uuid, _from_uuid(prefix))
            if arrays
            else ("", _to_bytes, _from_bytes(prefix))
        )
    if isinstance(kind, Instant):
        return ("timestamptz", _aware, None) if arrays else ("", _to_text, _from_text)
    if isinstance(kind, JSON):
        # The one driver reads it by itself.
        return ("jsonb", _to_json, None) if arrays else ("", _to_json, orjson.loads)
    simple = next(name for types, name in _SIMPLE if isinstance(kind, types))
    boolean = None if arrays or not isinstance(kind, Boolean) else bool
    return simple, None, boolean


# Text has no length here: a cast to a shorter one would cut without a word what is too long.
_SIMPLE: tuple[tuple[type, str], ...] = (
    (SmallInteger, "int2"),
    (BigInteger, "int8"),
    (Integer, "int4"),
    (Boolean, "bool"),
    (LargeBinary, "bytea"),
    (String, "text"),
)


# One batch names the same projects, accounts and transactions again and again.
@lru_cache(maxsize=REMEMBERED)
def _to_bytes(identifier: str) -> bytes:
    return number_of(identifier).to_bytes(16)


@lru_cache(maxsize=REMEMBERED)
def _to_uuid(identifier: str) -> pgproto.UUID:
    return pgproto.UUID(_to_bytes(identifier))


@lru_cache
def _from_uuid(prefix: str) -> Callable[[pgproto.UUID], str]:
    return lru_cache(maxsize=REMEMBERED)(lambda value: compose(prefix, value.int))


@lru_cache
def _from_bytes(prefix: str) -> Callable[[bytes], str]:
    return lru_cache(maxsize=REMEMBERED)(lambda value: compose(prefix, int.from_bytes(value)))


@lru_cache(maxsize=REMEMBERED)
def _to_hex(identifier: str) -> str:
    return _to_bytes(identifier).hex()


def _aware(instant: datetime) -> datetime:
    """Refuse what a driver would take for its own machine's time."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime reached the database")
    return instant


# What JSON has no word for, and how it is read again. Nothing at all is no JSON null.
_TO_JSON: dict[str, Callable[[Any], Any]] = {
    "uuid": _to_hex,
    "bytea": bytes.hex,
    "timestamptz": _aware,
}
_READ = {
    "text": "c{n}",
    "bytea": "decode(c{n}, 'hex')",
    "jsonb": "nullif(c{n}::text, 'null')::jsonb",
}


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _to_text(instant: datetime) -> str:
    return _aware(instant).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _from_text(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
