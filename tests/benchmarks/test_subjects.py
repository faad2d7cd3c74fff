"""Every subject runs once, shortly, on SQLite, without errors and on books that prove clean."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks import ground
from benchmarks.calls import Tool, Wire, tool_calls
from benchmarks.charges import charges, side_by_side
from benchmarks.ingestion import through_http, through_mcp
from benchmarks.orm import orm_charges
from benchmarks.raw import raw_copy, raw_insert
from benchmarks.sample import Measure
from benchmarks.serving import servers
from benchmarks.shops import make_meter, make_project, open_shop
from benchmarks.watching import memory_of
from benchmarks.webhooks import secret_of, webhooks
from mcp_server.wiring import Installation, opened
from tests.servers import postgres_url

pytestmark = pytest.mark.anyio
SECONDS = 0.05


@asynccontextmanager
async def served(folder: Path, installation: Installation) -> AsyncIterator[Mapping[str, Measure]]:
    """Serve the installation and the stock servers, and lend what measures them."""
    await make_meter(installation)
    shop = await open_shop(installation, "shop")
    with servers(folder) as started:
        port = started.bursar(installation.settings)
        stock = {
            (kind, wire): started.stock(kind, wire.name.lower())
            for kind, wire in (("mcpserver", Wire.ALONE), ("lowlevel", Wire.SESSION))
        }
        started.wait()
        tools = {"check": shop.check_balance(port), "charge": shop.charge_usage(port)}
        tools["keyed"] = shop.charge_usage(port, keyed=True)
        yield {
            **{
                f"{name} {wire.value}": tool_calls([tool], shop.numbers, wire=wire, connections=4)
                for name, tool in tools.items()
                for wire in Wire
            },
            **{
                f"{kind} {wire.value}": tool_calls(
                    [Tool(port=at, name="noop", arguments={})], wire=wire, connections=4
                )
                for (kind, wire), at in stock.items()
            },
            "http": through_http(port, shop.project_id, shop.key, "http"),
            "mcp": through_mcp(port, shop.project_id, shop.key, "mcp"),
            "webhooks": webhooks(port, secret_of(installation), connections=4),
        }
        assert memory_of(started.pid(port)) > 2**20


async def test_what_is_asked_of_servers_is_answered_without_errors(tmp_path: Path) -> None:
    settings = await ground.settle_sqlite(tmp_path, "served")
    async with opened(settings) as installation:
        async with served(tmp_path, installation) as measures:
            samples = {name: await measure(SECONDS) for name, measure in measures.items()}
        proof = await installation.prove()

    assert {name: each.problem for name, each in samples.items() if each.errors} == {}
    assert [name for name, each in samples.items() if not each.count] == []
    assert proof.differences == []


async def test_charges_in_process_leave_clean_books(tmp_path: Path) -> None:
    async with opened(await ground.settle_sqlite(tmp_path, "books")) as installation:
        project = await make_project(installation, "books")
        for wallets in (1, 30):
            sample = await (await charges(installation.database, project, wallets))(SECONDS)
            assert (sample.problem, sample.count >= 200) == ("", True)
        other = await make_project(installation, "others")
        both = [await charges(installation.database, each, 30) for each in (project, other)]
        sample = await side_by_side(both)(SECONDS)
        assert (sample.problem, sample.count >= 400) == ("", True)
        proof = await installation.prove()

    assert proof.differences == []


async def test_the_baselines_on_a_bare_table_run_without_errors() -> None:
    async with postgres_url(migrated=False) as url:
        for lent in (raw_insert(url), raw_copy(url), orm_charges(url, 5)):
            async with lent as measure:
                sample = await measure(SECONDS)

            assert (sample.problem, sample.count > 0) == ("", True)
