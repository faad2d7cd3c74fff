"""The one MetaData, its constraint names, and the column types both databases agree on."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    Uuid,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.kernel.ids import compose, number_of

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PLATFORM = compose("prj", 0)
"""Stands in a project column for the platform itself, so that unique keys hold for it too."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases. SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


class Key(TypeDecorator[str]):
    """An identifier: its 128 bits in the column, its prefix and letters everywhere else.

    Sixteen bytes that sort by time on both databases: UUID on Postgres, BLOB on SQLite.
    """

    impl = LargeBinary(16)
    cache_ok = True

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Uuid())
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        number = number_of(value)
        return UUID(int=number) if dialect.name == "postgresql" else number.to_bytes(16, "big")

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        number = value.int if dialect.name == "postgresql" else int.from_bytes(value, "big")
        return compose(self.prefix, number)


def json_column() -> TypeEngine[Any]:
    """JSON that both databases can look into: `column["key"].as_string()`."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def index_where(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Index only the rows that this holds for, spelled so that both databases understand it."""
    only = text(where)
    return Index(name, *columns, unique=unique, postgresql_where=only, sqlite_where=only)


def never_overlapping(name: str, *columns: str, starts: str, ends: str) -> ExcludeConstraint:
    """Refuse two rows that are equal in these columns and whose times overlap.

    `ends` is empty for what goes on. Only where the database has such constraints: have a unique
    index of those that go on beside it, which holds everywhere.
    """
    equal = [(column, "=") for column in columns]
    span = func.tstzrange(literal_column(starts), literal_column(ends))
    rule = ExcludeConstraint(*equal, (span, "&&"), name=name, using="gist")
    return rule.ddl_if(dialect="postgresql")


def changing(*columns: str) -> dict[str, Any]:
    """Note, as a table's `info`, which columns of a protected table may change after all."""
    return {"changing": frozenset(columns)}
