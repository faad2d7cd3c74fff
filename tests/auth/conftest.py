"""What people's pages stand on, and a browser that visits them."""

from collections.abc import AsyncIterator, Iterator

import pytest
from argon2 import PasswordHasher

from auth.passwords import Passwords
from auth.people import People
from auth.settings import AuthSettings
from auth.totp import SecondFactors
from tests.auth.browser import ISSUER, Browser
from tests.world import World


@pytest.fixture
def people(world: World) -> Iterator[People]:
    """What the pages stand on, with a hash that is as weak as it is quick."""
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield People(
        settings=AuthSettings(issuer=ISSUER),
        database=world.database,
        gate=world.gate,
        passwords=passwords,
        second_factors=SecondFactors(bytes(range(32))),
    )
    passwords.close()


@pytest.fixture
async def browser(people: People) -> AsyncIterator[Browser]:
    async with Browser.open(people) as browser:
        yield browser
