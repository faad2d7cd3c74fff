"""A project with meters and a wallet: what the tests of metering begin with."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from core import ledger, wallets
from core.kernel.caller import Caller
from core.kernel.money import Asset, Money
from core.metering import operations, tables
from core.operations.operation import Operation
from core.operations.perform import Call, Outcome
from core.projects.tables import projects
from core.reporting import operations as reporting
from core.wallets import operations as wallet_operations
from tests.world import OPERATOR, PROJECT, World, agent

USD = Asset("USD", 2)

METERS: dict[str, dict[str, Any]] = {
    "calls": {"aggregation": "count", "unit": "call", "price": "0.10"},
    "tokens": {"aggregation": "sum", "unit": "token", "property": "tokens", "price": "0.0025"},
    "hours": {"aggregation": "sum", "unit": "hour", "price": "1.5"},
    "seats": {"aggregation": "max", "unit": "seat", "price": "1"},
    "users": {"aggregation": "unique", "unit": "user", "property": "user", "price": "1"},
    "storage": {"aggregation": "last", "unit": "GB", "property": "gb", "price": "1"},
    "latency": {"aggregation": "average", "unit": "ms", "price": "0"},
    "disk": {"aggregation": "weighted_sum", "unit": "GB", "price": "1"},
    "peaks": {"aggregation": "bucketed_max", "unit": "core", "price": "1", "per_window": "hour"},
    "free": {"aggregation": "count", "unit": "call", "price": "0"},
}


@dataclass
class Shop:
    """One world with every kind of meter, priced in dollars."""

    world: World

    @classmethod
    async def open(cls, world: World) -> "Shop":
        shop = cls(world)
        await shop.project()
        for key, more in METERS.items():
            named = {"key": key, "name": key.title(), "asset": "USD/2"}
            await shop.ask(operations.create_meter, caller=OPERATOR, **named, **more)
        return shop

    async def project(self, project_id: str = PROJECT, *, time_zone: str = "UTC") -> str:
        row = {
            "id": project_id,
            "name": "Ada's",
            "time_zone": time_zone,
            "created_at": self.world.clock.now(),
            "updated_at": self.world.clock.now(),
        }
        async with self.world.database.begin(OPERATOR) as work:
            await work.execute(insert(projects), row)
        return project_id

    async def wallet(
        self, amount: str = "0", *, project_id: str = PROJECT, asset: str = "USD/2"
    ) -> str:
        """Open a wallet with this much in it."""
        about: dict[str, Any] = {"caller": OPERATOR, "project_id": project_id}
        made = await self.ask(wallet_operations.create_wallet, **about, name="Main", asset=asset)
        if amount != "0":
            grant = {"wallet_id": made["id"], "amount": amount}
            await self.ask(wallet_operations.grant_credits, **about, **grant)
        wallet_id: str = made["id"]
        return wallet_id

    async def perform(
        self, operation: Operation[Any, Any], *, caller: Caller | None = None, **arguments: Any
    ) -> Outcome:
        call = Call(caller=caller or agent(), arguments=arguments, door="test")
        return await self.world.gate.perform(operation, call)

    async def ask(
        self, operation: Operation[Any, Any], *, caller: Caller | None = None, **arguments: Any
    ) -> dict[str, Any]:
        return (await self.perform(operation, caller=caller, **arguments)).unwrap()

    async def record(self, *events: dict[str, Any], **more: Any) -> list[tuple[str, str | None]]:
        """Record events, and return each one's status and code."""
        body = await self.ask(operations.record_usage, events=list(events), **more)
        return [(each["status"], each["code"]) for each in body["events"]]

    async def charge(self, event_id: str, meter_key: str, **more: Any) -> dict[str, Any]:
        return await self.ask(operations.charge_usage, **use(event_id, meter_key), **more)

    async def summary(self, meter_key: str, **more: Any) -> list[tuple[Any, ...]]:
        """Summarize, and return each row's window, group and value."""
        body = await self.ask(reporting.summarize_usage, meter_key=meter_key, **more)
        return [(row["start_at"], row["group"], row["value"]) for row in body["rows"]]

    async def available(self, wallet_id: str, project_id: str = PROJECT) -> str:
        async with self.world.database.read(OPERATOR) as work:
            work.found_project_id = project_id
            return (await wallets.balances(work, [wallet_id]))[wallet_id].available.decimal

    async def revenue(self, project_id: str = PROJECT) -> str:
        account = ledger.operator_account(project_id, ledger.AccountRole.REVENUE, USD)
        async with self.world.database.read(OPERATOR) as work:
            work.found_project_id = project_id
            held = await ledger.read_accounts(work, [account])
            return Money(held[account].balance, USD).decimal

    async def counts(self) -> tuple[int, int]:
        """Return how many events and how many charges there are."""
        async with self.world.database.read(OPERATOR) as work:
            counted = [
                await work.connection.scalar(select(func.count()).select_from(table))
                for table in (tables.events, tables.charges)
            ]
        return counted[0] or 0, counted[1] or 0


def use(event_id: str, meter_key: str = "calls", **more: Any) -> dict[str, Any]:
    """One event, as a caller sends it."""
    return {"event_id": event_id, "meter_key": meter_key, **more}
