"""A wallet that may go below zero: what its grants have left is never less than nothing."""

from random import Random
from typing import Any

import pytest

from tests.core.wallets.bank import (
    ask,
    available,
    capture,
    grant,
    hold,
    left,
    member,
    must_agree,
    open_project,
    open_wallet,
    refused,
    release,
    spend,
)
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio


async def overdraft(world: World, floor: str = "-10.00") -> tuple[str, str]:
    project = await open_project(world)
    return project, await open_wallet(world, project, floor=floor)


async def test_what_is_granted_later_pays_the_debt_first(world: World) -> None:
    _, wallet = await overdraft(world)
    await spend(world, wallet, "4")
    assert await available(world, wallet) == "-4.00"

    granted = await grant(world, wallet, "5", source="paid")

    assert granted["available"] == "1.00"
    assert await left(world, wallet) == {"paid": "1.00"}
    await must_agree(world)


async def test_a_hold_may_reserve_credit_that_is_not_given_yet_down_to_the_floor(
    world: World,
) -> None:
    project, wallet = await overdraft(world)
    await grant(world, wallet, "2", source="paid")
    first = await hold(world, wallet, "5")
    second = await hold(world, wallet, "7")
    assert second["available"] == "-10.00"
    sent = {"wallet_id": wallet, "amount": "0.01"}
    assert await refused(world, "hold_credits", member(project), **sent) == "insufficient_funds"
    await must_agree(world)

    await capture(world, second["hold_id"], wallet)
    await must_agree(world)
    await grant(world, wallet, "6", source="later")
    await must_agree(world)
    await release(world, first["hold_id"], wallet)

    assert await available(world, wallet) == "1.00"
    await must_agree(world)


async def test_what_a_hold_gives_back_goes_into_a_debt_first(world: World) -> None:
    _, wallet = await overdraft(world)
    await grant(world, wallet, "5", source="paid")
    held = await hold(world, wallet, "5")
    await spend(world, wallet, "3")
    assert await left(world, wallet) == {"paid": "0.00"}

    await release(world, held["hold_id"], wallet)

    assert await left(world, wallet) == {"paid": "2.00"}
    assert await available(world, wallet) == "2.00"
    await must_agree(world)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_done_to_it_the_grants_have_left_what_is_not_pinned(
    world: World, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    project, wallet = await overdraft(world)
    open_ids: list[str] = []

    async def ask_member(name: str, **sent: Any) -> dict[str, Any]:
        return (await ask(world, name, member(project), **sent)).body

    for _ in range(25):
        amount = f"{random.randint(1, 600) / 100:.2f}"
        match random.choice(["grant", "hold", "hold", "capture", "release", "wait"]):
            case "grant":
                brief = world.clock.now().replace(microsecond=0).isoformat()
                until = brief.replace("+00:00", ".5+00:00") if random.random() < 0.5 else None
                world.clock.advance(microseconds=1)
                terms = {"priority": random.randint(0, 3), "expires_at": until}
                about = {"project_id": project, "wallet_id": wallet, "amount": amount}
                await ask(world, "grant_credits", OPERATOR, **about, **terms)
            case "hold":
                sent = {"amount": amount, "capture_max": "6.00", "expires_in_seconds": 2}
                if held := await ask_member("hold_credits", wallet_id=wallet, **sent):
                    open_ids.append(held["hold_id"])
            case "capture" if open_ids:
                chosen = open_ids.pop(random.randrange(len(open_ids)))
                await ask_member("capture_hold", hold_id=chosen, amount=amount)
            case "release" if open_ids:
                chosen = open_ids.pop(random.randrange(len(open_ids)))
                await ask_member("release_hold", hold_id=chosen)
            case _:
                world.clock.advance(milliseconds=random.randint(0, 1500))
        await must_agree(world)
