"""Many rows in one statement: the hot path's inserts, look-ups, locks and updates.

Rows are tuples, in the order of the columns named. On Postgres they travel as one JSON array for
each column, so that a statement has the same text, the same plan and the same cost to send whatever
the number of rows (the driver's own arrays cost five times as much of this process's time, value by
value); on SQLite they are values. JSON may be an `orjson.Fragment`, which is text already.
Statements that would join with what is sent look each row up by its key instead (LATERAL with a
LIMIT cannot be turned round), because a plan made while a table was still empty would read all of
it for as long as the connection lives. What a
shared unit writes travels together: see `core.db.later`.
"""

# ruff: noqa: S608 - every name in these statements is one of our own tables and columns

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table

from core.db.asking import ask
from core.db.columns import Columns, Names, Row, columns_of
from core.db.later import Write, send
from core.db.work import Work


async def insert_rows(work: Work, table: Table, names: Names, rows: Sequence[Row]) -> None:
    """Insert the rows. One that is there already is an error of the database's."""
    columns = columns_of(work, table, names)
    head = f"insert into {table.name} ({', '.join(names)}) select * from"
    await _write(work, Write(table.name, columns, list(rows), head, ""))


async def claim_rows(work: Work, table: Table, names: Names, rows: Sequence[Row]) -> None:
    """Insert the rows, every one of which must be new. Raises Collided if one is there already.

    Send them in the order of their keys, for the reason that `insert_new_rows` gives. Of a shared
    unit Collided may be raised as late as its end.
    """
    columns = columns_of(work, table, names)
    head = f"insert into {table.name} ({', '.join(names)}) select * from"
    tail = "where true on conflict do nothing returning 1"
    await _write(work, Write(table.name, columns, list(rows), head, tail, is_claim=True))


async def _write(work: Work, write: Write) -> None:
    """Write it: in a shared unit together with all that it writes until somebody reads."""
    if not write.rows:
        return
    if work.is_shared:
        await work.later.add(work, write)
    else:
        await send(work, [write])


async def _read(work: Work, columns: Columns, sql: str, parameters: tuple[Any, ...]) -> Any:
    """Ask for rows, after everything that the unit has written is there."""
    await work.send_written()
    return await ask(work, columns, sql, parameters)


async def insert_new_rows(
    work: Work, table: Table, names: Names, rows: Sequence[Row], *, returning: Names
) -> list[tuple[Any, ...]]:
    """Insert those rows whose keys are free, and return these columns of theirs.

    Send the rows in the order of their keys: two units that share some then wait for each other in
    one direction only. On Postgres this waits for a unit that is inserting the same key.
    """
    columns, told = columns_of(work, table, names), columns_of(work, table, returning)
    into = f"insert into {table.name} ({', '.join(names)})"
    ending = f"where true on conflict do nothing returning {', '.join(returning)}"
    found: list[tuple[Any, ...]] = []
    for values, parameters in columns.portions(rows):
        sql = f"{into} select * from {values} {ending}"
        found += told.read(await _read(work, columns, sql, parameters))
    return found


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
    head = f"insert into {table.name} as t ({', '.join(names)}) select * from"
    # A select needs a condition here, or SQLite reads ON CONFLICT as the condition of a join.
    tail = f"where true on conflict ({', '.join(keys)}) do update set {told}"
    await _write(work, Write(table.name, columns_of(work, table, names), list(rows), head, tail))


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
    by, shown = columns_of(work, table, keys), columns_of(work, table, names)
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
        found += shown.read(await _read(work, by, sql, parameters))
    return found


async def find_all_rows(
    work: Work,
    table: Table,
    keys: Names,
    wanted: Sequence[Row],
    names: Names,
    *,
    only: str,
    lock: bool = False,
) -> list[tuple[Any, ...]]:
    """Return these columns of all rows that have these keys and for which `only`, about `x`, holds.

    There should be an index on the keys.
    """
    ending = "for no key update" if lock else ""
    return await _find(work, table, keys, wanted, names=names, ending=ending, only=only)


async def lock_rows(
    work: Work, table: Table, keys: Names, wanted: Sequence[Row], names: Names
) -> list[tuple[Any, ...]]:
    """Lock the rows that have these keys, in the order in which they are sent, and return them.

    FOR NO KEY UPDATE, because nobody changes a key of a row that is only to be updated. Where
    there is one writer, it holds the only lock already.
    """
    return await _find(work, table, keys, wanted, names=names, ending="for no key update")


async def _find(
    work: Work,
    table: Table,
    keys: Names,
    wanted: Sequence[Row],
    *,
    names: Names,
    ending: str,
    only: str = "true",
) -> list[tuple[Any, ...]]:
    by, shown = columns_of(work, table, keys), columns_of(work, table, names)
    matches = " and ".join([*(f"x.{key} = k.{key}" for key in keys), only])
    told = ", ".join(f"x.{name}" for name in names)
    found: list[tuple[Any, ...]] = []
    for values, parameters in by.portions(wanted):
        if by.arrays:
            look = f"select {told} from {table.name} x where {matches} {ending}"
            sql = f"select f.* from {values} cross join lateral ({look}) f"
        else:
            sql = f"select {told} from {values} cross join {table.name} x on {matches}"
        found += shown.read(await _read(work, by, sql, parameters))
    return found


async def update_rows(
    work: Work, table: Table, keys: Names, names: Names, rows: Sequence[Row]
) -> None:
    """Set these columns of the rows that have these keys; a row is its keys, then its values.

    Each key once: an update with two rows for one would apply either.
    """
    columns = columns_of(work, table, (*keys, *names))
    told = ", ".join(f"{name} = k.{name}" for name in names)
    matches = " and ".join(f"t.{key} = k.{key}" for key in keys)
    head = f"update {table.name} as t set {told} from"
    await _write(work, Write(table.name, columns, list(rows), head, f"where {matches}"))


async def change_rows(
    work: Work, table: Table, keys: Names, names: Names, rows: Sequence[Row], *, only: str
) -> int:
    """Set these columns of the rows that have these keys, and return how many there were.

    `only` says in SQL, about the row `t` and what is to be written, `k`, which may be changed. It
    is done at once, because whoever asks looks whether all of them were.
    """
    columns = columns_of(work, table, (*keys, *names))
    told = ", ".join(f"{name} = k.{name}" for name in names)
    matches = " and ".join([*(f"t.{key} = k.{key}" for key in keys), only])
    changed = 0
    for values, parameters in columns.portions(rows):
        sql = f"update {table.name} as t set {told} from {values} where {matches} returning 1"
        changed += len(await _read(work, columns, sql, parameters))
    return changed
