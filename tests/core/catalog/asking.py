"""A catalog made by asking, as an operator does."""

from dataclasses import dataclass
from typing import Any

from core.kernel.caller import Caller, Role
from core.operations.perform import Outcome
from tests.core.wallets.bank import ask, must, open_project
from tests.world import OPERATOR, World, agent

FLAT = {"model": "flat", "amount": "20"}
EACH = {"model": "per_unit", "unit": "0.05"}
FEE = {"key": "fee", "name": "Fee", "kind": "recurring", "prices": {"usd": FLAT}}
CALLS = {
    "key": "calls",
    "name": "Calls",
    "kind": "usage",
    "meter_key": "calls",
    "prices": {"usd": EACH},
}
PRO: dict[str, Any] = {
    "plan_key": "pro",
    "product_key": "app",
    "name": "Pro",
    "items": [FEE, CALLS],
    "entitlements": [{"feature_key": "seats", "limit": "5"}],
}
METER = {"unit": "call", "price": "0", "asset": "USD/2"}


@dataclass
class Catalog:
    world: World
    project: str

    @classmethod
    async def open(cls, world: World) -> "Catalog":
        """Open it with meters, a feature of each kind, a product, and a book for two currencies."""
        made = cls(world, await open_project(world))
        for key, aggregation in (("calls", "count"), ("tokens", "sum"), ("peak", "max")):
            await made.must(
                "create_meter", key=key, name=key.title(), aggregation=aggregation, **METER
            )
        await made.must("create_product", product_key="app", name="App")
        for key, kind, meter in (
            ("sso", "switch", {}),
            ("seats", "limit", {"unit": "seat"}),
            ("tokens", "quota", {"meter_key": "tokens"}),
        ):
            await made.must("create_feature", feature_key=key, name=key.title(), kind=kind, **meter)
        for key in ("usd", "eur"):
            await made.must(
                "create_price_book",
                book_key=key,
                name=key,
                currency=f"{key.upper()}/2",
                is_default=True,
            )
        return made

    async def ask(
        self, name: str, key: str | None = None, caller: Caller = OPERATOR, /, **sent: Any
    ) -> Outcome:
        return await ask(self.world, name, caller, key, **sent)

    async def must(self, name: str, caller: Caller = OPERATOR, /, **sent: Any) -> dict[str, Any]:
        return await must(self.world, name, caller, **sent)

    async def refused(self, name: str, caller: Caller = OPERATOR, /, **sent: Any) -> Any:
        """Ask for what is refused, and return the error."""
        outcome = await self.ask(name, None, caller, **sent)
        assert outcome.error is not None, outcome
        return outcome.error

    async def sell(self, **more: Any) -> dict[str, Any]:
        """Make the plan and publish it."""
        await self.must("create_plan", **PRO | more)
        return await self.must("publish_plan", plan_key=(PRO | more)["plan_key"])

    @property
    def viewer(self) -> Caller:
        return agent(Role.VIEWER, self.project)


def at(problem: Any) -> list[str]:
    """Return the fields that a refusal names."""
    return [each["field"] for each in problem.problems]
