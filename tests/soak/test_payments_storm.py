"""Whatever order and however often payments are told of, and whoever dies: the same books."""

import logging
from pathlib import Path

import pytest

from core import inbox, jobs
from core.kernel.caller import SYSTEM
from core.projects import find_project
from tests import servers
from tests.core.inbox.storm import PACE, Storm, Weather, rage
from tests.core.reconciling.test_reconciling import reconciled
from tests.core.settling.selling import Sold
from tests.soak import market as markets
from tests.soak.market import Market
from tests.soak.sizes import EVENTS, SECONDS
from tests.world import World

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(SECONDS)]

ENDS = {"succeeded", "failed", "won", "lost", "warning_closed"}
"""How payments, refunds and disputes end: each of it happens."""
logger = logging.getLogger(__name__)


async def built_in_order(directory: Path) -> list[object]:
    """Return the books of an installation that hears of everything at once, and as it happens."""
    world = World.open(servers.sqlite_url(directory), find_project)
    try:
        market = await Market.open(world)
        [first, *_] = market.shops
        async for _ in market.happen(EVENTS):
            await first.hear()
        await compare(market)
        return await market.books()
    finally:
        await world.close()


async def compare(market: Market) -> None:
    """Have the proof and the comparison with the provider's lists find nothing."""
    [first, *_] = market.shops
    report, found = await reconciled(Sold(first, ""))
    assert (report["state"], found) == ("clean", [])
    assert report["counts"]["missed_events"] == 0
    await first.must_agree()


async def fall(market: Market, written: Path) -> Weather:
    """Have everything happen, and then tell of it all at once."""
    async for _ in market.happen(EVENTS):
        pass
    markets.write(market.provider, written)
    payloads = [dict(each.payload) for each in market.provider.events]
    storm = Storm(payloads=payloads, deliveries=5 * EVENTS, seconds_max=SECONDS)
    weather = await rage(market.world, storm, f"{markets.__name__}:ports")
    assert weather.answers == {True: EVENTS, False: 4 * EVENTS}
    assert weather.kills == storm.kills
    return weather


async def test_a_storm_over_payments_leaves_the_books_that_are_built_in_order(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = await Market.open(world)
    monkeypatch.setenv(markets.PROVIDER, str(tmp_path / "provider"))

    weather = await fall(market, tmp_path / "provider")

    async with world.database.read(SYSTEM) as work:
        assert await inbox.backlog(work) == inbox.Backlog(waiting=0, parked=0)
    # Time went faster for the workers: what they left for later is due here once it has passed.
    world.clock.advance(seconds=PACE * weather.seconds + 600)
    await jobs.run_due(market.shops[0].runtime)
    await compare(market)
    books = await market.books()
    assert books == await built_in_order(tmp_path)
    assert {how for told in books if isinstance(told, list) for _, how, *_ in told} == ENDS
    logger.info("%s deliveries took %.1f s", 5 * EVENTS, weather.seconds)
