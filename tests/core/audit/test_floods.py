"""A flood from many senders fills neither the memory nor the trail."""

import pytest

from core.audit import reading
from core.audit.recording import FLOODS_MAX
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio


async def test_beyond_a_thousand_senders_the_rest_are_counted_together(world: World) -> None:
    for n in range(FLOODS_MAX + 50):
        world.trail.count_flood(f"2001:db8:{n:x}::/64", "/oauth/token", "rate_limited")
    await world.trail.write_floods()

    async with world.database.read(OPERATOR) as work:
        rows = await reading.events(work, reading.Filter(), None, FLOODS_MAX + 100)
    assert len(rows) == FLOODS_MAX + 1
    assert [row["details"]["times"] for row in rows if row["details"]["by"] == "others"] == [50]
