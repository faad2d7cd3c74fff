"""A ledger that is filled by COPY proves as clean as one that was charged."""

from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.charges import charge, charging, open_wallets
from benchmarks.filling import Filler
from benchmarks.growth import Ago
from benchmarks.shops import make_project
from core.kernel.clock import SystemClock
from mcp_server.settings import load_settings
from mcp_server.wiring import opened
from tests.servers import postgres_owner_url, postgres_url

pytestmark = pytest.mark.anyio


async def test_a_filled_ledger_proves_clean_and_can_be_charged_further(tmp_path: Path) -> None:
    async with postgres_url() as url:
        settings = load_settings(
            database_url=url,
            database_direct_url=postgres_owner_url(url),
            secrets_dir=tmp_path,
        )
        async with opened(settings, Ago(timedelta(days=2))) as before:
            project = await make_project(before, "books")
            wallets = await open_wallets(before.database, project, 3)
            assert await charge(before.database, project, wallets) == 3
        async with opened(settings) as now:
            instant = SystemClock().now()
            filler = Filler(
                now.database,
                postgres_owner_url(url),
                project,
                instant - timedelta(days=1),
                instant,
                total=500,
            )
            await filler.fill_to(200)
            measured = await charging(now.database, project, wallets)(0.0001)
            await filler.fill_to(500)
            await charge(now.database, project, wallets)
            proof = await now.prove()

    assert (measured.count, measured.errors) == (200, 0)
    assert proof.differences == []
    assert proof.looked_at["transactions"] == 3 + 3 + 500 + 200 + 3
