"""The proof finds whatever was changed behind the ledger's back, and says where."""

import pytest
from sqlalchemy import text

from core import ledger
from tests.core.ledger.books import ADA, BOB, charge, open_wallet, proof, unit
from tests.world import World

pytestmark = pytest.mark.anyio


async def some_books(world: World) -> None:
    for wallet in (ADA, BOB):
        await open_wallet(world, wallet, "10")
        async with unit(world) as work:
            await ledger.post(work, charge(work, "1", f"c:{wallet}", source=wallet))


async def tamper(world: World, statement: str, table: str = "ledger_entries") -> None:
    """Change a protected table as someone who owns it can: by taking its guards away first."""
    async with world.owner() as connection:
        for guard in await guards(world, table):
            await connection.execute(text(guard))
        await connection.execute(text(statement))


async def guards(world: World, table: str) -> list[str]:
    if world.url.startswith("postgres"):
        return [f"alter table {table} disable trigger all"]
    return [f"drop trigger {table}_no_{change}" for change in ("update", "delete")]


async def test_untouched_books_are_clean_and_wholly_looked_at(world: World) -> None:
    await some_books(world)

    found = await proof(world)

    assert found.differences == []
    assert found.looked_at == {"accounts": 12, "entries": 8, "transactions": 4, "grants": 2}


@pytest.mark.parametrize(
    ("statement", "table", "problem"),
    [
        ("update ledger_entries set amount = amount + 1 where sequence = 2 and amount = 100",
         "ledger_entries", "sum to"),
        ("update ledger_entries set balance = balance + 1 where amount = -1000",
         "ledger_entries", "they sum to"),
        ("delete from ledger_entries where sequence = 1 and amount = -1000",
         "ledger_entries", "is missing"),
        ("update ledger_transactions set memo = 'x'", "ledger_transactions", "not what was posted"),
        ("update ledger_transactions set reference = 'z' || reference",
         "ledger_transactions", "not what was posted"),
        ("delete from ledger_transactions where kind = 'charge'",
         "ledger_transactions", "not a transaction"),
        ("delete from ledger_entries", "ledger_entries", "has 0 entries"),
        ("update ledger_accounts set posted = posted + 1 where floor is not null",
         "ledger_accounts", "stores"),
        ("update ledger_accounts set sequence = 9", "ledger_accounts", "entries; it has"),
        ("update ledger_accounts set floor = 5000 where floor = 0",
         "ledger_accounts", "below its floor"),
        ("delete from ledger_accounts where floor = 0", "ledger_accounts", "not an account"),
        ("delete from ledger_accounts", "ledger_accounts", "not an account"),
    ],
)  # fmt: skip
async def test_a_change_behind_the_ledgers_back_is_found(
    world: World, statement: str, table: str, problem: str
) -> None:
    await some_books(world)
    if table == "ledger_accounts":
        async with world.owner() as connection:
            await connection.execute(text(statement))
    else:
        await tamper(world, statement, table)

    found = await proof(world)

    assert any(problem in str(each) for each in found.differences), found.differences
