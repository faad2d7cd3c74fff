"""A customer with everything a customer can have, and who may call in its name."""

import itertools
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import insert, make_url

from auth import users
from core import inbox, settling, surface, topups
from core.exporting.model import identifier_of
from core.exporting.tables import copies
from core.jobs import Runtime, run_now
from core.kernel.caller import SYSTEM, Caller, CallerKind, PlatformRole, Role
from core.kernel.ids import compose
from core.messaging import mailing
from core.operations.perform import Call
from core.operations.scopes import SCOPES
from core.projects import find_project
from core.reconciling.tables import reconciliations
from mcp_server.wiring import OPERATIONS
from tests import servers, stripe_events
from tests.fakes.gateway import FakeGateway
from tests.transports.dunned import be_dunned
from tests.transports.invoices import SELLER, be_invoiced, owe
from tests.transports.offers import DESK_SET, LOYAL
from tests.transports.plans import open_plans, subscribe
from tests.world import AUDITOR, OPERATOR, START, World, agent

BY_NAME = {each.name: each for each in OPERATIONS}
STRIPE_EVENT = "evt_1SVZbJ2eZvKYlo2C0aXy7QkT"
"""What Stripe told the platform, of nobody here."""
RECONCILIATION = compose("rcn", 1)
"""What was compared before anybody moved in."""
COMPARED = dict.fromkeys(("start_at", "end_at", "created_at", "finished_at"), START) | {
    "id": RECONCILIATION,
    "state": "clean",
    "counts": {"payments": 0},
    "differences": 0,
    "asked_by": "system",
}
PLAN: dict[str, Any] = {
    "plan_key": "pro",
    "product_key": "app",
    "name": "Pro",
    "items": [
        {
            "key": "tokens",
            "name": "Tokens",
            "kind": "usage",
            "meter_key": "tokens",
            "prices": {"usd": {"model": "per_unit", "unit": "0.01"}},
        }
    ],
    "entitlements": [{"feature_key": "seats", "limit": "5"}],
    "included_credits": {"amount": "100", "asset": "CREDIT/6", "rollover_max": "50"},
}
METER = {
    "key": "tokens",
    "name": "Tokens",
    "aggregation": "sum",
    "unit": "token",
    "property": "tokens",
    "price": "0.01",
    "asset": "CREDIT/6",
}
PACK = {
    "pack_key": "starter",
    "name": "Starter",
    "credits": "1000",
    "asset": "CREDIT/6",
    "price": "10.00",
    "currency": "USD/2",
}
PERCENT_OFF = {"coupon_key": "tenth", "name": "Tenth", "kind": "percent", "percent": "10"}
COUPON = {
    "coupon_key": "launch",
    "name": "Launch",
    "kind": "credits",
    "amount": "5",
    "asset": "CREDIT/6",
    "redemptions_per_project": 5,
}


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A project by its external key, with the ids of one thing of every kind in it.

    Every text that this customer chose contains the external key, so that it can be told in any
    answer whose data it is.
    """

    key: str
    project_id: str
    people: Mapping[Role, str]
    invited: str
    """Somebody who was invited and has not answered."""
    stranger: str
    """A user who is a member of nothing."""
    invitation_id: str
    token: str
    """What the invitation's mail carries."""
    wallet_id: str
    team_wallet_id: str
    transaction_id: str
    """A grant to the team's wallet that nothing was spent of."""
    hold_id: str
    """One that nobody has settled."""
    event_id: str
    """Usage that was recorded and not charged."""
    charged_event_id: str
    key_id: str
    invocation_id: str
    refund_id: str
    asked_refund_id: str
    """One that the provider has not answered."""
    dispute_id: str
    """Of another payment than the one that was refunded."""
    checkout_id: str
    """One that was paid."""
    payment_id: str
    method_id: str
    top_up_id: str
    """One that nobody has paid for yet."""
    assignment_id: str
    """Of the first version of a plan."""
    """What it was paid with, and kept."""
    document: str = ""
    """The catalog as it is, but for the name of a product."""
    promotion_code: str
    """One that this customer alone may redeem."""
    promotion_code_id: str
    discount_id: str
    invoice_id: str
    """One that was issued."""
    draft_id: str
    attempt_id: str
    """To collect another invoice, which the provider was not asked for yet."""
    run_id: str
    """What is done about one more, whose payment failed."""
    card_token: str
    subscription_id: str
    paused_subscription_id: str
    ended_subscription_id: str
    clocked_project_id: str
    """Another project of this customer's, with a test clock."""

    def caller(self, role: Role) -> Caller:
        """An agent that acts for the person with this role, here."""
        return replace(
            agent(role, self.project_id),
            subject=f"agt:{self.key}:{role}",
            user_id=self.people[role],
            client_id=f"cli_{self.key}",
            label=f"{self.key} agent",
        )

    def invitee(self) -> Caller:
        """An agent of the person who was invited, who has no place anywhere yet."""
        return Caller(
            kind=CallerKind.AGENT,
            subject=f"agt:{self.key}:invited",
            user_id=self.invited,
            client_id="cli_1",
            scopes=frozenset(SCOPES),
        )


