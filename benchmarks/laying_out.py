"""Lay out what a run needs: projects, wallets, keys, servers, and what measures each subject."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ground
from benchmarks.calls import Tool, Wire, tool_calls
from benchmarks.charges import charges, side_by_side
from benchmarks.ingestion import through_http, through_mcp
from benchmarks.load import Load
from benchmarks.orm import orm_charges
from benchmarks.ratings import ratings
from benchmarks.raw import raw_copy, raw_insert
from benchmarks.sample import Measure
from benchmarks.serving import Servers, servers
from benchmarks.shops import Shop, make_meter, make_project, open_shop
from benchmarks.tpcb import tpcb
from benchmarks.watching import Watch
from benchmarks.webhooks import secret_of, webhooks
from core.kernel import collecting
from mcp_server.wiring import Installation, opened
from tests.processes import Child

WALLETS = 1_000
PROJECTS = 8
STOCK_KINDS = ("mcpserver", "lowlevel")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where what is asked listens: ours, and the stock servers by kind and wire."""

    ours: int
    second: int
    sqlite: int
    stock: Mapping[tuple[str, Wire], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that is up during a run."""

    measures: Mapping[str, Measure]
    charging: Load
    """Charges one wallet through our server, for what is measured after the rounds."""
    webhooks: Load
    """Tells our server of events, which its worker then takes up."""
    serving: int
    """The process that does so."""
    postgres_url: str
    watch: Watch


@dataclass(frozen=True, slots=True)
class Installations:
    """The installations of a run by the names of their books, each on a database of its own."""

    by_books: Mapping[str, Installation]


@asynccontextmanager
async def installed(server: Child, folder: Path) -> AsyncIterator[Installations]:
    """Migrate and open all of them: PostgreSQL, SQLite in process, and SQLite behind a server."""
    async with AsyncExitStack() as stack:
        settings = {
            "postgres": await ground.settle(server, folder),
            "sqlite": await ground.settle_sqlite(folder, "sqlite"),
            "sqlite_served": await ground.settle_sqlite(folder, "sqlite_served"),
        }
        yield Installations(
            {name: await stack.enter_async_context(opened(each)) for name, each in settings.items()}
        )


@asynccontextmanager
async def laid_out(
    server: Child, installations: Installations, folder: Path
) -> AsyncIterator[Scene]:
    """Lay out the data, start the servers, and lend what measures each subject."""
    postgres, served = (installations.by_books[each] for each in ("postgres", "sqlite_served"))
    await make_meter(postgres)
    await make_meter(served)
    shop, shops = await open_shop(postgres, "shop"), await _shops(postgres)
    small_shop = await open_shop(served, "shop")
    async with AsyncExitStack() as stack:
        started = stack.enter_context(servers(folder))
        ports = _start(started, installations)
        in_process = {
            **await _baselines(server, stack),
            **await _charges(installations),
            **ratings(),
        }
        started.wait()
        assert server.process, "PostgreSQL is running"
        # What is measured in this process runs as it does in one that serves.
        collecting.settle()
        yield Scene(
            measures={
                **in_process,
                **_calls(ports, shop),
                **_spread(ports, shops),
                "sqlite_charge_usage": tool_calls(
                    [small_shop.charge_usage(ports.sqlite)], small_shop.numbers
                ),
                **_ingestion(ports, shop, small_shop),
            },
            charging=tool_calls([shop.charge_usage(ports.ours)], shop.numbers),
            webhooks=webhooks(ports.ours, secret_of(postgres)),
            serving=started.pid(ports.ours),
            postgres_url=ground.url_of(server, ground.BURSAR),
            watch=Watch({"servers": started.pids, "postgres": [server.process.pid]}),
        )


async def _shops(installation: Installation) -> list[Shop]:
    return [await open_shop(installation, f"shop-{n}") for n in range(PROJECTS)]


def _start(started: Servers, installations: Installations) -> Ports:
    """Start every server; they are up throughout, idle while others are measured."""
    on_postgres = installations.by_books["postgres"].settings
    return Ports(
        ours=started.bursar(on_postgres),
        second=started.bursar(on_postgres, worker=False),
        sqlite=started.bursar(installations.by_books["sqlite_served"].settings),
        stock={
            (kind, wire): started.stock(kind, wire.name.lower())
            for kind in STOCK_KINDS
            for wire in Wire
        },
    )


async def _baselines(server: Child, stack: AsyncExitStack) -> dict[str, Measure]:
    await ground.make_database(server, ground.PGBENCH)
    await ground.make_database(server, ground.RAW)
    raw = ground.url_of(server, ground.RAW)
    return {
        "tpcb": await tpcb(server),
        "orm": await stack.enter_async_context(orm_charges(raw, WALLETS)),
        "raw_copy": await stack.enter_async_context(raw_copy(raw)),
        "raw_insert": await stack.enter_async_context(raw_insert(raw)),
    }


async def _charges(installations: Installations) -> dict[str, Measure]:
    measures: dict[str, Measure] = {}
    for name, books in (("charges", "postgres"), ("sqlite_charges", "sqlite")):
        installation = installations.by_books[books]
        project_id = await make_project(installation, "books")
        measures[name] = await charges(installation.database, project_id, WALLETS)
        measures[f"{name}_hot"] = await charges(installation.database, project_id, 1)
    postgres = installations.by_books["postgres"]
    measures["charges_two"] = side_by_side(
        [
            await charges(
                postgres.database, await make_project(postgres, f"books-{n}"), WALLETS // 2
            )
            for n in range(2)
        ]
    )
    return measures


def _calls(ports: Ports, shop: Shop) -> dict[str, Measure]:
    """Everything that is asked over both wires, and its baselines."""
    measures: dict[str, Measure] = {}
    for wire, suffix in ((Wire.ALONE, ""), (Wire.SESSION, "_session")):
        tools = {
            "stock": _noop(ports.stock["mcpserver", wire]),
            "stock_low": _noop(ports.stock["lowlevel", wire]),
            "check_balance": shop.check_balance(ports.ours),
            "charge_usage": shop.charge_usage(ports.ours),
        }
        measures |= {
            f"{name}{suffix}": tool_calls([tool], shop.numbers, wire=wire)
            for name, tool in tools.items()
        }
    keyed = shop.charge_usage(ports.ours, keyed=True)
    return measures | {"charge_keyed": tool_calls([keyed], shop.numbers)}


def _noop(port: int) -> Tool:
    return Tool(port=port, name="noop", arguments={})


def _spread(ports: Ports, shops: list[Shop]) -> dict[str, Measure]:
    """Charge in several projects: through one process, and through two at once."""
    one = [shop.charge_usage(ports.ours) for shop in shops]
    other = [shop.charge_usage(ports.second) for shop in shops]
    # Neighbouring connections go to different processes; each project is charged through both.
    both = [tool for pair in zip(one, other[1:] + other[:1], strict=True) for tool in pair]
    numbers = shops[0].numbers
    return {
        "charge_spread": tool_calls(one, numbers),
        "charge_spread_two": tool_calls(both, numbers),
    }


def _ingestion(ports: Ports, shop: Shop, small_shop: Shop) -> dict[str, Measure]:
    return {
        "record_usage": through_http(ports.ours, shop.project_id, shop.key, "http"),
        "record_usage_mcp": through_mcp(ports.ours, shop.project_id, shop.key, "mcp"),
        "sqlite_record_usage": through_http(
            ports.sqlite, small_shop.project_id, small_shop.key, "http"
        ),
    }
