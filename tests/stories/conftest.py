"""Stories are told on both databases, and to both eras of the protocol."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.stories.serving import Served, serving


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(database_url, tmp_path) as served:
        yield served


@pytest.fixture(params=["auto", "legacy"], ids=["2026-07-28", "2025-11-25"])
def mode(request: pytest.FixtureRequest) -> str:
    """The SDK's words for the two eras of the protocol."""
    return str(request.param)
