"""A small demo, made once: three projects with wallets, four meters, two plans, a month of usage.

Everything is asked for at the gate like by anybody else, under idempotency keys, so that a seed
that died half-way is finished by the next start and nothing is made twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from auth import users
from core import audit
from core.audit import reading
from core.kernel.caller import SYSTEM
from core.operations.perform import Call
from mcp_server.wiring import Installation

SEEDER = replace(SYSTEM, subject="seed", label="Demo seed")
DONE = "demo.seeded"
DAYS = 28
EVENTS_A_DAY = 3


@dataclass(frozen=True, slots=True)
class Customer:
    key: str
    name: str
    time_zone: str
    credits: str
    dollars: str


CUSTOMERS = (
    Customer("acme", "Acme Robotics", "Europe/Berlin", "500", "120.00"),
    Customer("heron", "Blue Heron Studio", "America/New_York", "80", "40.00"),
    Customer("cedar", "Cedar Health", "Asia/Kathmandu", "12", "0.75"),
)
METERS: tuple[dict[str, Any], ...] = (
    {
        "key": "llm_tokens",
        "name": "LLM tokens",
        "aggregation": "sum",
        "unit": "token",
        "property": "tokens",
        "price": "0.000002",
        "asset": "CREDIT/6",
    },
    {
        "key": "api_calls",
        "name": "API calls",
        "aggregation": "count",
        "unit": "call",
        "price": "0.01",
        "asset": "CREDIT/6",
    },
    {
        "key": "images",
        "name": "Images",
        "aggregation": "sum",
        "unit": "image",
        "price": "0.04",
        "asset": "USD/2",
    },
    {
        "key": "active_users",
        "name": "Active users",
        "aggregation": "unique",
        "unit": "user",
        "property": "user",
        "price": "0",
        "asset": "CREDIT/6",
    },
)


PACKS: tuple[dict[str, Any], ...] = (
    {"pack_key": "starter", "name": "Starter", "credits": "1000", "price": "10.00"},
    {"pack_key": "team", "name": "Team", "credits": "12000", "bonus_credits": "600"}
    | {"price": "100.00", "expires_after_days": 365},
)
PRODUCT = {"product_key": "app", "name": "Acme App"}
FEATURES: tuple[dict[str, Any], ...] = (
    {"feature_key": "seats", "name": "Seats", "kind": "limit", "unit": "seat"},
    {"feature_key": "sso", "name": "Single sign-on", "kind": "switch"},
    {"feature_key": "tokens", "name": "LLM tokens", "kind": "quota", "unit": "token"}
    | {"meter_key": "llm_tokens"},
)
DOLLARS = {"book_key": "usd", "name": "Dollars", "currency": "USD/2", "is_default": True}
PLANS: tuple[dict[str, Any], ...] = (
    {
        "plan_key": "free",
        "name": "Free",
        "entitlements": [
            {"feature_key": "seats", "limit": "1"},
            {"feature_key": "tokens", "limit": "100000", "per": "month"},
        ],
    },
    {
        "plan_key": "pro",
        "name": "Pro",
        "trial_days": 14,
        "items": [
            {"key": "base", "name": "Base fee", "kind": "recurring"}
            | {"prices": {"usd": {"model": "flat", "amount": "29"}}},
            {"key": "seats", "name": "Seats", "kind": "recurring"}
            | {
                "prices": {
                    "usd": {
                        "model": "seats",
                        "included": 3,
                        "price": {"model": "per_unit", "unit": "12"},
                    }
                }
            },
            {"key": "tokens", "name": "LLM tokens", "kind": "usage", "meter_key": "llm_tokens"}
            | {
                "prices": {
                    "usd": {
                        "model": "graduated",
                        "tiers": [
                            {"up_to": "1000000", "unit": "0"},
                            {"up_to": "10000000", "unit": "0.000004"},
                            {"unit": "0.000003"},
                        ],
                    }
                }
            },
        ],
        "entitlements": [
            {"feature_key": "seats", "limit": "25"},
            {"feature_key": "sso"},
            {"feature_key": "tokens", "unlimited": True, "per": "month"},
        ],
        "included_credits": {"amount": "50", "asset": "CREDIT/6", "rollover_max": "50"},
    },
)


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo is, for whoever wants to try something on it."""

    operator_id: str
    project_id: str
    wallet_id: str


async def seed(installation: Installation) -> Demo:
    """Make the first operator and the demo unless they are there, and say where they are."""
    settings = installation.settings
    async with installation.database.begin(SEEDER) as work:
        operator_id = await users.ensure_first_operator(work, settings.operator_email, "Operator")
    if not await is_done(installation):
        await _make(_Asker(installation), operator_id)
        async with installation.database.begin(SEEDER) as work:
            await audit.record(work, DONE, operator_id)
    asker = _Asker(installation)
    project = await asker.ask("get_project", external_key=CUSTOMERS[0].key)
    wallets = await asker.ask("list_wallets", project_id=project["id"])
    return Demo(operator_id, project["id"], wallets["items"][0]["id"])


