"""A statement lists an account's entries newest first, and knows what it held at any instant."""

import pytest

from core import ledger, statements
from tests.core.ledger.books import ADA, charge, open_wallet, unit
from tests.world import World

pytestmark = pytest.mark.anyio

ACCOUNT = ledger.wallet_account(ADA)


async def spend_three_times(world: World) -> None:
    await open_wallet(world, ADA, "10")
    for n in range(1, 4):
        world.clock.advance(hours=1)
        async with unit(world) as work:
            await ledger.post(work, charge(work, str(n), f"c:{n}"))


async def test_entries_come_newest_first_with_the_balance_before_and_after(world: World) -> None:
    await spend_three_times(world)
    async with unit(world) as work:
        lines = await statements.statement(work, ACCOUNT, limit=10)

    told = [(line.kind, line.sequence, line.balance_before, line.balance) for line in lines]
    assert told == [
        ("charge", 4, -700, -400),
        ("charge", 3, -900, -700),
        ("charge", 2, -1000, -900),
        ("grant", 1, 0, -1000),
    ]


async def test_a_statement_goes_on_before_a_number(world: World) -> None:
    await spend_three_times(world)
    async with unit(world) as work:
        lines = await statements.statement(work, ACCOUNT, limit=2, before=3)

    assert [line.sequence for line in lines] == [2, 1]


async def test_accounts_are_read_without_locking_them(world: World) -> None:
    await open_wallet(world, ADA, "10")
    async with unit(world) as work:
        found = await ledger.read_accounts(work, [ACCOUNT, "acc_" + "0" * 26])

    assert {name: each.available for name, each in found.items()} == {ACCOUNT: 1000}
