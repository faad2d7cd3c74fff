"""Projects with usage, and plans to quote: what the tests of quoting plans begin with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.catalog import Holders, PlanVersion
from core.db.work import Work
from core.kernel.caller import Caller
from core.kernel.ids import compose
from core.operations.operation import Operation
from core.operations.perform import Call, Outcome
from core.quoting import plan_operations
from tests.core.catalog.shop import Shop as Catalog
from tests.core.metering.shop import Shop as Usage
from tests.world import OPERATOR, PROJECT, World

OCTOBER = {"start_at": "2026-10-20T00:00:00Z", "end_at": "2026-11-20T00:00:00Z"}
"""A month that usage may still be recorded in, and that is over."""
FEE = {"key": "fee", "name": "Fee", "kind": "recurring"}
SETUP = {"key": "setup", "name": "Set-up", "kind": "one_time"}
CALLS = {"key": "calls", "name": "Calls", "kind": "usage", "meter_key": "calls"}


def priced(item: Mapping[str, Any], **price: Any) -> dict[str, Any]:
    return {**item, "prices": {"usd": price}}


@dataclass
class Held(Holders):
    """Who holds which version, as the test has it."""

    by_version: dict[str, list[str]] = field(default_factory=dict)

    async def count(self, work: Work, version_ids: Sequence[str]) -> Mapping[str, int]:
        return {each: len(self.by_version.get(each, ())) for each in version_ids}

    async def after(
        self, work: Work, version_id: str, project_id: str | None, limit: int
    ) -> Sequence[str]:
        found = sorted(self.by_version.get(version_id, ()))
        return [each for each in found if project_id is None or each > project_id][:limit]


@dataclass
class Stage:
    world: World
    catalog: Catalog
    usage: Usage
    held: Held

    @classmethod
    async def open(cls, world: World) -> "Stage":
        stage = cls(world, await Catalog.open(world), Usage(world), Held())
        await stage.usage.project()
        return stage

    async def project(self, number: int, **usage: int) -> str:
        """Open another project that used each meter so often, each time one, since yesterday."""
        project_id = PROJECT if number == 1 else await self.usage.project(compose("prj", number))
        for meter_key, count in usage.items():
            await self.use(project_id, meter_key, *[{}] * count)
        return project_id

    async def use(self, project_id: str, meter_key: str, *events: Mapping[str, Any]) -> None:
        sent = [
            {
                "event_id": f"{meter_key}-{self.world.database.ids.new('evt')}",
                "meter_key": meter_key,
                "occurred_at": (yesterday(self.world) + timedelta(minutes=n)).isoformat(),
                **each,
            }
            for n, each in enumerate(events)
        ]
        for start in range(0, len(sent), 1000):
            about = {"caller": OPERATOR, "project_id": project_id}
            told = await self.usage.record(*sent[start : start + 1000], **about)
            assert {status for status, _ in told} == {"accepted"}

    async def plan(self, *items: Mapping[str, Any], key: str = "pro") -> PlanVersion:
        """Put a plan with these items on sale."""
        await self.catalog.plan(key, items)
        return await self.catalog.publish(key)

    async def draft(self, *items: Mapping[str, Any], key: str = "pro") -> PlanVersion:
        return await self.catalog.change(key, items=items)

    async def perform(
        self, operation: Operation[Any, Any], *, caller: Caller = OPERATOR, **arguments: Any
    ) -> Outcome:
        call = Call(caller=caller, arguments=arguments, door="test")
        gate = replace(self.world.gate, given={Holders: self.held})
        return await gate.perform(operation, call)

    async def cost(self, plan_key: str = "pro", **more: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {"project_id": PROJECT, "plan_key": plan_key, **OCTOBER}
        operation = plan_operations.preview_usage_cost
        return (await self.perform(operation, **arguments | more)).unwrap()

    async def simulate(self, plan_key: str = "pro", **more: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {"plan_key": plan_key, **OCTOBER, **more}
        return (await self.perform(plan_operations.simulate_price_change, **arguments)).unwrap()

    async def refusal(self, operation: Operation[Any, Any], **arguments: Any) -> str:
        """Return the code of the refusal, and the field that it names."""
        outcome = await self.perform(operation, **arguments)
        assert outcome.error, outcome.body
        facts = outcome.error.facts
        problems = facts.get("problems") or [{}]
        return f"{outcome.error.code} {facts.get('field') or problems[0].get('field', '')}".strip()


def yesterday(world: World) -> datetime:
    return world.clock.now().astimezone(UTC) - timedelta(days=1)
