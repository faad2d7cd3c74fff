"""A project with an owner, and wallets in it, made by asking as anybody would."""

from typing import Any

from core import surface
from core.db.work import Work
from core.kernel.caller import Caller, Role
from core.kernel.ids import compose
from core.operations.perform import Call, Outcome
from core.projects import know_person
from tests.world import OPERATOR, World, agent

BY_NAME = {each.name: each for each in surface.OPERATIONS}
OWNER = compose("usr", 7)


async def ask(
    world: World, name: str, caller: Caller, key: str | None = None, /, **arguments: Any
) -> Outcome:
    call = Call(caller=caller, arguments=arguments, door="test", idempotency_key=key)
    return await world.gate.perform(BY_NAME[name], call)


async def must(world: World, name: str, caller: Caller, /, **arguments: Any) -> dict[str, Any]:
    return (await ask(world, name, caller, **arguments)).unwrap()


async def open_project(world: World, name: str = "Acme") -> str:
    async with world.database.begin(OPERATOR) as work:
        await _owner(work)
    project = await must(world, "create_project", OPERATOR, name=name, owner_user_id=OWNER)
    return str(project["id"])


async def _owner(work: Work) -> None:
    await know_person(work, OWNER, "owner@example.com", "Olive Owner", is_operator=False)


async def open_wallet(
    world: World, project_id: str, amount: str = "", asset: str = "USD/2", **more: Any
) -> str:
    wallet = await must(
        world, "create_wallet", OPERATOR, project_id=project_id, name="W", asset=asset, **more
    )
    if amount:
        await must(
            world,
            "grant_credits",
            OPERATOR,
            project_id=project_id,
            wallet_id=wallet["id"],
            amount=amount,
        )
    return str(wallet["id"])


def admin(project_id: str) -> Caller:
    return agent(Role.ADMIN, project_id)


def viewer(project_id: str) -> Caller:
    return agent(Role.VIEWER, project_id)
