"""Grants burn in their order and never after their expiry, whoever asks, and at a constant cost."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update

from core import ledger
from core.kernel.ids import compose
from core.kernel.money import LARGEST, Money
from core.ledger import purses, tables
from core.ledger.grants import lot_id
from core.ledger.holds import Expire
from core.statements import statement
from tests.core.ledger.books import ADA, BOB, USD, balances, charge, open_wallet, proof, unit, usd
from tests.counting import statements
from tests.world import OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def give(world: World, *amounts: str, hours: float = 0, wallet: str = ADA) -> None:
    async with unit(world) as work:
        until = work.now + hours * HOUR if hours else ledger.NEVER
        grants = [
            ledger.flows.GRANT.draw(
                work,
                usd(amount),
                reference=work.ids.new("inv"),
                target=wallet,
                terms=ledger.Terms("promo", expires_at=until),
            )
            for amount in amounts
        ]
        await ledger.post_each(work, grants)


async def hold(world: World, amount: Money, number: int, *, hours: float = 1) -> ledger.Outcome:
    async with unit(world) as work:
        made = ledger.Hold(
            project_id=PROJECT,
            account_id=ledger.wallet_account(ADA),
            id=compose("hld", number),
            amount=amount.amount,
            capture_max=amount.amount,
            expires_at=work.now + hours * HOUR,
            memo="",
            invocation_id=None,
            held_at=work.now,
        )
        [outcome] = await ledger.post_each(work, [ledger.Reserve(made)])
    return outcome


def settling(number: int) -> ledger.Settle:
    account_id = ledger.wallet_account(ADA)
    return ledger.Settle(project_id=PROJECT, account_id=account_id, hold_id=compose("hld", number))


async def statements_of_a_charge(world: World, reference: str) -> int:
    async with statements(world.engines) as sent, unit(world) as work:
        await ledger.post(work, charge(work, "0.01", reference))
    return len(sent)


async def test_a_charge_costs_the_same_whatever_its_wallet_owns(world: World) -> None:
    await open_wallet(world, ADA)
    await give(world, "1")
    await statements_of_a_charge(world, "c:1")
    few = await statements_of_a_charge(world, "c:2")

    await give(world, *["1"] * 3000)
    await statements_of_a_charge(world, "c:3")
    many = await statements_of_a_charge(world, "c:4")

    assert many == few
    assert (await proof(world)).differences == []


async def test_a_charge_may_use_up_more_grants_than_are_read_at_once(world: World) -> None:
    await open_wallet(world, ADA)
    await give(world, *["1"] * 100)

    async with unit(world) as work:
        [outcome] = await ledger.post(work, charge(work, "70.50", "c:1"))

    assert isinstance(outcome, ledger.Accepted)
    assert len(outcome.burned) == 71
    assert (await proof(world)).differences == []


async def test_what_has_expired_is_not_spent_and_becomes_breakage(world: World) -> None:
    await open_wallet(world, ADA)
    await give(world, "5", hours=1)
    await give(world, "2")
    world.clock.advance(hours=1)

    async with unit(world) as work:
        outcomes = await ledger.post_each(
            work, [charge(work, amount, f"c:{amount}") for amount in ("3", "2")]
        )

    assert [type(each) for each in outcomes] == [ledger.Refused, ledger.Accepted]
    assert await balances(world) == {"promotions": "7.00", "breakage": "5.00", "revenue": "2.00"}


async def test_of_ten_racing_for_a_wallet_that_is_due_one_posts_what_expired(
    world: World,
) -> None:
    await open_wallet(world, ADA)
    await open_wallet(world, BOB)
    for wallet in (ADA, BOB):
        await give(world, "5", hours=1, wallet=wallet)
        await give(world, "3", wallet=wallet)
    world.clock.advance(hours=1)

    async def race(n: int) -> None:
        source, target = (ADA, BOB) if n % 2 else (BOB, ADA)
        async with unit(world) as work:
            moved = ledger.flows.TRANSFER.draw(
                work, usd("0.20"), reference=f"t:{n}", source=source, target=target
            )
            looks = [Expire(PROJECT, ledger.wallet_account(each)) for each in (target, source)]
            await ledger.post_each(work, [moved, *looks, charge(work, "0.10", f"c:{n}", source)])

    await asyncio.gather(*map(race, range(10)))

    assert await balances(world) == {
        "ada": "2.50",
        "bob": "2.50",
        "promotions": "16.00",
        "breakage": "10.00",
        "revenue": "1.00",
    }
    assert (await proof(world)).differences == []


async def test_a_hold_outlives_its_grant_and_what_it_gives_back_then_is_breakage(
    world: World,
) -> None:
    await open_wallet(world, ADA)
    await give(world, "5", hours=1)
    await hold(world, usd("5"), 1, hours=3)
    world.clock.advance(hours=2)

    async with unit(world) as work:
        capture = charge(work, "2", "capture")
        account_id = ledger.wallet_account(ADA)
        settle = ledger.Settle(
            project_id=PROJECT, account_id=account_id, hold_id=compose("hld", 1), capture=capture
        )
        await ledger.propose(work, settle)

    assert await balances(world) == {"promotions": "5.00", "breakage": "3.00", "revenue": "2.00"}
    assert (await proof(world)).differences == []


async def test_two_reversals_of_one_wallet_share_a_batch(world: World) -> None:
    await open_wallet(world, ADA)
    await give(world, "5", "7")
    async with unit(world) as work:
        lines = await statement(work, ledger.wallet_account(ADA), limit=2)
        reversals = [
            ledger.Transaction(
                project_id=PROJECT,
                id=work.ids.new("txn"),
                kind="reversal",
                reference=f"reverse:{line.transaction_id}",
                entries=ledger.flows.CHARGE.draw(
                    work, Money(-line.amount, USD), reference="", source=ADA
                ).entries,
                reverses=line.transaction_id,
                takes_back=line.transaction_id,
            )
            for line in lines
        ]
        outcomes = await ledger.post_each(work, reversals)

    assert [type(each) for each in outcomes] == [ledger.Accepted] * 2
    assert (await proof(world)).differences == []


async def test_the_grants_of_a_hold_are_read_so_many_at_once_as_a_statement_carries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purses, "IDS_AT_ONCE", 2)
    await open_wallet(world, ADA)
    await give(world, "1", "2", "3", "4", "5")
    await hold(world, usd("15"), 1)

    async with statements(world.engines) as sent, unit(world) as work:
        [released] = await ledger.post_each(work, [settling(1)])

    assert isinstance(released, ledger.Held)
    assert len([each for each in sent if "ledger_grants.id IN (" in each]) == 3
    assert (await proof(world)).differences == []


async def test_a_hold_that_nobody_opened_is_not_found(world: World) -> None:
    await open_wallet(world, ADA, "1")
    async with unit(world) as work:
        with pytest.raises(ledger.HoldNotFound):
            await ledger.propose(work, settling(1))


async def test_a_batch_goes_on_behind_a_transfer_that_must_be_read_for(world: World) -> None:
    """The transfer reads twice. In between, the charge must not meet what it has left half-way."""
    await open_wallet(world, ADA)
    await open_wallet(world, BOB)
    await give(world, "1", "1", hours=5)
    await give(world, "1", hours=5, wallet=BOB)
    async with unit(world) as work:
        await ledger.post(work, charge(work, "0.10", "c:1"))

    async with unit(world) as work:
        moved = ledger.flows.TRANSFER.draw(work, usd("1.50"), reference="t", source=ADA, target=BOB)
        outcomes = await ledger.post_each(work, [moved, charge(work, "2.50", "c:2", source=BOB)])

    assert [type(each) for each in outcomes] == [ledger.Accepted] * 2
    assert (await proof(world)).differences == []


async def test_a_batch_that_ends_as_it_began_but_for_what_is_left_is_stored(world: World) -> None:
    """Nothing is posted, as much is held, and the same grant burns: only what is left differs."""
    await open_wallet(world, ADA, floor=-1000)
    await give(world, "4")
    await hold(world, usd("10"), 1)
    await give(world, "20")
    async with unit(world) as work:
        await ledger.post(work, charge(work, "1", "c"))

    async with unit(world) as work:
        again = ledger.Hold(
            project_id=PROJECT,
            account_id=ledger.wallet_account(ADA),
            id=compose("hld", 2),
            amount=1000,
            capture_max=1000,
            expires_at=work.now + 2 * HOUR,
            memo="",
            invocation_id=None,
            held_at=work.now,
        )
        await ledger.post_each(work, [settling(1), ledger.Reserve(again)])

    assert (await proof(world)).differences == []


async def test_more_than_can_be_counted_is_never_held(world: World) -> None:
    await open_wallet(world, ADA, floor=None)
    await hold(world, Money(LARGEST, USD), 1)

    refused = await hold(world, Money(1, USD), 2)

    assert isinstance(refused, ledger.Refused)
    assert isinstance(refused.error, ledger.BalanceTooLarge)


async def test_every_refusal_in_a_batch_is_its_own(world: World) -> None:
    await open_wallet(world, ADA, "1")
    await hold(world, usd("1"), 1)
    async with unit(world) as work:
        nobody = compose("wal", 9)
        outcomes = await ledger.post_each(
            work,
            [
                charge(work, "1", "c:1"),
                charge(work, "1", "c:2", source=nobody),
                Expire(PROJECT, ledger.wallet_account(nobody)),
                settling(1),
                settling(1),
                charge(work, "1", "c:1"),
                charge(work, "1", "c:1"),
                charge(work, "2", "c:1"),
            ],
        )

    told = Counter(
        each.error.code if isinstance(each, ledger.Refused) else type(each).__name__
        for each in outcomes
    )
    assert told == {
        "insufficient_funds": 1,
        "account_not_found": 2,
        "Held": 1,
        "hold_not_open": 1,
        "Accepted": 1,
        "Duplicate": 1,
        "reference_reused": 1,
    }


async def test_a_floor_that_was_raised_lets_nothing_more_be_held(world: World) -> None:
    await open_wallet(world, ADA, "1", floor=-500)
    await hold(world, usd("4"), 1)
    async with world.owner() as connection:
        await connection.execute(update(tables.accounts).values(floor=0))

    refused = await hold(world, usd("0.01"), 2)

    assert isinstance(refused, ledger.Refused)
    assert refused.error.facts["shortfall"] == usd("3.01")
    async with world.database.read(OPERATOR) as work:
        [row] = await work.execute(tables.holds.select())
        assert (row.amount, row.parts) == (400, [[row.parts[0][0], 100]])


def test_the_grants_of_one_transaction_are_as_old_as_it_is() -> None:
    first, second = compose("txn", 5 << 80 | 7), compose("txn", 6 << 80)
    ids = [lot_id(first, n) for n in range(20)]

    assert len(set(ids)) == 20
    assert max(ids) < lot_id(second, 0)


async def test_it_is_told_when_anything_expires_first(world: World) -> None:
    await open_wallet(world, ADA)
    async with unit(world) as work:
        for hours in (5, 2, 3):
            terms = ledger.Terms("promo", expires_at=work.now + timedelta(hours=hours))
            grant = ledger.flows.GRANT.draw(
                work, usd("1"), reference=f"g{hours}", target=ADA, terms=terms
            )
            await ledger.post(work, grant)

    async with unit(world) as work:
        assert await ledger.next_expiry(work) == work.now + timedelta(hours=2)