@asynccontextmanager
async def settled(
    database: str, folder: Path, *keys: str
) -> AsyncIterator[tuple[World, list[Tenant]]]:
    """Open a world of its own in which these customers have moved in a minute ago."""
    if (database, keys) not in _moved_in:
        await _keep(database, folder, keys)
    kept, tenants = _moved_in[database, keys]
    async with _copy(kept, folder) as url:
        world = World.open(url, find_project, owner_url=_owner_url(url))
        # What is made from now on must not get the identifiers of what was made before.
        world.clock.advance(minutes=1)
        yield world, tenants
        await world.close()


_moved_in: dict[tuple[str, tuple[str, ...]], tuple[bytes | str, list[Tenant]]] = {}
"""Moving in takes forty units of work: it is done once, and the file or the database is copied."""
_numbers = itertools.count(1)


async def _keep(database: str, folder: Path, keys: tuple[str, ...]) -> None:
    on_postgres = database == "postgres"
    url = await servers.kept_postgres_url() if on_postgres else servers.sqlite_url(folder)
    world = World.open(url, find_project, owner_url=_owner_url(url))
    tenants = await _settle(world, keys)
    await world.close()
    if on_postgres:
        _moved_in[database, keys] = make_url(url).database or "", tenants
        return
    with closing(sqlite3.connect(url.partition(":///")[2])) as connection:
        _moved_in[database, keys] = connection.serialize(), tenants


def _owner_url(url: str) -> str:
    return servers.postgres_owner_url(url) if url.startswith("postgresql") else ""


@asynccontextmanager
async def _copy(kept: bytes | str, folder: Path) -> AsyncIterator[str]:
    if isinstance(kept, str):
        async with servers.postgres_url(like=kept) as url:
            yield url
        return
    file = folder / f"copy-{next(_numbers)}.db"
    file.write_bytes(kept)
    yield f"sqlite+aiosqlite:///{file}"


async def _settle(world: World, keys: Sequence[str]) -> list[Tenant]:
    gateway = FakeGateway(world.clock)
    known = {each.name: each for each in surface.JOBS}
    ports = {"gateway": gateway, inbox.HANDLERS: surface.HANDLERS}
    # While customers move in somebody takes payments; later calls are answered from what is there.
    alone = world.gate
    world.gate = replace(alone, hasten=partial(run_now, Runtime(world.database, known, ports)))
    await open_platform(world)
    tenants = [await move_in(world, key, gateway) for key in keys]
    document = (await ask(world, "export_catalog"))["document"]
    world.gate = alone
    renamed = document.replace("name: App\n", "name: The app\n")
    return [replace(each, document=renamed) for each in tenants]


async def ask(world: World, name: str, /, **arguments: Any) -> dict[str, Any]:
    return await ask_as(world, OPERATOR, name, **arguments)


async def ask_as(world: World, caller: Caller, name: str, /, **arguments: Any) -> dict[str, Any]:
    call = Call(caller=caller, arguments=arguments, door="test")
    return (await world.gate.perform(BY_NAME[name], call)).unwrap()


async def open_platform(world: World) -> None:
    """Make what all customers share: an operator, a meter, and something that Stripe told."""
    await add_user(world, "operator@bursar.example", platform_role=PlatformRole.OPERATOR)
    await ask(world, "create_meter", **METER)
    await _make_catalog(world)
    await ask(world, "create_credit_pack", **PACK)
    await ask(world, "create_coupon", **COUPON)
    await ask(world, "create_coupon", **PERCENT_OFF)
    await open_plans(world)
    await ask(world, "start_usage_export", meter_key=METER["key"], event_name="tokens")
    await ask(world, "create_package", **DESK_SET)
    tier = {"of": "project", "property": "tier", "type": "text"}
    await ask(world, "define_pricing_property", **tier)
    await ask(world, "create_pricing_rule", **LOYAL)
    await ask(world, "set_legal_entity", **SELLER)
    told = inbox.read_event(stripe_events.paid(STRIPE_EVENT), inbox.Endpoint.SNAPSHOT)
    async with world.database.begin(SYSTEM) as work:
        await inbox.store(work, [told])
        await work.execute(insert(reconciliations), COMPARED)


