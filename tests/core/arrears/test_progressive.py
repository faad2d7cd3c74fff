"""Usage that passes a threshold is billed before its period is over, and taken off in the end."""

import asyncio

import pytest

from core.arrears import Thresholds, progressing, settings
from core.arrears.settings import Scope, Setting
from core.invoicing import LineKind
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset
from tests.core.arrears.register import TOKENS, Register, each, priced
from tests.core.subscriptions.counter import day
from tests.world import OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio
USD = Asset.parse("USD/2")


async def opened(world: World, *amounts: int, every: int | None = None) -> Register:
    register = await Register.open(world)
    said = Thresholds(asset=USD, amounts=amounts, every=every)
    async with world.database.begin(OPERATOR) as work:
        await settings.say(work, Setting(scope=Scope.PLAN, key="pro", thresholds=(said,)))
    return register


async def test_what_passes_a_threshold_is_billed_at_once_and_taken_off_the_whole(
    world: World,
) -> None:
    register = await opened(world, 10_00, 30_00)
    await register.subscribed(each("1", TOKENS))
    await register.use("2026-01-05", "9.99", meter="tokens")
    await register.run("2026-01-06")
    assert await register.told() == []
    for at, quantity in (("2026-01-07", "5.01"), ("2026-01-08", 10), ("2026-01-09", 7)):
        await register.use(at, quantity, meter="tokens")
        await register.run(f"{at}T12:00")
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")

    assert await register.told() == [
        ("open", ["Tokens, so far = 15.00"]),
        ("open", ["Tokens, so far = 17.00"]),
        ("paid", ["Tokens = 32.00", "Tokens, billed before = -32.00"]),
    ]
    assert [n.kind for n in (await register.invoices())[2].lines] == [
        LineKind.USAGE,
        LineKind.PROGRESSIVE,
    ]
    assert await register.found() == []


async def test_a_threshold_that_comes_again_counts_what_is_not_billed(world: World) -> None:
    register = await opened(world, every=10_00)
    await register.subscribed(each("1", TOKENS))
    for at in ("2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"):
        await register.use(at, 6, meter="tokens")
        await register.run(f"{at}T12:00")
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")

    assert [lines for _, lines in await register.told()] == [
        ["Tokens, so far = 12.00"],
        ["Tokens, so far = 12.00"],
        ["Tokens = 24.00", "Tokens, billed before = -24.00"],
    ]
    assert await register.found() == []


async def test_two_workers_bill_a_threshold_once(world: World) -> None:
    register = await opened(world, 10_00)
    one = await register.subscribed(each("1", TOKENS))
    await register.use("2026-01-05", 12, meter="tokens")
    world.clock.instant = day("2026-01-06")

    async def worker() -> None:
        async with world.database.begin(SYSTEM) as work:
            await progressing.look(work.within(PROJECT), one.id)

    await asyncio.gather(*(worker() for _ in range(5)))

    assert [lines for _, lines in await register.told()] == [["Tokens, so far = 12.00"]]


async def test_less_than_was_billed_before_is_taken_off_as_far_as_it_goes(world: World) -> None:
    register = await opened(world, 10_00)
    tiers = [{"up_to": "15", "unit": "1"}, {"unit": "0.10"}]
    await register.subscribed(priced(TOKENS, model="volume", tiers=tiers))
    await register.use("2026-01-05", 12, meter="tokens")
    await register.run("2026-01-06")
    await register.use("2026-01-20", 8, meter="tokens")
    await register.run("2026-02-01")
    await register.run("2026-02-01T02:00")
    await register.use("2026-02-05", 9, meter="tokens")
    await register.run("2026-03-01")
    await register.run("2026-03-01T02:00")

    told = [lines for _, lines in await register.told()]
    assert told == [
        ["Tokens, so far = 12.00"],
        ["Tokens = 2.00", "Tokens, billed before = -2.00"],
        ["Tokens = 9.00", "Tokens, adjusted: 20 then, 20 now = -9.00"],
    ]
    assert await register.found() == []
