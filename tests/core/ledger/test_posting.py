"""Posting moves money between accounts and never makes or loses any."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import ledger
from core.kernel.ids import compose
from core.kernel.money import LARGEST, Asset, Money
from core.ledger.chart import INVOICED_ROLES, OPERATOR_ROLES
from tests.core.ledger.books import (
    ADA,
    BOB,
    USD,
    balances,
    charge,
    entry_count,
    open_wallet,
    proof,
    unit,
    usd,
)
from tests.counting import statements
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_a_charge_moves_the_amount_and_keeps_the_total(world: World) -> None:
    await open_wallet(world, ADA, "10")

    async with unit(world) as work:
        await ledger.post(work, charge(work, "2.50", "c:1"))

    assert await balances(world) == {"ada": "7.50", "promotions": "10.00", "revenue": "2.50"}
    assert (await proof(world)).clean


async def test_accounts_of_what_is_invoiced_are_opened_once_and_all_together(world: World) -> None:
    for _ in range(2):
        async with unit(world) as work:
            await ledger.open_invoiced_accounts(work, USD)
            await ledger.open_invoiced_accounts(work, USD)

    async with unit(world) as work:
        roles = [*OPERATOR_ROLES, *INVOICED_ROLES]
        named = [ledger.operator_account(work.project_id, role, USD) for role in roles]
        found = await ledger.read_accounts(work, named)
    assert set(found) == set(named)
    assert (await proof(world)).clean


async def test_a_batch_with_one_refused_posts_the_others(world: World) -> None:
    await open_wallet(world, ADA, "10")

    async with unit(world) as work:
        outcomes = await ledger.post_each(
            work, [charge(work, amount, f"c:{amount}") for amount in ("6", "5", "4")]
        )

    assert [type(each) for each in outcomes] == [ledger.Accepted, ledger.Refused, ledger.Accepted]
    assert await balances(world) == {"promotions": "10.00", "revenue": "10.00"}


async def test_posting_together_posts_all_or_nothing(world: World) -> None:
    await open_wallet(world, ADA, "10")

    with pytest.raises(ledger.InsufficientFunds) as refusal:
        async with unit(world) as work:
            await ledger.post(work, charge(work, "6", "c:1"), charge(work, "6", "c:2"))

    assert refusal.value.facts == {
        "wallet_id": ADA,
        "available": usd("4"),
        "shortfall": usd("2"),
    }
    assert await entry_count(world) == 2


async def test_of_ten_racing_for_the_last_dollar_exactly_one_gets_it(world: World) -> None:
    await open_wallet(world, ADA, "1")

    async def spend(n: int) -> None:
        async with unit(world) as work:
            await ledger.post(work, charge(work, "1", f"c:{n}"))

    outcomes = await asyncio.gather(*map(spend, range(10)), return_exceptions=True)

    assert Counter(map(type, outcomes)) == {ledger.InsufficientFunds: 9, type(None): 1}
    assert await balances(world) == {"promotions": "1.00", "revenue": "1.00"}
    assert (await proof(world)).clean


async def test_of_ten_racing_under_one_reference_exactly_one_is_posted(world: World) -> None:
    await open_wallet(world, ADA, "100")

    async def spend(_: int) -> ledger.Accepted | ledger.Duplicate:
        async with unit(world) as work:
            return (await ledger.post(work, charge(work, "1", "c:1")))[0]

    outcomes = await asyncio.gather(*map(spend, range(10)))

    assert Counter(map(type, outcomes)) == {ledger.Duplicate: 9, ledger.Accepted: 1}
    assert (await balances(world))["revenue"] == "1.00"


async def test_transfers_in_both_directions_at_once_do_not_wait_for_each_other(
    world: World,
) -> None:
    await open_wallet(world, ADA, "50")
    await open_wallet(world, BOB, "50")

    async def move(n: int) -> None:
        source, target = (ADA, BOB) if n % 2 else (BOB, ADA)
        async with unit(world) as work:
            transfer = ledger.flows.TRANSFER.draw(
                work, usd("1"), reference=f"t:{n}", source=source, target=target
            )
            await ledger.post(work, transfer)

    await asyncio.gather(*map(move, range(10)))

    assert await balances(world) == {"ada": "50.00", "bob": "50.00", "promotions": "100.00"}
    assert (await proof(world)).clean


async def test_a_reference_of_before_answers_with_the_first_and_posts_nothing(world: World) -> None:
    await open_wallet(world, ADA, "10")
    async with unit(world) as work:
        first = charge(work, "2", "c:1")
        await ledger.post(work, first)
    async with unit(world) as work:
        [again] = await ledger.post(work, charge(work, "2", "c:1"))

    assert again == ledger.Duplicate(first.id)
    assert (await balances(world))["revenue"] == "2.00"


async def test_a_reference_of_before_with_another_amount_is_refused(world: World) -> None:
    await open_wallet(world, ADA, "10")
    async with unit(world) as work:
        await ledger.post(work, charge(work, "2", "c:1"))

    with pytest.raises(ledger.ReferenceReused):
        async with unit(world) as work:
            await ledger.post(work, charge(work, "3", "c:1"))


async def test_an_account_that_does_not_exist_is_refused_by_its_id(world: World) -> None:
    await open_wallet(world, ADA, "10")
    with pytest.raises(ledger.AccountNotFound) as refusal:
        async with unit(world) as work:
            await ledger.post(work, charge(work, "1", "c:1", source=BOB))

    assert refusal.value.account_id == ledger.wallet_account(BOB)


async def test_the_account_of_another_project_does_not_exist(world: World) -> None:
    await open_wallet(world, ADA, "10")

    with pytest.raises(ledger.AccountNotFound):
        async with unit(world, compose("prj", 2)) as work:
            await ledger.post(work, charge(work, "1", "c:1"))


async def test_money_of_another_asset_does_not_fit(world: World) -> None:
    await open_wallet(world, ADA, "10")
    euro = Money(100, Asset("EUR", 2))

    async with unit(world) as work:
        revenue = ledger.operator_account(work.project_id, ledger.AccountRole.REVENUE, USD)
        wrong = ledger.Transaction(
            project_id=work.project_id,
            id=work.ids.new("txn"),
            kind="charge",
            reference="x",
            entries=(ledger.debit(ledger.wallet_account(ADA), euro), ledger.credit(revenue, euro)),
        )
        with pytest.raises(ledger.AssetMismatch):
            await ledger.post(work, wrong)


async def test_a_balance_never_counts_past_sixty_three_bits(world: World) -> None:
    await open_wallet(world, ADA, "10")

    async with unit(world) as work:
        money = Money(LARGEST, USD)
        grant = ledger.flows.GRANT.draw(work, money, reference="g:2", target=ADA)
        with pytest.raises(ledger.BalanceTooLarge):
            await ledger.post(work, grant)


async def test_an_overdrawn_wallet_may_be_repaired_but_not_deepened(world: World) -> None:
    await open_wallet(world, ADA, "0", floor=-500)
    async with unit(world) as work:
        await ledger.post(work, charge(work, "5", "c:1"))
    async with world.engines.writer.begin() as connection:
        await connection.execute(text("update ledger_accounts set floor = 0 where floor = -500"))

    async with unit(world) as work:
        grant = ledger.flows.GRANT.draw(work, usd("1"), reference="g:2", target=ADA)
        await ledger.post(work, grant)
    with pytest.raises(ledger.InsufficientFunds) as refusal:
        async with unit(world) as work:
            await ledger.post(work, charge(work, "0.01", "c:2"))

    assert refusal.value.shortfall == usd("4.01")


@pytest.mark.parametrize("table", ["ledger_transactions", "ledger_entries", "ledger_grants"])
@pytest.mark.parametrize("change", ["update {0} set project_id = project_id", "delete from {0}"])
async def test_what_was_posted_cannot_be_changed_even_with_sql(
    world: World, table: str, change: str
) -> None:
    await open_wallet(world, ADA, "1")

    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        async with world.engines.writer.begin() as connection:
            await connection.execute(text(change.format(table)))


async def test_a_batch_costs_the_same_few_statements_whatever_its_size(world: World) -> None:
    await open_wallet(world, ADA, "1000")
    counts = []
    for size in (1, 200):
        async with statements(world.engines) as sent, unit(world) as work:
            proposals = [charge(work, "0.01", f"c:{size}:{n}") for n in range(size)]
            await ledger.post_each(work, proposals)
        counts.append(len(sent))

    # Entries that are many are copied in at once; two are sent as they are, where rows are.
    alone, together = counts
    assert together <= alone <= 6
