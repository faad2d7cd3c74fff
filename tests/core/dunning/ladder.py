"""A project whose payment failed, a clock that goes from step to step, and what it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from core import dunning, invoicing, messaging, parties, subscriptions, surface
from core.db.work import Work
from core.dunning import tables
from core.invoicing import Invoice
from core.jobs import Runtime, install, run_due
from core.kernel.caller import SYSTEM, Caller, Role
from core.kernel.money import Money
from core.ledger import AccountRole
from core.messaging import Event, Relay, mailing
from core.payers import tables as payers
from core.subscriptions import Subscription
from mcp_server.adapters.local_broker import LocalBroker
from tests.core.invoicing.office import open_office
from tests.core.subscriptions.counter import Counter, day
from tests.world import OPERATOR, PROJECT, World, agent

FAILED_AT = day("2026-01-31T09:00")
URL = "https://bursar.test"
JOBS = {each.job.name: each.job for each in dunning.SCHEDULES}
DECLINED = {"reason": "Your card was declined.", "permanent": False, "declined": True}


@dataclass
class Ladder:
    """Hears what it publishes; does what is due when it is due."""

    world: World
    counter: Counter
    one: Subscription | None = None
    heard: list[Event] = field(default_factory=list)
    methods: int = 0

    @classmethod
    async def open(
        cls, world: World, *, at: datetime = FAILED_AT, time_zone: str = "UTC", language: str = "en"
    ) -> "Ladder":
        counter = await Counter.open(world, at=at, time_zone=time_zone)
        await open_office(world)
        ladder = cls(world, counter)
        async with ladder.unit() as work:
            told = {"email": "books@acme.test", "language": language, "name": "Ada & Sons"}
            await parties.set_details(work, told)
        await counter.plan("small")
        ladder.one = await counter.subscribe("small")
        return ladder

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Work]:
        """Open a unit of work about the project."""
        async with self.world.database.begin(SYSTEM) as work:
            yield work.within(PROJECT)

    # -- What happens ------------------------------------------------------------------------------

    async def invoice(self) -> Invoice:
        """Return the invoice of the first bill of the subscription."""
        assert self.one
        [first, *_] = await self.counter.bills(self.one)
        assert first.invoice_id, "what is owed is invoiced"
        async with self.unit() as work:
            return await invoicing.find(work, first.invoice_id)

    async def publish(self, happened: str, object_id: str, **told: Any) -> None:
        async with self.unit() as work:
            await messaging.publish(work, happened, object_id, told)
        await self.hear()

    async def fail(self, invoice_id: str = "", **more: Any) -> None:
        """Have an attempt to collect the invoice fail, and hear of it."""
        async with self.unit() as work:
            attempt_id = work.ids.new("col")
        told = DECLINED | {"invoice_id": invoice_id or (await self.invoice()).id} | more
        await self.publish("collection.failed", attempt_id, attempt_id=attempt_id, **told)

    async def keep_card(self, *, default: bool = True) -> str:
        """Have a card kept, and chosen; return what the engine calls it."""
        self.methods += 1
        now, external = self.world.clock.now(), f"pm_{self.methods}"
        async with self.unit() as work:
            customer = {
                *(("project_id", PROJECT), ("generation", self.methods)),
                *(("external_id", f"cus_{self.methods}"), ("created_at", now), ("seen_at", now)),
                ("default_method", external if default else None),
            }
            await work.execute(insert(payers.customers), dict(customer))
            card = {
                "project_id": PROJECT,
                "id": work.ids.new("pmt"),
                "external_id": external,
                "customer_id": f"cus_{self.methods}",
                "kind": "card",
                "created_at": now,
                "seen_at": now,
            }
            await work.execute(insert(payers.methods), card)
        return str(card["id"])

    async def choose_card(self) -> str:
        card = await self.keep_card()
        await self.publish("payment_method.default_changed", card)
        return card

    async def pay(self, reference: str = "bank:1") -> None:
        """Pay all that is due of the invoice, by a bank, and hear of it."""
        invoice = await self.invoice()
        async with self.unit() as work:
            due = Money(invoice.figures.due, invoice.asset)
            received = invoicing.Received(amount=due, reference=reference, on=AccountRole.BANK)
            await invoicing.settle(work, invoice.id, received)
        await self.hear()

    async def hear(self) -> None:
        heard = (*dunning.SUBSCRIPTIONS, *subscriptions.SUBSCRIPTIONS)
        relay = Relay(self.world.database, LocalBroker(self.world.database, heard))
        while await relay.relay_batch():
            pass

    # -- What is done ------------------------------------------------------------------------------

    async def work(self) -> None:
        """Do what is due now."""
        async with self.world.database.begin(SYSTEM) as work:
            await install(work, dunning.SCHEDULES)
        await run_due(Runtime(self.world.database, JOBS))
        await self.hear()

    async def walk(self, until: datetime | None = None, *, fails: bool = True) -> None:
        """Go from due date to due date; whatever is tried fails again, if told so."""
        while (at := await self.next_due()) and (until is None or at <= until):
            self.world.clock.instant = max(at, self.world.clock.instant) + timedelta(seconds=31)
            before = await self.tried()
            await self.work()
            if fails and await self.tried() > before:
                await self.fail()
        if until is not None:
            self.world.clock.instant = max(until, self.world.clock.instant)

    async def next_due(self) -> datetime | None:
        s = tables.steps.c
        async with self.unit() as work:
            query = select(s.due_at).where(s.done_at.is_(None)).order_by(s.due_at).limit(1)
            found: datetime | None = (await work.execute(query)).scalar_one_or_none()
        return found

    async def take(self, run_id: str) -> int:
        async with self.unit() as work:
            return await dunning.take(work, run_id)

    # -- What can be seen --------------------------------------------------------------------------

    async def ask(self, name: str, caller: Caller = OPERATOR, /, **sent: Any) -> dict[str, Any]:
        return await self.counter.house.ask(name, caller, **{"project_id": PROJECT} | sent)

    async def set_campaign(self, **terms: Any) -> dict[str, Any]:
        sent = {"campaign_key": "default"} | terms
        return await self.counter.house.ask("set_dunning_campaign", OPERATOR, **sent)

    async def run(self) -> dict[str, Any]:
        """Return the latest run."""
        items = (await self.ask("list_dunning_runs"))["items"]
        return await self.ask("get_dunning_run", run_id=items[0]["id"])

    async def runs(self) -> int:
        return len((await self.ask("list_dunning_runs"))["items"])

    async def log(self) -> list[str]:
        return [each["what"] for each in (await self.run())["log"]]

    async def banner(self) -> str:
        return str((await self.status())["banner"])

    async def status(self, role: Role = Role.VIEWER) -> dict[str, Any]:
        return await self.ask("get_billing_status", agent(role))

    async def mails(self, purpose: str = "dunning") -> list[mailing.Kept]:
        """Return what was written, the oldest first."""
        async with self.world.database.read(SYSTEM) as work:
            kept = await mailing.kept(work, URL)
        return [each for each in reversed(kept) if each.purpose == purpose]

    async def subjects(self, purpose: str = "dunning") -> list[str]:
        return [
            f"{each.created_at:%m-%d} {each.subject.partition(': ')[2]}"
            for each in await self.mails(purpose)
        ]

    async def tried(self) -> int:
        """Say how often it was asked for again."""
        query = select(tables.log.c.number).where(tables.log.c.what == "tried")
        async with self.world.database.read(SYSTEM) as work:
            return len(list(await work.execute(query)))

    async def state(self) -> str:
        assert self.one
        return str((await self.counter.now(self.one)).state)

    async def found(self) -> list[str]:
        """Return what a proof of everything finds wrong."""
        proof = await surface.prove(self.world.database)
        return [str(each) for each in proof.differences]


__all__ = ["FAILED_AT", "Ladder", "day"]
