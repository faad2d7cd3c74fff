"""Whoever has the machine can always let the operator in, and only the newest link opens."""

import re
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.cli.program import installed

pytestmark = pytest.mark.anyio


async def test_a_sign_in_link_lets_the_operator_choose_a_password(tmp_path: Path) -> None:
    here = installed(tmp_path)
    await here.run("migrate")

    older = (await here.run("sign-in-link")).out.strip()
    newer = (await here.run("sign-in-link")).out.strip()

    async with here.serving(), httpx.AsyncClient() as client:
        assert (await client.get(older)).status_code == 404
        page = await client.get(newer)
        assert page.status_code == 200
        assert re.search(r'<form[^>]+method="post"', page.text)
