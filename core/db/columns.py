"""How the values of some columns travel to a driver and back: as arrays, as values, as rows."""

# ruff: noqa: S608 - every name in these statements is one of our own tables and columns

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

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
from core.kernel.ids import compose, number_of

if TYPE_CHECKING:
    from core.db.work import Work

Row = Sequence[Any]
Names = tuple[str, ...]
REMEMBERED = 8_192
"""Identifiers, in either form."""
VARIABLES_MAX = 4_000
"""How many values one statement may carry on SQLite, whose limit is 32,766: beyond some thousand
there is nothing to be gained."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How the values of some columns are sent and read: one converter for each, or None."""

    names: Names
    kinds: tuple[str, ...]
    arrays: bool
    to_driver: tuple[Callable[[Any], Any] | None, ...]
    from_driver: tuple[Callable[[Any], Any] | None, ...]

    def zipped(self, first: int = 1) -> str:
        """Say how JSON arrays, one for each column, become rows again under the name k.

        They are the parameters from this number on.
        """
        return _zipped(self.names, self.kinds, first)

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


def columns_of(work: "Work", table: Table, names: Names) -> Columns:
    return _made(work.connection.dialect.name, table, names)


@lru_cache(maxsize=512)
def _made(dialect: str, table: Table, names: Names) -> Columns:
    arrays = dialect == "postgresql"
    found = [_kind(table.c[name], arrays=arrays) for name in names]
    kinds, to_driver, from_driver = zip(*found, strict=True)
    return Columns(names, kinds, arrays, to_driver, from_driver)


@lru_cache(maxsize=2_048)
def _zipped(names: Names, kinds: tuple[str, ...], first: int) -> str:
    arrays = ", ".join(
        f"json_array_elements{'' if kind == 'jsonb' else '_text'}(${n}::json)"
        for n, kind in enumerate(kinds, first)
    )
    told = ", ".join(
        f"{_READ.get(kind, 'c{n}::{kind}').format(n=n, kind=kind)} as {name}"
        for n, (kind, name) in enumerate(zip(kinds, names, strict=True), 1)
    )
    columns = ", ".join(f"c{n}" for n in range(1, len(names) + 1))
    return f"(select {told} from rows from ({arrays}) as r({columns})) as k"


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
