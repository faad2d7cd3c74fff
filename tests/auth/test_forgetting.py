"""What can no longer be used is forgotten, and nothing before that."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select

from auth import jobs, links, sessions, throttling
from auth.people import People
from auth.people_tables import sessions as sessions_table
from auth.people_tables import sign_in_failures, sign_in_links
from core.kernel.caller import SYSTEM
from tests.auth.browser import add_user
from tests.world import World

pytestmark = pytest.mark.anyio


async def rows_after(world: World, table: Table, pause: timedelta) -> int:
    """How many rows are left when so much time has passed and the job has run."""
    world.clock.advance(pause)
    async with world.database.begin(SYSTEM) as work:
        await jobs.forget_expired(work)
        query = select(func.count()).select_from(table)
        return int((await work.execute(query)).scalar_one())


async def test_sessions_links_and_failures_are_forgotten_when_they_are_over_and_not_before(
    people: People, world: World
) -> None:
    user = await add_user(people)
    told = sessions.Browser(address="203.0.113.7", program="Test", https=False)
    async with world.database.begin(SYSTEM) as work:
        await sessions.start(work, user.id, told)
        await links.make_sign_in_link(work, user.id)
        await throttling.take_attempt(work, "acc_somebody")
    second = timedelta(seconds=1)
    assert await rows_after(world, sessions_table, sessions.IDLE - second) == 1
    assert await rows_after(world, sessions_table, second) == 0
    assert await rows_after(world, sign_in_links, links.LIFETIME - sessions.IDLE - second) == 1
    assert await rows_after(world, sign_in_failures, timedelta()) == 1
    assert await rows_after(world, sign_in_links, second) == 0
    assert await rows_after(world, sign_in_failures, second) == 0
