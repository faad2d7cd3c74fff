"""Thousands of seeded actions, some cut off half-way and some repeated, then the laws are asked."""

import asyncio
import os
from decimal import Decimal
from random import Random

import pytest

from core import surface
from tests.core.wallets.bank import must
from tests.simulation.customers import Crowd
from tests.world import OPERATOR, World

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

ACTIONS = int(os.environ.get("BURSAR_SIMULATED_ACTIONS", "320"))
AT_ONCE = 8
MOST_KINDS = {"grant_credits", "transfer_credits", "charge_usage", "hold_credits", "capture_hold"}


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_a_crowd_does_every_wallet_holds_what_it_must(
    world: World, seed: int
) -> None:
    crowd = Crowd(world, Random(seed))  # noqa: S311 - a seed that can be told
    await crowd.move_in(projects=3, wallets=4)

    for first in range(0, ACTIONS, AT_ONCE):
        actions = [crowd.think_of(first + n) for n in range(AT_ONCE)]
        await asyncio.gather(*map(crowd.act, actions))
        world.clock.advance(seconds=1)
    await crowd.settle()

    found = {
        wallet["id"]: Decimal(wallet["available"])
        for project in crowd.projects
        for wallet in (await must(world, "list_wallets", OPERATOR, project_id=project))["items"]
    }
    assert found == crowd.expected()
    assert min(found.values()) >= 0
    assert len(crowd.done) > ACTIONS / 4
    assert {action.name for action, _ in crowd.done.values()} >= MOST_KINDS
    proof = await surface.prove(world.database)
    assert proof.differences == []
    assert proof.looked_at["transactions"] > ACTIONS / 5
