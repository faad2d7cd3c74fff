"""A guard counts when it stands before every column that is fixed, and refuses without an if."""

import pytest
from sqlalchemy import text

from core import ledger_proof
from core.db.triggers import missing_guards
from core.kernel.caller import SYSTEM
from tests.world import World

pytestmark = pytest.mark.anyio

TABLE = next(each for each in ledger_proof.PROTECTED if each.endswith("_grants"))
FIXED = "project_id, account_id, id, transaction_id, source, priority, expires_at, granted_at"

WEAKER = {
    "of fewer columns": "before update of {fixed}, amount{or_delete} on {table} {when}{does}",
    "under a condition": "before update{or_delete} on {table} {only}{does}",
    "too late": "after update{or_delete} on {table} {when}{does}",
}
AS_STRONG = {
    "of the fixed columns": "before update of {fixed}, amount, digest{or_delete} on {table} "
    "{when}{does}",
    "of every column": "before update{or_delete} on {table} {when}{does}",
}


async def with_guard(world: World, spelled: str) -> list[str]:
    """Put another guard in the place of the one that refuses updates."""
    on_postgres = world.url.startswith("postgres")
    name = f"{TABLE}_append_only" if on_postgres else f"{TABLE}_no_update"
    parts = {
        "fixed": FIXED,
        "table": TABLE,
        "of": f"on {TABLE}" if on_postgres else "",
        "or_delete": " or delete" if on_postgres else "",
        "when": "for each row " if on_postgres else "",
        "only": "for each row when (old.amount = 5) " if on_postgres else "when old.amount = 5 ",
        "does": "execute function refuse_change()"
        if on_postgres
        else f"begin select raise(abort, '{TABLE} is append-only'); end",
    }
    async with world.owner() as connection:
        await connection.execute(
            text(f"drop trigger {name}{f' on {TABLE}' if on_postgres else ''}")
        )
        await connection.execute(text(f"create trigger {name} {spelled.format(**parts)}"))
    async with world.database.read(SYSTEM) as work:
        return await missing_guards(work, (TABLE,))


@pytest.mark.parametrize("spelled", WEAKER.values(), ids=WEAKER)
async def test_a_guard_that_was_weakened_is_missing(world: World, spelled: str) -> None:
    [missing] = await with_guard(world, spelled)

    assert missing in {f"{TABLE}:change", f"{TABLE}:update"}


@pytest.mark.parametrize("spelled", AS_STRONG.values(), ids=AS_STRONG)
async def test_a_guard_of_at_least_the_fixed_columns_is_in_place(
    world: World, spelled: str
) -> None:
    assert await with_guard(world, spelled) == []


async def test_a_guard_that_refuses_nothing_any_more_is_missing(world: World) -> None:
    hollow = (
        "create or replace function refuse_change() returns trigger language plpgsql as $$ "
        "begin if false then raise exception '% is append-only', tg_table_name; end if; "
        "return new; end $$"
        if world.url.startswith("postgres")
        else f"drop trigger {TABLE}_no_delete"
    )
    async with world.owner() as connection:
        await connection.exec_driver_sql(hollow)
    async with world.database.read(SYSTEM) as work:
        missing = await missing_guards(work, (TABLE,))

    assert set(missing) in ({f"{TABLE}:change", f"{TABLE}:truncate"}, {f"{TABLE}:delete"})
