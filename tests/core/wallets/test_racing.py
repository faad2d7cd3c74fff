"""Whatever races for the same credits, they are spent once, and a hold is settled once."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from core import ledger
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.operations.perform import Outcome
from tests.core.wallets.bank import (
    accounts,
    ask,
    available,
    cents,
    grant,
    hold,
    member,
    must_agree,
    open_project,
    open_wallet,
    sell_calls,
)
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio
USD = Asset("USD", 2)


def codes(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(each.error.code if each.error else "done" for each in outcomes)


async def asked(world: World, project: str, *calls: tuple[str, dict[str, Any]]) -> list[Outcome]:
    caller = member(project)
    return await asyncio.gather(*(ask(world, name, caller, **sent) for name, sent in calls))


async def test_of_ten_that_hold_the_last_credits_exactly_one_does(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "1")

    one = ("hold_credits", {"wallet_id": wallet, "amount": "1"})
    outcomes = await asked(world, project, *[one] * 10)

    assert codes(outcomes) == {"done": 1, "insufficient_funds": 9}
    await must_agree(world)


async def test_holds_and_charges_that_race_for_the_last_credits_spend_them_once(
    world: World,
) -> None:
    project = await open_project(world)
    await sell_calls(world)
    wallet = await open_wallet(world, project, "3")
    await grant(world, wallet, "2", source="first", priority=1)
    holds = [("hold_credits", {"wallet_id": wallet, "amount": "1"})] * 5
    charges = [("charge_usage", cents(wallet, f"e{n}", 100)) for n in range(5)]

    mixed = [each for pair in zip(holds, charges, strict=True) for each in pair]
    outcomes = await asked(world, project, *mixed)

    assert codes(outcomes) == {"done": 5, "insufficient_funds": 5}
    assert await available(world, wallet) == "0.00"
    held = sum("hold_id" in each.body for each in outcomes)
    assert await accounts(world, "revenue", "wallet") == {
        "revenue": 500 - 100 * held,
        "wallet": 100 * held,
    }
    await must_agree(world)


@pytest.mark.parametrize("name", ["capture_hold", "release_hold"])
async def test_of_ten_that_settle_one_hold_exactly_one_does(world: World, name: str) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "5")
    held = await hold(world, wallet, "2")

    outcomes = await asked(world, project, *[(name, {"hold_id": held["hold_id"]})] * 10)

    assert codes(outcomes) == {"done": 1, "hold_not_open": 9}
    assert await available(world, wallet) == ("3.00" if name == "capture_hold" else "5.00")
    await must_agree(world)


async def test_two_processes_that_capture_one_hold_capture_it_once(world: World) -> None:
    """Outside the gate, each in a unit of its own, so that nothing but the account's lock helps."""
    project = await open_project(world)
    wallet = await open_wallet(world, project, "5")
    held = await hold(world, wallet, "2")

    async def settle(amount: int) -> str:
        async with world.database.begin(OPERATOR) as unit:
            work = unit.within(project)
            capture = _capture(work, held["hold_id"], wallet, amount)
            [outcome] = await ledger.post_each(work, [capture])
        return outcome.error.code if isinstance(outcome, ledger.Refused) else "done"

    found = Counter(await asyncio.gather(*(settle(100 + n) for n in range(8))))

    assert found == {"done": 1, "hold_not_open": 7}
    await must_agree(world)


def _capture(work: Work, hold_id: str, wallet_id: str, amount: int) -> ledger.Settle:
    transaction = ledger.flows.CAPTURE.draw(
        work, Money(amount, USD), reference=f"hold:{hold_id}", source=wallet_id
    )
    return ledger.Settle(
        project_id=work.project_id,
        account_id=ledger.wallet_account(wallet_id),
        hold_id=hold_id,
        capture=transaction,
    )


async def test_ten_settling_while_ten_spend_never_pass_the_floor(world: World) -> None:
    project = await open_project(world)
    await sell_calls(world)
    wallet = await open_wallet(world, project, "10")
    ids = [(await hold(world, wallet, "1", capture_max="1.50"))["hold_id"] for _ in range(8)]
    settled = [
        ("release_hold", {"hold_id": each})
        if n % 2
        else ("capture_hold", {"hold_id": each, "amount": "1.50"})
        for n, each in enumerate(ids)
    ]
    charges = [("charge_usage", cents(wallet, f"e{n}", 100)) for n in range(10)]

    await asked(
        world, project, *[each for pair in zip(settled, charges[:8], strict=True) for each in pair]
    )
    await asked(world, project, *charges[8:])

    held = await accounts(world, "revenue", "wallet")
    assert sum(held.values()) == 1000
    assert held["wallet"] >= 0
    await must_agree(world)


async def test_one_key_used_by_ten_at_once_holds_once(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "5")
    sent = {"wallet_id": wallet, "amount": "1"}

    outcomes = await asyncio.gather(
        *(ask(world, "hold_credits", member(project), "one", **sent) for _ in range(10))
    )

    assert len({each.body["hold_id"] for each in outcomes}) == 1
    assert await available(world, wallet) == "4.00"
    await must_agree(world)
