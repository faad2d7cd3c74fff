"""The operator's link lets an operator in, and nobody else who has the address."""

import pytest

from auth import users
from auth.people_errors import NotAnOperator
from core.kernel.caller import SYSTEM
from tests.world import World

pytestmark = pytest.mark.anyio


async def test_somebody_who_is_no_operator_gets_no_operators_link(world: World) -> None:
    async with world.database.begin(SYSTEM) as work:
        await users.create_user(work, email="ada@example.com", name="Ada")

    with pytest.raises(NotAnOperator):
        async with world.database.begin(SYSTEM) as work:
            await users.ensure_first_operator(work, "Ada@Example.com", "Operator")
