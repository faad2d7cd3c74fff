"""Lay out what a run needs: projects, wallets, a meter, an API key, and the servers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from auth import users
from benchmarks import ground
from benchmarks.calls import tool_calls
from benchmarks.charges import charges
from benchmarks.ingestion import METER, raw_insert, through_http
from benchmarks.sample import Measure
from benchmarks.tpcb import tpcb
from core.kernel.caller import SYSTEM
from core.operations.perform import Call
from mcp_server.cli.demonstrating import project_key
from mcp_server.wiring import Installation
from tests.processes import Child

WALLETS = 1_000


@asynccontextmanager
async def measured(
    server: Child, installation: Installation, folder: Path
) -> AsyncIterator[Mapping[str, Measure]]:
    """Lay out the data, start the servers, and lend what measures each subject."""
    settings, database = installation.settings, installation.database
    books = await _project(installation, "books")
    shop = await _project(installation, "shop")
    wallet = await _shop(installation, shop)
    key = await project_key(installation, shop, "Bench")
    with ExitStack() as stack:
        stock = stack.enter_context(ground.stock("mcpserver", folder))
        low = stack.enter_context(ground.stock("lowlevel", folder))
        port = stack.enter_context(ground.bursar(settings, folder))
        numbers = count(1)
        yield {
            "tpcb": await tpcb(server),
            "charges": await charges(database, books, WALLETS),
            "charges_hot": await charges(database, books, 1),
            "stock": tool_calls(stock, "noop", dict),
            "stock_low": tool_calls(low, "noop", dict),
            "check_balance": tool_calls(
                port, "check_balance", lambda: {"project_id": shop, "wallet_id": wallet}, key
            ),
            "charge_usage": tool_calls(
                port, "charge_usage", lambda: _use(shop, wallet, next(numbers)), key
            ),
            "raw_insert": await raw_insert(server),
            "record_usage": through_http(port, shop, key),
        }


def _use(project_id: str, wallet_id: str, number: int) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "wallet_id": wallet_id,
        "event_id": f"charged-{number:012}",
        "meter_key": METER,
        "properties": {"model": "large", "tokens": number % 5000 + 1},
    }


async def _ask(installation: Installation, operation: str, /, **arguments: Any) -> dict[str, Any]:
    call = Call(caller=SYSTEM, arguments=arguments, door="bench")
    return (await installation.gate.perform(installation.operations[operation], call)).unwrap()


async def _project(installation: Installation, name: str) -> str:
    async with installation.database.begin(SYSTEM) as work:
        owner = await users.ensure_first_operator(
            work, installation.settings.operator_email, "Operator"
        )
    made = await _ask(
        installation, "create_project", name=name, external_key=name, owner_user_id=owner
    )
    return str(made["id"])


async def _shop(installation: Installation, project_id: str) -> str:
    """Make a meter, and a wallet that does not run dry."""
    await _ask(
        installation,
        "create_meter",
        key=METER,
        name="Tokens",
        aggregation="sum",
        unit="token",
        property="tokens",
        price="0.000002",
        asset="CREDIT/6",
    )
    wallet = await _ask(
        installation, "create_wallet", project_id=project_id, name="Credits", asset="CREDIT/6"
    )
    await _ask(
        installation,
        "grant_credits",
        project_id=project_id,
        wallet_id=wallet["id"],
        amount="1000000",
    )
    return str(wallet["id"])
