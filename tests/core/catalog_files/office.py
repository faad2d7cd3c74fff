"""Whoever keeps the catalog beside their code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.catalog_files.yaml_text import read_yaml, write_yaml
from core.kernel.caller import Caller
from core.operations.perform import Call, Outcome
from tests.core.catalog.shop import Shop
from tests.core.wallets.bank import BY_NAME
from tests.world import OPERATOR, World

Json = dict[str, Any]
BOOKS: Json = {
    "eur": {"name": "EUR", "currency": "EUR/2", "is_default": True},
    "usd": {"name": "USD", "currency": "USD/2", "is_default": True},
}
FEATURES: Json = {
    "calls": {"name": "Calls", "kind": "quota", "unit": "call", "meter_key": "calls"},
    "seats": {"name": "Seats", "kind": "limit", "unit": "seat"},
    "sso": {"name": "Sso", "kind": "switch"},
}
TIERS: Json = {
    "model": "graduated",
    "tiers": [{"up_to": 10, "unit": 0.50, "flat": 2}, {"unit": "0.30"}],
}


def fee(amount: Any = 20) -> Json:
    price = {"model": "flat", "amount": amount}
    return {"key": "fee", "name": "Fee", "kind": "recurring", "prices": {"usd": price}}


CALLS: Json = {
    "key": "calls",
    "name": "Calls",
    "kind": "usage",
    "meter_key": "calls",
    "prices": {"usd": TIERS},
}
GIVES: list[Json] = [
    {"feature_key": "seats", "limit": 5},
    {"feature_key": "sso"},
    {"feature_key": "calls", "limit": 1000, "per": "month"},
]


def plan(*items: Json, **more: Any) -> Json:
    return {"product": "app", "name": "Pro", "published": {"items": [*items]}, **more}


def document(plans: Mapping[str, Any] | None = None, **more: Any) -> str:
    told = {
        "catalog": 1,
        "price_books": BOOKS,
        "features": FEATURES,
        "products": {"app": {"name": "App"}},
        "plans": plans if plans is not None else {"pro": plan(fee(), CALLS)},
    }
    return write_yaml({**told, **more})


@dataclass
class Office:
    world: World
    shop: Shop

    async def ask(self, name: str, caller: Caller = OPERATOR, /, **sent: Any) -> Outcome:
        call = Call(caller=caller, arguments=sent, door="test")
        return await self.world.gate.perform(BY_NAME[name], call)

    async def must(self, name: str, /, **sent: Any) -> Json:
        return (await self.ask(name, **sent)).unwrap()

    async def export(self) -> str:
        return str((await self.must("export_catalog"))["document"])

    async def exported(self) -> Any:
        return read_yaml(await self.export())

    async def plan(self, text: str) -> list[tuple[str, str]]:
        """Return what would be done, as (path, action)."""
        told = await self.must("plan_catalog", document=text)
        assert told["count"] == len(told["changes"])
        return [(each["path"], each["action"]) for each in told["changes"]]

    async def apply(self, text: str) -> int:
        digest = (await self.must("plan_catalog", document=text))["digest"]
        done = await self.must("apply_catalog", document=text, expected_digest=digest)
        return int(done["count"])

    async def problems(self, text: str) -> dict[str, str]:
        """Return what is wrong with it, by field."""
        outcome = await self.ask("plan_catalog", document=text)
        assert outcome.error is not None, outcome.body
        told = getattr(outcome.error, "problems", None)
        if told is None:
            return {outcome.error.facts["field"]: outcome.error.code}
        return {each["field"]: each["problem"] for each in told}


async def open_office(world: World) -> Office:
    """Have meters, a feature of each kind, a product, and two price books."""
    return Office(world, await Shop.open(world))
