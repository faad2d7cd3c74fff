"""A counter whose subscriptions are invoiced: somebody issues invoices, and events are heard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core import invoicing, messaging, parties, subscriptions, surface, wallets
from core.invoicing import Invoice, LegalEntity, Received
from core.invoicing.tables import documents, invoices
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.messaging.tables import outbox
from core.subscriptions import Subscription
from tests.core.invoicing.office import ACME
from tests.core.ledger.books import unit
from tests.core.subscriptions.counter import Counter
from tests.world import PROJECT, World

USD = Asset.parse("USD/2")


@dataclass
class Desk(Counter):
    """Taxes of 20 % are put on prices; every event that was told is heard by `hear`."""

    @classmethod
    async def open_desk(
        cls,
        world: World,
        *,
        at: datetime | None = None,
        time_zone: str = "UTC",
        entity: LegalEntity | None = ACME,
    ) -> "Desk":
        counter = await Counter.open(world, at=at, time_zone=time_zone)
        desk = cls(world, counter.house, counter.wallet_id)
        if entity is not None:
            await desk.begin_issuing(entity)
        return desk

    async def begin_issuing(self, entity: LegalEntity = ACME) -> None:
        async with unit(self.world) as work:
            await parties.set_entity(work, entity)

    async def hear(self) -> None:
        """Let subscriptions hear whatever was told, each event twice and the newest first."""
        query = select(outbox).order_by(outbox.c.id.desc())
        async with self.world.database.read(SYSTEM) as work:
            rows = list((await work.execute(query)).mappings())
        for row in rows * 2:
            told = {name: row[name] for name in messaging.Event.__slots__}
            event = messaging.Event(**told)
            for each in subscriptions.SUBSCRIPTIONS:
                if each.wants(event.type):
                    await messaging.consume(self.world.database, each, event)

    async def invoices(self, one: Subscription) -> list[Invoice]:
        """Return what was invoiced for a subscription, the oldest first."""
        query = (
            select(invoices.c.id)
            .where(invoices.c.subscription_id == one.id)
            .order_by(invoices.c.id)
        )
        async with self.world.database.read(SYSTEM) as work:
            here = work.within(one.project_id)
            ids = [row.id for row in await work.execute(query)]
            return [await invoicing.find(here, each) for each in ids]

    async def said(self, one: Subscription) -> list[tuple[str, str, str, str]]:
        """Say of each invoice its number, its state, what it came to, and what is due."""
        return [
            (
                each.number or "",
                str(each.state),
                Money(each.figures.total, each.asset).decimal,
                Money(each.figures.due, each.asset).decimal,
            )
            for each in await self.invoices(one)
        ]

    async def pay_invoice(self, invoice: Invoice, reference: str = "bank:1") -> None:
        """Pay what is due of it, and hear of that."""
        async with unit(self.world, invoice.project_id) as work:
            due = Money(invoice.figures.due, invoice.asset)
            await invoicing.settle(work, invoice.id, Received(amount=due, reference=reference))
        await self.hear()

    async def pay_all(self, one: Subscription) -> Subscription:
        for each in await self.invoices(one):
            if each.figures.due and each.state is invoicing.State.OPEN:
                await self.pay_invoice(each, f"bank:{each.number}")
        return await self.now(one)

    async def notes(self) -> list[tuple[str, int]]:
        """Say of each credit note its number, and what it takes back before taxes."""
        d = documents.c
        query = select(d.number, d.net).where(d.kind == "credit_note").order_by(d.id)
        async with self.world.database.read(SYSTEM) as work:
            return [(row.number, row.net) for row in await work.execute(query)]

    async def lines(self, invoice: Invoice) -> list[Any]:
        async with self.world.database.read(SYSTEM) as work:
            here = work.within(invoice.project_id)
            return list(await invoicing.document_lines(here, invoice.id))

    async def money(self, project_id: str = PROJECT) -> str | None:
        """Say how much the project's wallet of dollars holds; None where it has none."""
        async with self.world.database.read(SYSTEM) as work:
            here = work.within(project_id)
            try:
                wallet = await wallets.default_wallet(here, USD)
            except wallets.NoWalletForAsset:
                return None
            held = await wallets.balances(here, [wallet.id])
            return held[wallet.id].available.decimal

    async def wrong(self) -> list[str]:
        """Return what a proof of everything finds wrong."""
        proof = await surface.prove(self.world.database)
        return [str(each) for each in proof.differences]


__all__ = ["ACME", "USD", "Desk"]
