"""Fourteen months of a project in a moment, over month ends and nights on which clocks change."""

from typing import Any

import pytest
from sqlalchemy import select

from core import surface
from core.kernel.caller import SYSTEM
from core.kernel.period import Period
from core.subscriptions import tables
from tests.core.bills.bills import line
from tests.core.clocks.lab import OTHER, Lab, rows_of
from tests.core.invoicing.office import issue, open_office
from tests.core.subscriptions.counter import credits, day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio


async def done(lab: Lab, project_id: str) -> list[tuple[Any, ...]]:
    """Say what was done to the project's subscription, since when it counts and when it was."""
    h = tables.history.c
    query = select(h.verb, h.effective_at, h.done_at).where(h.project_id == project_id)
    async with lab.world.database.read(SYSTEM) as work:
        return [tuple(row) for row in await work.execute(query.order_by(h.revision))]


async def test_fourteen_months_pass_in_order_and_a_project_beside_sees_none_of_it(
    world: World,
) -> None:
    lab = await Lab.open(world, at=day("2026-12-31T11:00"), time_zone="Europe/Berlin")
    await open_office(world)
    included = credits("1000", rollover="400")
    await lab.counter.plan("small", "31", included=included)
    one = await lab.counter.subscribe("small")
    beside = await lab.counter.subscribe("small", project_id=OTHER)
    await lab.counter.pay(one)
    spring = Period(day("2027-03-11T11:00"), day("2027-04-30T11:00"))
    invoice = await issue(world, "spring", line("spring", "50.00", period=spring))
    await lab.must(
        "grant_credits",
        project_id=PROJECT,
        wallet_id=lab.counter.wallet_id,
        amount="50",
        source="goodwill",
        priority=10,
        expires_at="2027-02-10T00:00:00Z",
        memo="Welcome",
    )
    before = await rows_of(world, OTHER)

    shown = await lab.advance(by={"months": 14})

    # The last of February, and not the day after the end of the month that began it.
    assert (shown["shows_at"], shown["advancing_to"]) == ("2028-02-29T11:00:00Z", None)
    assert shown["stopped_because"] is None
    starts = [start for _, start, _ in await lab.counter.told(one)]
    assert starts == [
        *("2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"),
        *("2027-06-30", "2027-07-31", "2027-08-31", "2027-09-30", "2027-10-31", "2027-11-30"),
        *("2027-12-31", "2028-01-31", "2028-02-29"),
    ]
    renewals = [each for each in await done(lab, PROJECT) if each[0] == "renew"]
    # Noon in Berlin, in winter and in summer; and each was done when it was due.
    assert {(at.month, at.hour) for _, at, _ in renewals} == {
        *((month, 11) for month in (1, 2, 10, 11, 12)),
        *((month, 10) for month in range(3, 10) if month != 3),
        (3, 10),
    }
    assert [at for _, at, _ in renewals] == [when for _, _, when in renewals]
    earned = await lab.recognized(invoice.id)
    assert earned == sorted(earned)
    assert len(earned) == 50
    assert (earned[0], earned[-1]) == (day("2027-03-12T11:00"), spring.end_at)
    assert await rows_of(world, OTHER) == before
    assert (await lab.counter.now(beside)).revision == beside.revision
    proof = await surface.prove(world.database)
    assert [str(each) for each in proof.differences] == []
