"""Tables that are kept by the month: an event lands in the month in which it occurred.

On Postgres such a table is partitioned, and a month is made before the first row of it arrives: by
a function that the migrations install and that runs as whoever owns the tables, since the role
that serves owns nothing. Months that are no longer asked about are detached. SQLite keeps every
month in one table, where there is nothing to make and nothing to detach.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Engine,
    Index,
    Integer,
    String,
    Table,
    cast,
    false,
    func,
    or_,
    text,
    true,
    type_coerce,
)

from core.db.work import Work
from core.kernel.period import Period

_seen: WeakKeyDictionary[Engine, set[tuple[str, int]]] = WeakKeyDictionary()
"""The months that this process knows to be there, for each database that it has open."""


def by_month(column: str) -> dict[str, Any]:
    """Say of a table that it is kept by the month of this column: `Table(…, **by_month("at"))`."""
    return {"postgresql_partition_by": f"RANGE ({column})"}


def index_by_time(name: str, column: str) -> Index:
    """Index a column that grows as rows are added: on Postgres by the block, for little."""
    return Index(name, column, postgresql_using="brin")


async def ensure_months(work: Work, table: Table, instants: Iterable[datetime]) -> None:
    """Make the months of these instants unless they are there. Costs nothing once it is known.

    Call it before the unit takes any other lock of the table's: making a month waits for whoever
    is making it, and for nobody who reads or writes.
    """
    if work.connection.dialect.name != "postgresql":
        return
    seen = _seen.setdefault(work.connection.engine.sync_engine, set())
    wanted = {(table.name, each.year * 12 + each.month - 1) for each in instants} - seen
    for name, month in sorted(wanted):
        # The name is a table's of ours; the function refuses what is not the first of a month.
        make = text(f"select {name}_make_month(:month)")
        await work.execute(make, {"month": _first_of(month)})
    if wanted:
        # Not before it is certain: a unit that is rolled back takes its months with it.
        work.after_commit(lambda: seen.update(wanted))


def months_around(instant: datetime, before: int, after: int) -> list[datetime]:
    """Return the first instants of the months around this one, in UTC."""
    here = _number(instant)
    return [_instant(month) for month in range(here - before, here + after + 1)]


def spans_since_1970(work: Work, instant: ColumnElement[Any], seconds: int) -> ColumnElement[int]:
    """Count, in the database, the spans of so many seconds from 1970 to the one it lies in."""
    if work.connection.dialect.name == "postgresql":
        return cast(func.floor(func.extract("epoch", instant) / seconds), BigInteger)
    # Without its microseconds, which would be rounded, and so carried into the next span.
    whole = func.substr(type_coerce(instant, String), 1, len("2026-11-20 09:00:00"))
    return cast(func.strftime("%s", whole), Integer) // seconds


@dataclass(frozen=True, slots=True)
class Kept:
    """Which months of a table can be looked into: all of them, or those that are attached."""

    periods: Sequence[Period] | None

    def holds(self, instant: ColumnElement[Any]) -> ColumnElement[bool]:
        """Tell, as a condition, whether the instant lies in a month that is there."""
        if self.periods is None:
            return true()
        return or_(false(), *((instant >= p.start_at) & (instant < p.end_at) for p in self.periods))

    def holds_number(self, number: ColumnElement[int], seconds: int) -> ColumnElement[bool]:
        """Tell the same of a number that counts so many seconds each since 1970."""
        if self.periods is None:
            return true()
        return or_(
            false(),
            *(
                (number >= int(p.start_at.timestamp()) // seconds)
                & (number < int(p.end_at.timestamp()) // seconds)
                for p in self.periods
            ),
        )


async def kept_months(work: Work, table: Table, *, since: datetime) -> Kept:
    """Return the months that are attached, and every one from `since` on, attached or not.

    So a month that is too young to have been taken away by right is missed when it is gone.
    """
    if work.connection.dialect.name != "postgresql":
        return Kept(None)
    query = text(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid "
        "where i.inhparent = to_regclass(:name)"
    )
    found = (await work.execute(query, {"name": f"public.{table.name}"})).scalars()
    numbers = {int(year) * 12 + int(month) - 1 for *_, year, month in (n.split("_") for n in found)}
    periods = [Period(_instant(each), _instant(each + 1)) for each in sorted(numbers)]
    return Kept([*periods, Period(since, datetime.max.replace(tzinfo=UTC))])


async def parts(work: Work) -> set[str]:
    """Return the names of all months that are attached, which are tables of their own."""
    if work.connection.dialect.name != "postgresql":
        return set()
    query = text("select relname from pg_class where relispartition and relkind = 'r'")
    return set((await work.execute(query)).scalars())


async def forget_detached(work: Work, table: Table, most: int) -> int:
    """Delete at most so many rows of a table that may forget what belongs to detached months.

    What exactly may be forgotten is the database's own rule, made by the migrations; here it is
    only asked to. Returns how many rows went.
    """
    if work.connection.dialect.name != "postgresql":
        return 0
    forget = text(f"select {table.name}_forget(:most)")
    return int((await work.execute(forget, {"most": most})).scalar_one())


def _number(instant: datetime) -> int:
    utc = instant.astimezone(UTC)
    return utc.year * 12 + utc.month - 1


def _first_of(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _instant(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
