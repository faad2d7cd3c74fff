"""Meters that weigh levels by time, average, and add up the largest of each window.

A level goes down, too, and an amount may be taken back: what a meter reads may be below zero.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"

METERS, EVENTS = "metering_meters", "metering_events"
KNOWN = "ck_metering_meters_aggregation_is_known"
NEVER_NEGATIVE = "ck_metering_events_quantity_is_never_negative"
AGGREGATIONS = (
    "aggregation in ('count', 'sum', 'average', 'max', 'unique', 'last', 'weighted_sum', "
    "'bucketed_max')"
)
OF_A_WINDOW = "ck_metering_meters_maxima_are_of_a_window"
ONE_WINDOW = "(aggregation = 'bucketed_max') = (per_window is not null)"


def upgrade() -> None:
    op.add_column(METERS, sa.Column("per_window", sa.String(8)))
    if op.get_bind().dialect.name == "postgresql":
        _change_postgres()
    else:
        _change_sqlite()


def _change_postgres() -> None:
    op.alter_column(METERS, "aggregation", type_=sa.String(16))
    op.drop_constraint(KNOWN, METERS, type_="check")
    op.create_check_constraint(KNOWN, METERS, AGGREGATIONS)
    op.create_check_constraint(OF_A_WINDOW, METERS, ONE_WINDOW)
    op.drop_constraint(NEVER_NEGATIVE, EVENTS, type_="check")
    # A month was made with the constraint as its own, and keeps it when the whole gives it up.
    months = "select inhrelid::regclass::text from pg_inherits where inhparent = :whole ::regclass"
    for month in op.get_bind().scalars(sa.text(months), {"whole": EVENTS}).all():
        op.execute(f"alter table {month} drop constraint if exists {NEVER_NEGATIVE}")


def _change_sqlite() -> None:
    """Change what the tables are said to be, in place of writing every event anew.

    SQLite documents this for constraints, which change nothing of what is stored. That a column was
    added above is what makes other connections read the schema again.
    """
    connection = op.get_bind()
    connection.exec_driver_sql("pragma writable_schema = on")
    known = r"check \(aggregation in [^)]*\)\)"
    _say(METERS, known, f"CHECK ({AGGREGATIONS}), CONSTRAINT {OF_A_WINDOW} CHECK ({ONE_WINDOW})")
    _say(METERS, r"(?<=aggregation )varchar\(8\)", "VARCHAR(16)")
    _say(EVENTS, rf",\s*constraint {NEVER_NEGATIVE} check \(quantity >= 0\)", "")
    connection.exec_driver_sql("pragma writable_schema = reset")
    [(said,)] = connection.exec_driver_sql("pragma integrity_check").all()
    if said != "ok":
        raise RuntimeError(f"the schema of the database is broken: {said}")


def _say(table: str, old: str, new: str) -> None:
    connection = op.get_bind()
    named = {"name": table}
    find = sa.text("select sql from sqlite_schema where type = 'table' and name = :name")
    told, count = re.subn(old, new, connection.scalar(find, named), flags=re.IGNORECASE)
    if count != 1:
        raise RuntimeError(f"{table} is not what this migration expects")
    change = sa.text("update sqlite_schema set sql = :sql where type = 'table' and name = :name")
    connection.execute(change, {"sql": told, **named})