async def is_done(installation: Installation) -> bool:
    async with installation.database.read(SEEDER) as work:
        sought = reading.Filter(equals=(("action", DONE),))
        return bool(await reading.events(work, sought, None, 1))


@dataclass(frozen=True, slots=True)
class _Asker:
    installation: Installation

    async def ask(
        self, name: str, key: str | None = None, /, **arguments: Any
    ) -> Mapping[str, Any]:
        call = Call(caller=SEEDER, arguments=arguments, door="seed", idempotency_key=key)
        operation = self.installation.operations[name]
        return (await self.installation.gate.perform(operation, call)).unwrap()


async def _make(asker: _Asker, operator_id: str) -> None:
    for meter in METERS:
        await asker.ask("create_meter", f"seed:meter:{meter['key']}", **meter)
    if asker.installation.settings.has_sandbox:
        # With a key of Stripe's own, the demo would put things on sale in somebody's account.
        for pack in PACKS:
            priced = pack | {"asset": "CREDIT/6", "currency": "USD/2"}
            await asker.ask("create_credit_pack", f"seed:pack:{pack['pack_key']}", **priced)
        await _make_catalog(asker)
    for customer in CUSTOMERS:
        project = await asker.ask(
            "create_project",
            f"seed:project:{customer.key}",
            name=customer.name,
            external_key=customer.key,
            time_zone=customer.time_zone,
            owner_user_id=operator_id,
        )
        await _make_wallets(asker, customer, project["id"])
        await _make_usage(asker, customer, project["id"])


async def _make_catalog(asker: _Asker) -> None:
    """Put two plans on sale: one for nothing, and one with seats and metered tokens."""
    await asker.ask("create_product", "seed:product", **PRODUCT)
    for feature in FEATURES:
        await asker.ask("create_feature", f"seed:feature:{feature['feature_key']}", **feature)
    await asker.ask("create_price_book", "seed:price_book", **DOLLARS)
    for plan in PLANS:
        key, of = plan["plan_key"], PRODUCT["product_key"]
        await asker.ask("create_plan", f"seed:plan:{key}", product_key=of, **plan)
        await asker.ask("publish_plan", f"seed:plan:{key}:published", plan_key=key, version=1)


async def _make_wallets(asker: _Asker, customer: Customer, project_id: str) -> None:
    for name, asset, amount in (
        ("Credits", "CREDIT/6", customer.credits),
        ("Prepaid dollars", "USD/2", customer.dollars),
    ):
        key = f"seed:{customer.key}:{asset}"
        wallet = await asker.ask(
            "create_wallet", f"{key}:wallet", project_id=project_id, name=name, asset=asset
        )
        await asker.ask(
            "grant_credits",
            f"{key}:grant",
            project_id=project_id,
            wallet_id=wallet["id"],
            amount=amount,
            memo="Welcome credits",
        )


async def _make_usage(asker: _Asker, customer: Customer, project_id: str) -> None:
    """Record a month of usage, and charge some of today's, the same every time it is made."""
    random = Random(customer.key)  # noqa: S311 - a demo should look alive, and be repeatable
    now = asker.installation.clock.now()
    events = [
        _event(random, f"demo-{customer.key}-{day}-{n}", (now - timedelta(days=day)).isoformat())
        for day in range(DAYS, 0, -1)
        for n in range(EVENTS_A_DAY)
    ]
    key = f"seed:{customer.key}"
    await asker.ask("record_usage", f"{key}:usage", project_id=project_id, events=events)
    for n in range(5):
        tokens = random.randrange(20_000, 400_000)
        await asker.ask(
            "charge_usage",
            f"{key}:charge:{n}",
            project_id=project_id,
            event_id=f"demo-{customer.key}-charge-{n}",
            meter_key="llm_tokens",
            properties={"tokens": tokens, "model": random.choice(["small", "large"])},
        )


def _event(random: Random, event_id: str, occurred_at: str) -> dict[str, Any]:
    event = {"event_id": event_id, "occurred_at": occurred_at}
    match random.randrange(4):
        case 0:
            tokens = random.randrange(1_000, 90_000)
            return event | {"meter_key": "llm_tokens", "properties": {"tokens": tokens}}
        case 1:
            return event | {"meter_key": "images", "quantity": random.randrange(1, 9)}
        case 2:
            user = f"user-{random.randrange(12)}"
            return event | {"meter_key": "active_users", "properties": {"user": user}}
        case _:
            return event | {"meter_key": "api_calls", "properties": {"path": "/v1/render"}}
