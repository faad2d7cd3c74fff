"""Ask the database by one statement, or send it many rows: the drivers' ways, and when which.

On Postgres the driver is asked by itself, once the unit's transaction has begun: what lies between
costs more than sending a batch does.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.db.columns import Columns, Row

if TYPE_CHECKING:
    from core.db.work import Work


async def ask(
    work: "Work", columns: Columns, sql: str, parameters: tuple[Any, ...]
) -> Sequence[Row]:
    """Run one statement, and return its rows if it has any."""
    driver = driver_of(work) if columns.arrays else None
    if driver is not None and driver.is_in_transaction():
        rows: Sequence[Row] = await driver.fetch(sql, *parameters)
        return rows
    result = await work.connection.exec_driver_sql(sql, parameters)
    return result.fetchall() if result.returns_rows else ()


async def copy(work: "Work", table: str, columns: Columns, rows: Sequence[Row]) -> None:
    """Send the rows by COPY, which costs both sides about half of what an INSERT does."""
    driver = driver_of(work)
    if not driver.is_in_transaction():
        # The unit's transaction begins with its first statement, and a COPY must not be before it.
        await work.connection.exec_driver_sql("select 1")
    await driver.copy_records_to_table(
        table, records=columns.as_tuples(rows), columns=columns.names
    )


def driver_of(work: "Work") -> Any:
    """Return the driver's own connection, which is in the unit's transaction once it has begun."""
    opened = work.connection.sync_connection
    assert opened is not None, "a unit of work has a connection"
    return opened.connection.driver_connection
