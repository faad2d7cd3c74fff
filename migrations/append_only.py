"""Make a table append-only, in whichever dialect the migration is running.

The triggers hold even for someone with a database shell; on Postgres the runtime role does not own
the tables and so cannot take the triggers away. `bursar prove` looks whether they are all there.
"""

from alembic import op
from sqlalchemy import inspect

REFUSE = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end $$
"""


def install() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(REFUSE)


def protect(table: str, *, but: tuple[str, ...] = (), by: str = "refuse_change") -> None:
    """Refuse every change of the table's rows, but for these columns of theirs.

    On Postgres it is what the function `by` refuses, whose name begins like this one's.
    """
    connection = op.get_bind()
    columns = [each["name"] for each in inspect(connection).get_columns(table)]
    fixed = f" of {', '.join(each for each in columns if each not in but)}" if but else ""
    if connection.dialect.name == "postgresql":
        op.execute(
            f"create trigger {table}_append_only before update{fixed} or delete on {table} "
            f"for each row execute function {by}()"
        )
        op.execute(
            f"create trigger {table}_no_truncate before truncate on {table} "
            "for each statement execute function refuse_change()"
        )
    else:
        for change, of in (("update", fixed), ("delete", "")):
            op.execute(
                f"create trigger {table}_no_{change} before {change}{of} on {table} "
                f"begin select raise(abort, '{table} is append-only'); end"
            )
