"""The proof finds a row of the trail that was changed, taken out or smuggled in."""

import pytest
from sqlalchemy import text

from core import surface
from core.audit import sealing
from tests.core.ledger.test_proof import tamper
from tests.core.operations.corner_shop import ask, buy
from tests.core.wallets.bank import open_project, open_wallet
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio


async def some_trail(world: World) -> None:
    """Make calls over some hours, and seal what there is after each."""
    for _ in range(4):
        for thing in ("bread", "cheese"):
            await ask(world, buy, agent(), thing=thing)
        world.clock.advance(hours=1)
        async with world.database.begin(OPERATOR) as work:
            for trail in surface.TRAILS:
                await sealing.seal_next(work, await sealing.look_back(work, trail))


async def differences(world: World) -> list[str]:
    return [str(each) for each in (await surface.prove(world.database)).differences]


async def test_an_untouched_trail_is_clean_and_sealed(world: World) -> None:
    await some_trail(world)

    proof = await surface.prove(world.database)

    assert proof.differences == []
    assert (proof.looked_at["calls"], proof.looked_at["seals"]) == (8, 8)


@pytest.mark.parametrize(
    ("table", "statement", "problem"),
    [
        ("audit_invocations", "update {0} set decision = 'allowed'", "not what was written"),
        ("audit_invocations", "update {0} set arguments = '{{}}'", "not what was written"),
        ("audit_invocations", "update {0} set duration_us = 1 + duration_us", "not what was"),
        ("audit_invocations", "update {0} set digest = arguments_digest", "not what was sealed"),
        ("audit_invocations", "delete from {0} where id = (select id from {0} limit 1)", "is gone"),
        ("audit_events", "update {0} set object_id = 'x'", "not what was written"),
        ("audit_events", "delete from {0} where id = (select id from {0} limit 1)", "is gone"),
        ("audit_seals", "update {0} set row_count = 9 where number = 1", "each of its rows once"),
        ("audit_seals", "update {0} set previous = digest where number = 2", "does not follow"),
        ("audit_seals", "update {0} set trail = trail || 'x' where number = 1", "is missing"),
        ("audit_seals", "delete from {0} where number = 2", "is missing before it"),
        ("audit_seals", "delete from {0} where number = 1", "too old to wait"),
    ],
)
async def test_what_was_changed_behind_the_trails_back_is_found(
    world: World, table: str, statement: str, problem: str
) -> None:
    await some_trail(world)
    await tamper(world, statement.format(table), table)

    found = await differences(world)

    assert any(problem in each for each in found), found


@pytest.mark.parametrize("table", surface.PROTECTED)
async def test_a_guard_that_was_taken_away_is_missed(world: World, table: str) -> None:
    await tamper(world, "select 1", table)

    assert any(each.startswith(f"{table}: the trigger") for each in await differences(world))


async def test_a_transaction_that_the_trail_knows_and_the_ledger_does_not_is_missed(
    world: World,
) -> None:
    """The newest transaction leaves no gap; but the call that made it is still in the trail."""
    project = await open_project(world)
    await open_wallet(world, project, "5")
    await tamper(world, "delete from ledger_entries", "ledger_entries")
    await tamper(world, "delete from ledger_transactions", "ledger_transactions")
    async with world.owner() as connection:
        await connection.execute(text("update ledger_accounts set posted = 0, sequence = 0"))

    found = await differences(world)

    assert sum("made it, and it is gone" in each for each in found) == 1
    # The grant that came with it is there still, and says so too.
    assert sum("of its wallet made it" in each for each in found) == 1
