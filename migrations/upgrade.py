"""Bring a database to the newest migration, and let the runtime role use it but not own it."""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

_ROLE = re.compile(r"^[a-z_][a-z0-9_]{0,62}\Z")


def upgrade(connection: sa.Connection, runtime_role: str | None = None) -> None:
    """Run what is missing. On Postgres, `runtime_role` is granted what the engine does, no more."""
    command.upgrade(_config(connection), "head")
    if runtime_role and connection.dialect.name == "postgresql":
        _grant(connection, runtime_role)


def pending(connection: sa.Connection) -> list[str]:
    """List the migrations that this database has not seen, oldest first."""
    script = ScriptDirectory.from_config(_config(connection))
    seen = MigrationContext.configure(connection).get_current_revision()
    return [each.revision for each in reversed(list(script.iterate_revisions("head", seen)))]


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _grant(connection: sa.Connection, role: str) -> None:
    """Grant reading and inserting everywhere, changing only what may change."""
    if not _ROLE.match(role):
        raise ValueError(f"{role!r} is not a role name this can grant to")
    protected = _protected(connection)
    # What is kept in parts is reached through the whole, and in no other way.
    parts = set(
        connection.scalars(sa.text("select relname from pg_class where relispartition")).all()
    )
    connection.execute(sa.text(f"grant usage on schema public to {role}"))
    # What was taken from the public is for the role that serves, and for nobody else.
    functions = connection.scalars(
        sa.text(
            "select oid::regprocedure::text from pg_proc "
            "where pronamespace = 'public'::regnamespace and prosecdef"
        )
    )
    for function in functions.all():
        connection.execute(sa.text(f"grant execute on function {function} to {role}"))
    for table in sa.inspect(connection).get_table_names():
        verbs = "select" if table == "alembic_version" else "select, insert"
        if table not in protected and table != "alembic_version":
            verbs += ", update, delete"
        elif changing := protected.get(table):
            verbs += f", update ({', '.join(changing)})"
        connection.execute(sa.text(f'revoke all on "{table}" from {role}'))
        if table in parts:
            continue
        connection.execute(sa.text(f'grant {verbs} on "{table}" to {role}'))


def _protected(connection: sa.Connection) -> dict[str, list[str]]:
    """Return, of each table whose rows are kept as they are, the columns that may yet change."""
    rows = connection.execute(
        sa.text(
            "select c.relname, array(select a.attname::text from pg_attribute a "
            "where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
            "and cardinality(t.tgattr::int2[]) > 0 and a.attnum <> all(t.tgattr::int2[])) "
            "from pg_trigger t join pg_class c on c.oid = t.tgrelid "
            "where t.tgname = c.relname || '_append_only'"
        )
    )
    return {table: list(changing) for table, changing in rows}
