"""Insert unless it is there already: the same words on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from core.db.work import Work

Rows = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def insert_for(work: Work, table: Table) -> Any:
    """Return the dialect's own INSERT, the one that knows ON CONFLICT."""
    name = work.connection.dialect.name
    return (postgresql if name == "postgresql" else sqlite).insert(table)


async def insert_if_absent(work: Work, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row, or do nothing where any unique key has it already. Tell which.

    On Postgres this waits for a transaction that is inserting the same key, and then knows.
    """
    result = await work.execute(insert_for(work, table).values(row).on_conflict_do_nothing())
    return result.rowcount == 1


async def insert_all_if_absent(work: Work, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those rows of a set whose unique keys are not taken."""
    if rows:
        await work.execute(insert_for(work, table).on_conflict_do_nothing(), list(rows))


async def upsert(work: Work, table: Table, row: Mapping[str, Any], *, key: Sequence[str]) -> None:
    """Insert the row, or replace every other column of the one that has this key."""
    changes = {name: value for name, value in row.items() if name not in key}
    await work.execute(
        insert_for(work, table)
        .values(row)
        .on_conflict_do_update(index_elements=list(key), set_=changes)
    )
