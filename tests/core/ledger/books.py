"""Wallets with money in them, and what every account holds, as people say it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import func, select

from core import ledger, ledger_proof
from core.db.work import Work
from core.kernel.ids import compose, renamed
from core.kernel.money import Asset, Money
from core.kernel.proving import Proof
from core.ledger import tables
from tests.world import OPERATOR, PROJECT, World

USD = Asset("USD", 2)
ADA, BOB = compose("wal", 101), compose("wal", 102)
NAMES = {ADA: "ada", BOB: "bob"} | {
    ledger.operator_account(PROJECT, role, USD): str(role) for role in ledger.AccountRole
}


def usd(amount: str) -> Money:
    return Money.of(amount, USD)


@asynccontextmanager
async def unit(world: World, project_id: str = PROJECT) -> AsyncIterator[Work]:
    async with world.database.begin(OPERATOR) as work:
        work.found_project_id = project_id
        yield work


async def open_wallet(
    world: World, wallet_id: str, amount: str = "0", floor: int | None = 0
) -> str:
    """Open a wallet with a grant of so much in it."""
    async with unit(world) as work:
        await ledger.open_wallet_account(work, wallet_id, USD, floor)
        if usd(amount).amount:
            reference = f"grant:{wallet_id}"
            grant = ledger.flows.GRANT.draw(
                work, usd(amount), reference=reference, target=wallet_id
            )
            await ledger.post(work, grant)
    return wallet_id


def charge(work: Work, amount: str, reference: str, source: str = ADA) -> ledger.Transaction:
    return ledger.flows.CHARGE.draw(work, usd(amount), reference=reference, source=source)


async def balances(world: World) -> Mapping[str, str]:
    """Every account that holds something, positive on its own side."""
    async with world.database.read(OPERATOR) as work:
        rows = await work.execute(select(tables.accounts))
        return {
            _name(row.id): Money(row.posted * row.side, USD).decimal for row in rows if row.posted
        }


def _name(account_id: str) -> str:
    return NAMES.get(account_id) or NAMES[renamed(account_id, "wal")]


async def entry_count(world: World) -> int:
    async with world.database.read(OPERATOR) as work:
        query = select(func.count()).select_from(tables.entries)
        return int((await work.execute(query)).scalar_one())


async def proof(world: World) -> Proof:
    found = Proof()
    async with world.database.read(OPERATOR) as work:
        await ledger_proof.prove(work, found)
    return found
