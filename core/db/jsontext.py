"""Read one property out of a JSON column as text, the same on both databases."""

from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, func

from core.db.work import Work


def json_text(work: Work, column: ColumnElement[Any], key: str) -> ColumnElement[str]:
    """Return the property as text, null where it is absent. The key has no quotation marks in it.

    SQLite reads true and false as 1 and 0, which would make `true` and `1` one value there and two
    on Postgres.
    """
    if work.connection.dialect.name == "postgresql":
        text: ColumnElement[str] = column[key].as_string()
        return text
    path = f'$."{key}"'
    kind = func.json_type(column, path)
    return case(
        (kind.in_(("true", "false")), kind), else_=cast(func.json_extract(column, path), String)
    )
