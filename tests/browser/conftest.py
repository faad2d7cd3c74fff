"""A real browser, without a screen, on an installation that serves on a free port."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Page, async_playwright

from tests.stories.serving import Served, serving

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
MILLISECONDS_MAX = 30_000


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(database_url, tmp_path) as served:
        yield served


def _error(said: ConsoleMessage) -> list[str]:
    return [said.text] if said.type == "error" else []


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """Lend a page of a browser that nobody has used before. A script error fails the test."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, "these tests need Debian's chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            opened = await browser.new_page()
            opened.set_default_timeout(MILLISECONDS_MAX)
            problems: list[str] = []
            opened.on("pageerror", lambda error: problems.append(str(error)))
            opened.on("console", lambda said: problems.extend(_error(said)))
            yield opened
            assert problems == []
        finally:
            await browser.close()
