"""What a call costs does not grow with what a wallet or a project owns, nor with its company."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from core import ledger, wallets
from core.kernel.ids import renamed
from core.kernel.money import Asset, Money
from tests.core.wallets.bank import (
    BY_NAME,
    OWNER,
    ask,
    capture,
    cents,
    grant,
    hold,
    member,
    must,
    must_agree,
    open_project,
    open_wallet,
    refused,
    sell_calls,
    viewer,
)
from tests.counting import statements
from tests.world import OPERATOR, START, World

pytestmark = pytest.mark.anyio
USD = Asset("USD", 2)


async def endow(world: World, project: str, wallet: str, count: int) -> None:
    """Give a wallet so many grants on all kinds of terms, in one batch."""
    async with world.database.begin(OPERATOR) as unit:
        work = unit.within(project)
        transactions = [
            ledger.flows.GRANT.draw(
                work,
                Money(100, USD),
                reference=f"grant:{wallet}:{n}",
                target=wallet,
                terms=ledger.Terms("gift", n % 7, START + timedelta(days=1 + n % 11)),
            )
            for n in range(count)
        ]
        await ledger.post_each(work, transactions)


async def test_a_charge_a_hold_and_a_capture_cost_the_same_with_five_grants_and_with_5000(
    world: World,
) -> None:
    project = await open_project(world)
    await sell_calls(world)
    costs = []
    warm = await open_wallet(world, project, "1")
    await must(world, "charge_usage", member(project), **cents(warm, "e", 10))
    for count in (5, 5_000):
        wallet = await open_wallet(world, project)
        await endow(world, project, wallet, count)
        async with statements(world.engines) as sent:
            await must(world, "charge_usage", member(project), **cents(wallet, f"e{count}", 10))
            held = await hold(world, wallet, "0.50")
            await capture(world, held["hold_id"], wallet, amount="0.20")
            await must(world, "check_balance", viewer(project), wallet_id=wallet)
        costs.append(sent)

    few, many = (Counter(each) for each in costs)
    assert (many - few, few - many) == (Counter(), Counter())
    await must_agree(world)


async def test_balances_of_many_projects_asked_at_once_cost_no_more_statements_than_two(
    world: World,
) -> None:
    named = []
    for n in range(12):
        project = await open_project(world, f"P{n}")
        named.append((project, await open_wallet(world, project, "1")))

    async def check(count: int) -> int:
        async with statements(world.engines) as sent:
            checks = [
                must(world, "check_balance", viewer(project), wallet_id=wallet)
                for project, wallet in named[:count]
            ]
            assert {each["available"] for each in await asyncio.gather(*checks)} == {"1.00"}
        return len(sent)

    # No more, and it may be fewer: many rows are copied in, which is no statement of its own.
    assert await check(12) <= await check(2)


async def test_movements_of_many_projects_at_once_cost_no_more_statements_than_two(
    world: World,
) -> None:
    named = []
    for n in range(10):
        project = await open_project(world, f"P{n}")
        named.append((project, await open_wallet(world, project, "9")))

    async def move(count: int) -> int:
        async with statements(world.engines) as sent:
            calls = [
                must(world, "hold_credits", member(project), wallet_id=wallet, amount="1")
                for project, wallet in named[:count]
            ]
            await asyncio.gather(*calls)
        return len(sent)

    assert await move(10) <= await move(2)
    await must_agree(world)


async def test_captures_from_one_wallet_at_once_cost_no_more_statements_than_two(
    world: World,
) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "100")

    async def settle(count: int) -> int:
        held = [await hold(world, wallet, "1") for _ in range(count)]
        async with statements(world.engines) as sent:
            calls = [
                must(world, "capture_hold", member(project), hold_id=each["hold_id"], amount="0.40")
                for each in held
            ]
            await asyncio.gather(*calls)
        return len(sent)

    await settle(2)
    assert await settle(10) <= await settle(2)
    await must_agree(world)


async def test_many_grants_that_expire_at_once_cost_no_more_statements_than_two(
    world: World,
) -> None:
    project = await open_project(world)
    wallets_due = [await open_wallet(world, project, "1") for _ in range(2)]
    for wallet, count in zip(wallets_due, (2, 30), strict=True):
        await endow(world, project, wallet, count)
    world.clock.advance(timedelta(days=30))
    costs = []
    for wallet in wallets_due:
        async with statements(world.engines) as sent:
            await hold(world, wallet, "1")
        costs.append(len(sent))

    assert costs[1] <= costs[0]
    await must_agree(world)


async def test_an_account_of_the_operator_is_no_wallet(world: World) -> None:
    project = await open_project(world)
    await open_wallet(world, project, "1")
    revenue = ledger.operator_account(project, ledger.AccountRole.REVENUE, USD)

    for name in ("check_balance", "list_grants", "list_holds", "list_transactions"):
        sent = {"wallet_id": renamed(revenue, "wal")}
        assert await refused(world, name, viewer(project), **sent) == "wallet_not_found"


def test_what_is_asked_most_shares_its_unit() -> None:
    often = (
        *("check_balance", "hold_credits", "capture_hold", "release_hold"),
        *("grant_credits", "transfer_credits"),
    )
    assert [name for name in often if not BY_NAME[name].batched] == []


async def test_the_default_wallet_is_the_oldest_of_the_project_itself(world: World) -> None:
    project = await open_project(world)
    other = await open_project(world, "Other")
    await open_wallet(world, project, asset="CREDIT/6")
    await open_wallet(world, project, user_id=OWNER)
    oldest = await open_wallet(world, project)
    await open_wallet(world, project)
    theirs = await open_wallet(world, other)

    async with world.database.read(OPERATOR) as work:
        ours = await wallets.default_wallet(work.within(project), USD)
        foreign = await wallets.default_wallet(work.within(other), USD)
        with pytest.raises(wallets.NoWalletForAsset):
            await wallets.default_wallet(work.within(other), Asset("CREDIT", 6))

    assert (ours.id, foreign.id) == (oldest, theirs)


async def test_of_calls_that_share_a_unit_each_is_refused_or_answered_alone(world: World) -> None:
    project = await open_project(world)
    rich, poor = await open_wallet(world, project, "9"), await open_wallet(world, project)
    other = await open_project(world, "Other")
    foreign = await open_wallet(world, other, "9")
    await grant(world, foreign, "1")

    async def try_hold(wallet: str, amount: str) -> str | None:
        sent = {"wallet_id": wallet, "amount": amount}
        outcome = await ask(world, "hold_credits", member(project), **sent)
        return outcome.error.code if outcome.error else None

    wished = [(rich, "1"), (poor, "1"), (foreign, "1"), (rich, "0.001"), (rich, "1")]
    found = await asyncio.gather(*(try_hold(*each) for each in [(rich, "1"), *wished]))

    refusals = ["insufficient_funds", "wallet_not_found", "invalid_request"]
    assert found == [None, None, *refusals, None]
    await must_agree(world)