async def _make_catalog(world: World) -> None:
    """Make a plan with a published version and a draft that is dearer."""
    for key in ("app", "old"):
        await ask(world, "create_product", product_key=key, name=key.title())
    seats = {"feature_key": "seats", "name": "Seats", "kind": "limit", "unit": "seat"}
    await ask(world, "create_feature", **seats)
    dollars = {"book_key": "usd", "name": "Dollars", "currency": "USD/2", "is_default": True}
    await ask(world, "create_price_book", **dollars)
    await ask(world, "create_plan", **PLAN)
    await ask(world, "publish_plan", plan_key="pro")
    dearer = {"prices": {"usd": {"model": "per_unit", "unit": "0.02"}}}
    await ask(world, "update_plan", plan_key="pro", items=[{**PLAN["items"][0], **dearer}])


async def add_user(world: World, email: str, *, platform_role: PlatformRole | None = None) -> str:
    async with world.database.begin(SYSTEM) as work:
        user = await users.create_user(work, email=email, name=email, platform_role=platform_role)
    return user.id


async def move_in(world: World, key: str, gateway: FakeGateway) -> Tenant:
    """Open a project with people, wallets, usage, a key, an invitation, and a history."""
    people = {role: await add_user(world, f"{role}@{key}.example") for role in Role}
    invited, stranger = [
        await add_user(world, f"{who}@{key}.example") for who in ("new", "stranger")
    ]
    project = await ask(
        world,
        "create_project",
        name=f"The {key}",
        external_key=key,
        owner_user_id=people[Role.OWNER],
    )
    here = {"project_id": project["id"]}
    facts = {"segments": ["loyal", key], "properties": {"tier": f"{key} tier"}}
    await ask(world, "record_pricing_facts", **here, **facts)
    for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER):
        await ask(world, "add_member", **here, user_id=people[role], role=str(role))
    wallets = [
        await ask(world, "create_wallet", **here, name=f"{key} {name}", asset="CREDIT/6")
        for name in ("prepaid", "team")
    ]
    prepaid = {**here, "wallet_id": wallets[0]["id"]}
    team = {**here, "wallet_id": wallets[1]["id"]}
    await ask(world, "grant_credits", **prepaid, amount="101", memo=f"for {key}")
    grant = await ask(world, "grant_credits", **team, amount="1", memo=f"by mistake for {key}")
    await ask(world, "record_usage", **here, events=[use(f"{key}-recorded", key)])
    await ask(world, "charge_usage", **prepaid, **use(f"{key}-charged", key))
    hold = {"amount": "1", "expires_in_seconds": 604_800, "memo": f"held for {key}"}
    held = await ask(world, "hold_credits", **prepaid, **hold)
    made = await ask(
        world,
        "create_api_key",
        **here,
        name=f"{key} backend",
        role="member",
        scopes=["wallets:read"],
    )
    address = f"new@{key}.example"
    invitation = await ask(world, "invite_member", **here, email=address, role="member")
    calls = await ask(world, "list_tool_invocations", **here, operation="grant_credits")
    bought = await _buy(world, gateway, **team)
    went_back = await _lose(world, gateway, bought["payment_id"], **here)
    top_up_id = await _run_low(world, **prepaid)
    assignment_id = await _entitle(world, key, **here)
    await _reject(world, project["id"], f"{key}-charged")
    clocked = await ask(
        world,
        "create_project",
        name=f"{key} in a year",
        external_key=f"{key}-later",
        owner_user_id=people[Role.OWNER],
    )
    await ask(world, "create_test_clock", project_id=clocked["id"])
    tenant = Tenant(
        clocked_project_id=clocked["id"],
        key=key,
        project_id=project["id"],
        people=people,
        invited=invited,
        stranger=stranger,
        invitation_id=invitation["id"],
        token=await _token(world, address),
        wallet_id=wallets[0]["id"],
        team_wallet_id=wallets[1]["id"],
        transaction_id=grant["transaction_id"],
        hold_id=held["hold_id"],
        event_id=f"{key}-recorded",
        charged_event_id=f"{key}-charged",
        key_id=made["id"],
        invocation_id=calls["items"][0]["id"],
        top_up_id=top_up_id,
        # Before anything is redeemed that would come off what is billed for them.
        **await subscribe(world, key, project["id"]),
        **await _redeem(world, key, **here),
        **await be_invoiced(partial(ask, world), key, **here),
        attempt_id=await owe(world, partial(ask, world), key, **here),
        **await be_dunned(world, partial(ask, world), key, **here),
        assignment_id=assignment_id,
        **bought,
        **went_back,
    )
    await ask_as(world, tenant.caller(Role.OWNER), "list_wallets", **here)
    return tenant


