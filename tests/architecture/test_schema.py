"""The migrations and the tables describe the same database, and its keys begin with the project."""

import importlib
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, PrimaryKeyConstraint, Table, UniqueConstraint

from core.db.months import parts
from core.db.schema import metadata
from core.db.triggers import missing_guards
from core.kernel.caller import SYSTEM
from core.surface import PROTECTED
from tests.architecture.tree import ROOT, SOURCES, name
from tests.world import World

pytestmark = pytest.mark.anyio

for _path in SOURCES:
    if _path.stem.endswith("tables") and _path.is_relative_to(ROOT):
        importlib.import_module(name(_path).removesuffix(".py").replace("/", "."))

# Keys of project data that the project does not lead, and why. Nothing is ever sharded by these.
EXCEPTIONS = {
    "auth_api_key_secrets (secret_hash)": "whoever holds the secret does not know the project",
    "projects_invitations (token_hash)": "whoever holds the secret does not know the project",
    "invoicing_documents (entity_key, series, year, sequence)": "numbers are a legal entity's own",
    "jobs_jobs (id)": "one worker looks for the due jobs of every project",
    "jobs_jobs (name, key)": "one worker looks for the due jobs of every project",
}


def _is_project_data(table: Table) -> bool:
    """Tell what belongs to one project from what belongs to a person and may name a project."""
    return "project_id" in table.columns and not table.columns["project_id"].nullable


def keys(table: Table) -> Iterator[tuple[str, ...]]:
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            yield tuple(column.name for column in constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield tuple(column.name for column in index.columns)


async def test_a_migrated_database_has_nothing_left_to_migrate(world: World) -> None:
    def differences(connection: Connection) -> list[object]:
        whole = {"include_name": lambda name, kind, _parents: kind != "table" or name not in months}
        return list(compare_metadata(MigrationContext.configure(connection, opts=whole), metadata))

    async with world.database.read(SYSTEM) as work:
        # Months are parts of one table; the migrations make the first, and the engine the others.
        months = await parts(work)
        assert await work.connection.run_sync(differences) == []


async def test_what_may_only_grow_is_guarded(world: World) -> None:
    async with world.database.read(SYSTEM) as work:
        assert await missing_guards(work, PROTECTED) == []

    assert {"ledger_entries", "ledger_transactions", "audit_invocations"} <= set(PROTECTED)
    assert set(PROTECTED) <= set(metadata.tables)


def test_the_project_leads_every_key_of_project_data() -> None:
    led_by_another = {
        f"{table.name} ({', '.join(key)})"
        for table in metadata.sorted_tables
        if _is_project_data(table)
        for key in keys(table)
        if key[0] != "project_id"
    }

    assert led_by_another == set(EXCEPTIONS)


def test_a_table_is_named_after_the_slice_that_owns_it() -> None:
    homes = tuple({f"{path.parent.name}_" for path in SOURCES if path.stem.endswith("tables")})

    assert {each for each in metadata.tables if not each.startswith(homes)} == set()
