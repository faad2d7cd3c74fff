"""A mistake is answered by its exact opposite, once."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from core import ledger, statements
from core.kernel.ids import compose
from tests.core.ledger.books import ADA, balances, charge, open_wallet, proof, unit, usd
from tests.world import World

pytestmark = pytest.mark.anyio


async def charged(world: World, amount: str = "4") -> str:
    await open_wallet(world, ADA, "10")
    async with unit(world) as work:
        transaction = charge(work, amount, "c:1")
        await ledger.post(work, transaction)
    return transaction.id


async def test_a_reversal_puts_everything_back(world: World) -> None:
    transaction_id = await charged(world)

    async with unit(world) as work:
        reversal = await ledger.reverse(work, transaction_id, "wrong customer")

    assert (reversal.kind, reversal.reverses) == ("reversal", transaction_id)
    assert await balances(world) == {"ada": "10.00", "promotions": "10.00"}
    assert (await proof(world)).clean


async def test_of_ten_reversing_at_once_exactly_one_does(world: World) -> None:
    transaction_id = await charged(world)

    async def reverse(_: int) -> None:
        async with unit(world) as work:
            await ledger.reverse(work, transaction_id)

    outcomes = await asyncio.gather(*map(reverse, range(10)), return_exceptions=True)

    assert Counter(map(type, outcomes)) == {ledger.NotReversible: 9, type(None): 1}
    assert await balances(world) == {"ada": "10.00", "promotions": "10.00"}


async def test_a_reversal_is_not_reversed(world: World) -> None:
    transaction_id = await charged(world)
    async with unit(world) as work:
        reversal = await ledger.reverse(work, transaction_id)

    with pytest.raises(ledger.NotReversible, match="itself a reversal"):
        async with unit(world) as work:
            await ledger.reverse(work, reversal.id)


async def test_what_expired_is_not_reversed(world: World) -> None:
    await open_wallet(world, ADA)
    async with unit(world) as work:
        terms = ledger.Terms("promo", expires_at=work.now + timedelta(hours=1))
        grant = ledger.flows.GRANT.draw(work, usd("1"), reference="g", target=ADA, terms=terms)
        await ledger.post(work, grant)
    world.clock.advance(hours=1)
    async with unit(world) as work:
        await ledger.expire_due(work, 10)
        [breakage, _] = await statements.statement(work, ledger.wallet_account(ADA), limit=2)

    with pytest.raises(ledger.NotReversible, match="grant credits instead"):
        async with unit(world) as work:
            await ledger.reverse(work, breakage.transaction_id)


async def test_credits_that_were_spent_are_not_taken_back(world: World) -> None:
    await charged(world)
    async with unit(world) as work:
        [grant] = [
            line
            for line in await statements.statement(work, ledger.wallet_account(ADA), limit=5)
            if line.kind == "grant"
        ]

    with pytest.raises(ledger.InsufficientFunds):
        async with unit(world) as work:
            await ledger.reverse(work, grant.transaction_id)


async def test_another_projects_transaction_is_not_found(world: World) -> None:
    transaction_id = await charged(world)

    with pytest.raises(ledger.TransactionNotFound):
        async with unit(world, compose("prj", 2)) as work:
            await ledger.reverse(work, transaction_id)
