"""A customer who is invoiced, with a card or without one, and a worker that hears everything."""

from dataclasses import dataclass, replace
from typing import Any

from core import (
    collecting,
    exporting,
    inbox,
    invoicing,
    jobs,
    printing,
    shelving,
    surface,
    topups,
)
from core.bills import Line
from core.jobs import Runtime
from core.kernel.caller import SYSTEM
from core.messaging import Relay, mailing
from core.payments import Payment, PaymentDeclined
from mcp_server.adapters.local_broker import LocalBroker
from tests.core.bills.bills import line
from tests.core.checkouts.shop import HERE
from tests.core.invoicing.office import ACME, draw_up, open_office
from tests.core.ledger.books import unit
from tests.core.topups.pump import Pump
from tests.core.wallets.bank import open_project, told
from tests.fakes.gateway import FakeGateway
from tests.fakes.renderer import FakeRenderer
from tests.world import OPERATOR, World

BEGUN, PROCESSING, SUCCEEDED, FAILED, NEEDS_ACTION, CANCELED, SURPLUS = (
    f"collection.{word}"
    for word in (
        *("begun", "processing", "succeeded", "failed", "needs_action", "canceled"),
        "surplus",
    )
)


@dataclass
class Till(Pump):
    """A shop that sends invoices."""

    @property
    def runtime(self) -> Runtime:
        known = {each.name: each for each in surface.JOBS}
        ports = {
            "gateway": self.gateway,
            inbox.HANDLERS: surface.HANDLERS,
            topups.PAGES: HERE,
            printing.PRINTER: FakeRenderer(),
            shelving.EVENT_NAMES: exporting.event_names,
        }
        return Runtime(self.world.database, known, ports)

    async def draw_up(self, reference: str = "one", *lines: Line) -> invoicing.Invoice:
        made = lines or (line("seat", "100.00"),)
        return await draw_up(self.world, reference, *made, project_id=self.project)

    async def issue(self, reference: str = "one", *lines: Line) -> invoicing.Invoice:
        """Issue an invoice, over $100 if nothing else is said; nothing is heard of it yet."""
        drawn = await self.draw_up(reference, *lines)
        async with unit(self.world, self.project) as work:
            return await invoicing.finalize(work, drawn.id)

    async def relay(self) -> int:
        """Hear what the engine told itself; return how much that was."""
        heard, broker = 0, LocalBroker(self.world.database, surface.SUBSCRIPTIONS)
        while told := await Relay(self.world.database, broker).relay_batch():
            heard += told
        return heard

    async def work_off(self) -> None:
        """Hear, and do what is due, until there is nothing left."""
        while await self.relay() or await jobs.run_due(self.runtime):
            pass

    async def collect(self, reference: str = "one", *lines: Line) -> invoicing.Invoice:
        """Issue an invoice, and let everything come of it that comes by itself."""
        issued = await self.issue(reference, *lines)
        await self.work_off()
        return await self.invoice(issued.id)

    async def again(self, invoice_id: str) -> None:
        """Try once more, as whoever chases money does."""
        async with unit(self.world, self.project) as work:
            await collecting.collect(work, invoice_id)
        await self.work_off()

    async def invoice(self, invoice_id: str) -> invoicing.Invoice:
        async with unit(self.world, self.project) as work:
            return await invoicing.find(work, invoice_id)

    async def attempts(self) -> list[dict[str, Any]]:
        shown = await self.must("list_collection_attempts", self.member)
        return [*reversed(shown["items"])]

    async def told_of(self, kind: str) -> dict[str, Any]:
        """Return what the newest event of a kind says."""
        return dict((await told(self.world, kind))[-1][1])

    async def mails(self) -> list[mailing.Kept]:
        async with self.world.database.read(SYSTEM) as work:
            kept = await mailing.kept(work, "https://bursar.test")
        return [each for each in kept if each.purpose == "collection"]

    async def page(self) -> str:
        """Return what the provider calls the page that the newest attempt waits for."""
        checkout_id = (await self.attempts())[-1]["checkout_id"]
        shown = await self.must("get_checkout", self.member, checkout_id=checkout_id)
        return (await self.page_of(shown)).split("#")[0]

    async def pay_page(self) -> None:
        self.provider.pay(await self.page())
        await self.hear()
        await self.work_off()

    def paid(self) -> list[Payment]:
        return [each for each in self.provider.all(Payment) if each.received.amount]

    async def refund(self, payment_id: str, **sent: Any) -> dict[str, Any]:
        here = {"project_id": self.project, "payment_id": payment_id}
        refund = await self.must("refund_payment", OPERATOR, **here, **sent)
        await self.hear()
        await self.work_off()
        return refund


async def open_till(
    world: World, *, card: bool = True, decline: PaymentDeclined | None = None
) -> Till:
    """Have a project that a legal entity invoices, and a card that pays, if it has one."""
    till = Till(world, FakeGateway(world.clock))
    till.project = await open_project(world)
    await open_office(world, replace(ACME, rules=()))
    if card:
        await till.keep_card(decline)
    await till.work_off()
    return till
