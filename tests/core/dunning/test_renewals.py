"""Seven days before a renewal it is told, once; of what does not renew nothing is told."""

import asyncio

import pytest

from core import dunning
from core.dunning import renewing
from core.jobs import Runtime, install, run_due
from core.kernel.caller import SYSTEM
from tests.core.dunning.ladder import JOBS, Ladder, day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio


async def tell(ladder: Ladder, at: str) -> list[str]:
    """Do what is due at that time; return what was mailed of renewals until then."""
    ladder.world.clock.instant = day(at)
    async with ladder.world.database.begin(SYSTEM) as work:
        await install(work, dunning.SCHEDULES)
    await run_due(Runtime(ladder.world.database, JOBS))
    return await ladder.subjects("renewal_notice")


async def test_a_renewal_is_told_seven_days_before_with_what_it_will_come_to_and_once(
    world: World,
) -> None:
    ladder = await Ladder.open(world)
    assert ladder.one
    await ladder.hear()

    assert await tell(ladder, "2026-02-21T08:59") == []
    told = ["02-21 Small renews on 2026-02-28"]
    assert await tell(ladder, "2026-02-21T09:05") == told
    assert await tell(ladder, "2026-02-22T09:05") == told
    [mail] = await ladder.mails("renewal_notice")
    assert "10.00 USD will be collected" in (mail.text or "")
    assert "https://bursar.test/billing/card/" in (mail.text or "")

    await ladder.counter.run(until=day("2026-02-28T10:00"))
    await ladder.hear()
    assert await tell(ladder, "2026-03-24T09:05") == [*told, "03-24 Small renews on 2026-03-31"]


async def test_of_ten_who_look_at_once_one_tells(world: World) -> None:
    ladder = await Ladder.open(world)
    assert ladder.one
    await ladder.hear()
    world.clock.instant = day("2026-02-21T09:05")
    one = ladder.one

    async def look(_: int) -> bool:
        async with world.database.begin(SYSTEM) as work:
            return await renewing.tell(work.within(PROJECT), one.id, one.period_end_at)

    assert sorted(await asyncio.gather(*map(look, range(10)))) == [False] * 9 + [True]
    assert len(await ladder.mails("renewal_notice")) == 1


async def test_of_what_is_canceled_meanwhile_nothing_is_told(world: World) -> None:
    ladder = await Ladder.open(world)
    assert ladder.one
    await ladder.hear()

    await ladder.counter.cancel(ladder.one)
    await ladder.hear()

    assert await tell(ladder, "2026-02-21T09:05") == []


async def test_a_campaign_says_how_long_before_or_not_at_all(world: World) -> None:
    ladder = await Ladder.open(world)
    assert ladder.one
    await ladder.set_campaign(renewal_notice_days=None)
    await ladder.hear()
    assert await tell(ladder, "2026-02-27T09:05") == []

    await ladder.set_campaign(renewal_notice_days=3, renewal_interval_days_min=32)
    await ladder.counter.run(until=day("2026-02-28T10:00"))
    await ladder.hear()
    assert await tell(ladder, "2026-03-30T09:05") == []

    await ladder.set_campaign(renewal_notice_days=3)
    await ladder.counter.run(until=day("2026-03-31T10:00"))
    await ladder.hear()
    assert await tell(ladder, "2026-04-27T09:05") == ["04-27 Small renews on 2026-04-30"]
