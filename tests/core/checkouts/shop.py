"""An installation with a payment provider beside it, a pack for sale, and a customer who buys."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import select

from core import inbox, jobs, payments, surface
from core.checkouts import ReturnPages
from core.inbox import Delivery, Endpoint
from core.jobs import Runtime, run_now
from core.kernel.caller import SYSTEM, Caller, Role
from core.ledger import tables as ledger_tables
from core.operations.perform import Call, Outcome
from tests.core.wallets.bank import BY_NAME, open_project, open_wallet
from tests.fakes.gateway import FakeGateway
from tests.fakes.provider import FakeProvider
from tests.world import OPERATOR, World, agent

PACK = {
    "pack_key": "starter",
    "name": "Starter",
    "credits": "1000",
    "asset": "CREDIT/6",
    "price": "10.00",
    "currency": "USD/2",
}
HERE = ReturnPages("https://bursar.test", ("https://app.acme.test",))


@dataclass
class Shop:
    """Everything that takes part in a purchase. `away` processes do not hasten anything."""

    world: World
    gateway: FakeGateway
    project: str = ""
    wallet: str = ""
    heard: set[str] = field(default_factory=set)

    @property
    def provider(self) -> FakeProvider:
        return self.gateway.provider

    @property
    def runtime(self) -> Runtime:
        known = {each.name: each for each in surface.JOBS}
        ports = {"gateway": self.gateway, inbox.HANDLERS: surface.HANDLERS}
        return Runtime(self.world.database, known, ports)

    @property
    def member(self) -> Caller:
        return agent(Role.MEMBER, self.project)

    @property
    def admin(self) -> Caller:
        return agent(Role.ADMIN, self.project)

    async def ask(self, name: str, caller: Caller | None = None, /, **sent: Any) -> Outcome:
        """Call an operation, of a process that does at once what a caller waits for."""
        key = sent.pop("key", None)
        caller = caller or self.admin
        known = {payments.Limits: self.gateway.limits, ReturnPages: HERE}
        given = {**self.world.gate.given, **known}
        gate = replace(self.world.gate, hasten=partial(run_now, self.runtime), given=given)
        call = Call(caller=caller, arguments=sent, door="test", idempotency_key=key)
        return await gate.perform(BY_NAME[name], call)

    async def must(self, name: str, caller: Caller | None = None, /, **sent: Any) -> dict[str, Any]:
        return (await self.ask(name, caller, **sent)).unwrap()

    async def refused(self, name: str, caller: Caller | None = None, /, **sent: Any) -> str:
        outcome = await self.ask(name, caller, **sent)
        assert outcome.error is not None, outcome.body
        return outcome.error.code

    async def sell(self, **changes: Any) -> dict[str, Any]:
        return await self.must("create_credit_pack", OPERATOR, **(PACK | changes))

    async def buy(self, **sent: Any) -> dict[str, Any]:
        """Open a checkout of the pack."""
        return await self.must("create_checkout", self.member, **({"pack_key": "starter"} | sent))

    async def page_of(self, checkout: dict[str, Any]) -> str:
        """Return what the provider calls the page of a checkout."""
        return str(checkout["url"]).rsplit("/", 1)[1]

    async def poll(self, checkout: dict[str, Any]) -> dict[str, Any]:
        return await self.must("get_checkout", self.member, checkout_id=checkout["id"])

    async def hear(self, *types: str, again: bool = False) -> int:
        """Deliver the provider's events that were not delivered yet, or all; and handle them."""
        for event in self.provider.events:
            if (event.id in self.heard and not again) or (types and event.type not in types):
                continue
            self.heard.add(event.id)
            async with self.world.database.begin(SYSTEM) as work:
                await inbox.store(work, [delivery_of(event)])
        return await jobs.run_due(self.runtime)

    async def available(self, wallet: str = "") -> str:
        sent = {"wallet_id": wallet or self.wallet}
        return str((await self.must("check_balance", self.member, **sent))["available"])

    async def accounts(self) -> dict[str, int]:
        """Return what the project's accounts hold, by role and asset, but for empty ones."""
        a = ledger_tables.accounts.c
        async with self.world.database.read(SYSTEM) as work:
            query = select(a.role, a.asset, a.posted, a.side).where(a.project_id == self.project)
            rows = (await work.execute(query)).all()
        return {f"{row.role} {row.asset}": row.posted * row.side for row in rows if row.posted}

    async def must_agree(self) -> None:
        proof = await surface.prove(self.world.database)
        assert proof.clean, [*map(str, proof.differences)]


def delivery_of(event: payments.ProviderEvent) -> Delivery:
    """Put an event as it would come through the endpoint."""
    return Delivery(
        source=inbox.STRIPE,
        external_id=event.id,
        endpoint=Endpoint.SNAPSHOT,
        type=event.type,
        object_id=event.object_id,
        api_version=event.api_version,
        livemode=event.live,
        occurred_at=event.occurred_at,
        payload=event.payload,
    )


async def open_shop(world: World, **pack: Any) -> Shop:
    """Have a project with a wallet, and a pack for sale to it."""
    shop = Shop(world, FakeGateway(world.clock))
    shop.project = await open_project(world)
    shop.wallet = await open_wallet(world, shop.project, asset="CREDIT/6")
    await shop.sell(**pack)
    return shop
