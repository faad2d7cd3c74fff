"""Pricing rules apply to what a part of a period comes to, and are named in the line."""

import pytest

from core.db.work import Work
from core.pricing_facts import Facts
from core.pricing_facts.facts import write
from tests.core.arrears.register import Register, each
from tests.core.subscriptions.counter import day, fee
from tests.world import OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio
SCHOOLS = {
    "rule_key": "schools",
    "name": "Schools",
    "when": {"kind": "segment", "any_of": ["edu"]},
    "adjust": {"kind": "percent", "percent": "-25"},
}
NIGHTS = {
    "rule_key": "nights",
    "name": "Nights",
    "when": {
        "kind": "time_of_day",
        "time_zone": "UTC",
        "windows": [{"begins": "22:00", "ends": "06:00"}],
    },
    "adjust": {"kind": "percent", "percent": "-90"},
}


async def test_rules_in_force_at_its_beginning_change_what_a_part_comes_to(world: World) -> None:
    register = await Register.open(world)
    for rule in (SCHOOLS, NIGHTS):
        await register.counter.house.ask("create_pricing_rule", OPERATOR, **rule)
    async with world.database.begin(OPERATOR) as work:
        here: Work = work.within(PROJECT)
        await write(here, Facts(segments=frozenset({"edu"})))
    world.clock.instant = day("2026-01-02")
    await register.subscribed(fee("10"), each("1"))
    await register.use("2026-01-05", times=10)
    await register.run("2026-02-02")
    await register.run("2026-02-02T02:00")

    # What goes by the time of day says nothing of a whole month.
    assert await register.told() == [("open", ["Calls = 7.50"])]
    [line] = (await register.invoices())[0].lines
    assert line.explanation["rules"]["applied"] == ["schools@1"]
    assert line.explanation["rules"]["explained"] == ["schools@1: 10 -25 % = 7.50"]
    assert await register.found() == []
