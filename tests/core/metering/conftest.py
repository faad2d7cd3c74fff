"""The shop that metering's tests begin with."""

import pytest

from tests.core.metering.shop import Shop
from tests.world import World


@pytest.fixture
async def shop(world: World) -> Shop:
    return await Shop.open(world)
