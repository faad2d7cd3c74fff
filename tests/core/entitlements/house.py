"""A house with two product lines and a few projects: what the tests of entitlements begin with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from core import catalog, surface
from core.jobs import Runtime, run_due
from core.kernel.caller import Caller, Role
from core.operations.perform import Call, Outcome
from core.projects.tables import projects
from tests.core.catalog.shop import FEE, Shop, written
from tests.core.catalog.shop import plan as named_plan
from tests.core.catalog.shop import product as named_product
from tests.world import OPERATOR, PROJECT, World, agent

BY_NAME = {each.name: each for each in surface.OPERATIONS}
SSO = {"feature_key": "sso"}


def seats(limit: int) -> dict[str, Any]:
    return {"feature_key": "seats", "limit": str(limit)}


def calls(limit: int, per: str = "month") -> dict[str, Any]:
    return {"feature_key": "calls", "limit": str(limit), "per": per}


@dataclass
class House:
    """Features `sso` (a switch), `seats` (a limit) and `calls` (a quota); products app and mail."""

    world: World
    shop: Shop

    @classmethod
    async def open(cls, world: World, *, time_zone: str = "UTC") -> "House":
        house = cls(world, await Shop.open(world))
        async with world.database.begin(OPERATOR) as work:
            await catalog.create_product(work, named_product(work, "mail"))
        await house.project(time_zone=time_zone)
        return house

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

    async def plan(
        self, key: str, *gives: Mapping[str, Any], fee: str = "10", product: str = "app"
    ) -> catalog.PlanVersion:
        """Publish a plan that costs so much a month."""
        async with self.world.database.begin(OPERATOR) as work:
            terms = await written(work, [priced(fee)], gives)
            begun = named_plan(work, key)
            plan = catalog.Plan(**{**fields_of(begun), "product_key": product})
            await catalog.create_plan(work, plan, terms)
            return await catalog.publish(work, key)

    async def next_version(
        self, key: str, *gives: Mapping[str, Any], fee: str = "10"
    ) -> catalog.PlanVersion:
        async with self.world.database.begin(OPERATOR) as work:
            terms = await written(work, [priced(fee)], gives)
            changes = {"items": terms.items, "entitlements": terms.entitlements}
            await catalog.change_plan(work, key, named={}, terms=changes)
            return await catalog.publish(work, key)

    async def perform(self, name: str, caller: Caller | None = None, /, **sent: Any) -> Outcome:
        call = Call(caller=caller or agent(), arguments=sent, door="test")
        return await self.world.gate.perform(BY_NAME[name], call)

    async def ask(self, name: str, caller: Caller | None = None, /, **sent: Any) -> dict[str, Any]:
        return (await self.perform(name, caller, **sent)).unwrap()

    async def staff(self, name: str, /, **sent: Any) -> dict[str, Any]:
        """Ask as an operator, about the project unless another one is named."""
        return await self.ask(name, OPERATOR, **{"project_id": PROJECT} | sent)

    async def check(self, feature_key: str, /, **sent: Any) -> dict[str, Any]:
        return await self.ask(
            "check_entitlement", agent(Role.VIEWER), feature_key=feature_key, **sent
        )

    async def says(self, feature_key: str, /, **sent: Any) -> tuple[bool, str]:
        told = await self.check(feature_key, **sent)
        return told["allowed"], told["reason"]

    async def use(self, event_id: str, **more: Any) -> Outcome:
        sent = {"feature_key": "calls", "event_id": event_id} | more
        return await self.perform("use_entitlement", **sent)

    async def record(self, *event_ids: str, **more: Any) -> list[str]:
        events = [{"event_id": each, "meter_key": "calls"} | more for each in event_ids]
        told = await self.ask("record_usage", events=events)
        return [each["status"] for each in told["events"]]

    async def run_jobs(self) -> None:
        known = {each.name: each for each in surface.JOBS}
        await run_due(Runtime(self.world.database, {"migrate_plan": known["migrate_plan"]}))


def priced(fee: str) -> dict[str, Any]:
    return FEE | {"prices": {"usd": {"model": "flat", "amount": fee}}}


def fields_of(plan: catalog.Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__slots__}


def upgrade_of(told: Mapping[str, Any]) -> str | None:
    """Name the plan of a hint."""
    return told["upgrade"]["plan_key"] if told["upgrade"] else None


def keys(items: Sequence[Mapping[str, Any]]) -> list[str]:
    return [each["feature_key"] for each in items]