async def _buy(world: World, gateway: FakeGateway, **team: str) -> dict[str, str]:
    """Buy a pack on the provider's page, with a card that is kept."""
    here = {"project_id": team["project_id"]}
    checkout = await ask(world, "create_checkout", **team, pack_key="starter")
    gateway.provider.pay(checkout["url"].rsplit("/", 1)[1])
    await ask(world, "get_checkout", **here, checkout_id=checkout["id"])
    [method] = (await ask(world, "list_payment_methods", **here))["items"]
    return {
        "checkout_id": checkout["id"],
        "payment_id": checkout["payment_id"],
        "method_id": method["id"],
    }


async def _redeem(world: World, key: str, **here: str) -> dict[str, str]:
    """Be offered something that others are not, and have a discount."""
    only = {"for_project_id": here["project_id"]}
    tenth = await ask(world, "create_promotion_code", coupon_key="tenth", code=f"{key}-10", **only)
    discount = await ask(world, "redeem_promotion_code", **here, code=tenth["code"])
    code = await ask(world, "create_promotion_code", coupon_key="launch", code=f"{key}-5", **only)
    return {
        "promotion_code": code["code"],
        "promotion_code_id": code["id"],
        "discount_id": discount["id"],
    }


async def _run_low(world: World, **prepaid: str) -> str:
    """Have a wallet that is to be topped up, and an attempt to."""
    # Here each noun counts for itself, and the payment of a top-up is named after its bits.
    world.clock.advance(seconds=1)
    rule = {"threshold": "1000", "pack_key": "starter", "monthly_spend_max": "100.00"}
    await ask(world, "enable_auto_top_up", **prepaid, **rule)
    async with world.database.begin(SYSTEM) as work:
        begun = await topups.begin(work.within(prepaid["project_id"]), prepaid["wallet_id"])
    assert begun, "the wallet is below its line"
    return begun.id


async def _reject(world: World, project_id: str, event_id: str) -> None:
    """Have an event that the provider did not count."""
    [meter] = (await ask(world, "list_meters"))["items"]
    rejected = {
        "project_id": project_id,
        "event_id": event_id,
        "meter_id": meter["id"],
        "identifier": identifier_of(project_id, event_id),
        "event_name": "tokens",
        "customer": "cus_1",
        "quantity": 1,
        "occurred_at": START,
        "state": "rejected",
        "asked_at": START,
        "closed_at": START,
        "code": "no_meter",
    }
    async with world.database.begin(SYSTEM) as work:
        await work.execute(insert(copies), rejected)


async def _entitle(world: World, key: str, **here: str) -> str:
    """Assign a plan, and make an exception."""
    held = await ask(world, "assign_plan", **here, plan_key="desk_basic", version=1)
    wide = {"feature_key": "desk_seats", "mode": "limit", "override_limit": "7"}
    await ask(world, "set_entitlement_override", **here, **wide, reason=f"promised to {key}")
    assignment_id: str = held["id"]
    return assignment_id


async def _lose(world: World, gateway: FakeGateway, payment_id: str, **here: str) -> dict[str, str]:
    """Give a part of one payment back, and have a bank dispute another."""
    refund = await ask(world, "refund_payment", **here, payment_id=payment_id, amount="1.00")
    gateway.away = True
    asked = await ask(world, "refund_payment", **here, payment_id=payment_id, amount="0.50")
    gateway.away = False
    wallet = await ask(world, "create_wallet", **here, name="Disputed", asset="CREDIT/6")
    page = await ask(world, "create_checkout", **here, pack_key="starter", wallet_id=wallet["id"])
    paid = gateway.provider.pay(page["url"].rsplit("/", 1)[1])
    await ask(world, "get_checkout", **here, checkout_id=page["id"])
    told = gateway.provider.dispute(paid.payment_id or "")
    looked = await settling.look_at_dispute(partial(world.database.begin, SYSTEM), gateway, told)
    assert looked, "the payment is ours"
    async with world.database.begin(SYSTEM) as work:
        await settling.apply(work, looked)
    [dispute] = (await ask(world, "list_disputes", **here))["items"]
    return {
        "refund_id": refund["id"],
        "asked_refund_id": asked["id"],
        "dispute_id": dispute["id"],
    }


def use(event_id: str, key: str) -> dict[str, Any]:
    """One use, whose properties say whose it is."""
    properties = {"tokens": 100, "model": f"{key} model"}
    return {"event_id": event_id, "meter_key": METER["key"], "properties": properties}


async def _token(world: World, address: str) -> str:
    async with world.database.read(OPERATOR) as work:
        mails = await mailing.kept(work, "https://bursar.test")
    text = next(each.text or "" for each in mails if address in str(each))
    return text.split("/invitation/")[1].split()[0]


STAFF = {"operator": OPERATOR, "auditor": AUDITOR}
