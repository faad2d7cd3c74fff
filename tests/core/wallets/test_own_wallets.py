"""A member's own wallet is that member's to spend."""

import pytest

from core import projects
from core.kernel.caller import Caller, Role
from core.kernel.ids import compose
from tests.core.wallets.bank import ask, must, open_project, open_wallet
from tests.world import OPERATOR, World, agent

pytestmark = pytest.mark.anyio

ADA = compose("usr", 1)


async def adas_wallet(world: World) -> tuple[str, str]:
    project = await open_project(world)
    async with world.database.begin(OPERATOR) as work:
        await projects.know_person(work, ADA, "ada@example.com", "Ada", is_operator=False)
    await must(
        world, "add_member", OPERATOR, project_id=project, user_id=ADA, role=str(Role.MEMBER)
    )
    meter = {"key": "calls", "aggregation": "count", "price": "1", "asset": "USD/2"}
    await must(world, "create_meter", OPERATOR, name="Calls", unit="call", **meter)
    return project, await open_wallet(world, project, "5", user_id=ADA)


@pytest.mark.parametrize(
    ("role", "number", "may"),
    [(Role.MEMBER, 1, True), (Role.MEMBER, 2, False), (Role.ADMIN, 2, True)],
)
async def test_it_is_charged_by_its_member_and_by_admins_only(
    world: World, role: Role, number: int, *, may: bool
) -> None:
    project, wallet = await adas_wallet(world)
    caller: Caller = agent(role, project, number=number)

    charge = {"event_id": "e1", "meter_key": "calls", "wallet_id": wallet}
    outcome = await ask(world, "charge_usage", caller, **charge)

    if may:
        assert outcome.error is None
    else:
        assert outcome.error is not None
        assert outcome.error.code == "wallet_not_found"
