"""A customer with a card that was kept, whose wallet is topped up by itself."""

from dataclasses import dataclass
from typing import Any

from core import inbox, jobs, surface, topups
from core.jobs import Runtime
from core.kernel.caller import SYSTEM
from core.messaging import mailing
from core.payments import Method, Payment, PaymentDeclined
from tests.core.checkouts.shop import HERE, Shop
from tests.core.wallets.bank import grant, open_project, open_wallet, spend, told
from tests.fakes.gateway import FakeGateway
from tests.world import OPERATOR, World

RULE = {"threshold": "100", "pack_key": "starter", "monthly_spend_max": "100.00"}
DECLINED = PaymentDeclined("Your card was declined.", "card_declined", "insufficient_funds")
ASKS = PaymentDeclined(
    "Your card was declined. This transaction requires authentication.", "authentication_required"
)
BEGUN, SUCCEEDED, FAILED, NEEDS_ACTION, CANCELED, CAPPED, PAUSED = (
    f"wallet.auto_top_up_{word}"
    for word in ("begun", "succeeded", "failed", "needs_action", "canceled", "capped", "paused")
)


@dataclass
class Pump(Shop):
    """A shop with a worker beside it."""

    @property
    def runtime(self) -> Runtime:
        known = {each.name: each for each in surface.JOBS}
        ports = {"gateway": self.gateway, inbox.HANDLERS: surface.HANDLERS, topups.PAGES: HERE}
        return Runtime(self.world.database, known, ports)

    async def keep_card(self, decline: PaymentDeclined | None = None) -> Method:
        """Have somebody leave a card; return it as the provider has it."""
        setup = await self.must("create_payment_method_setup", currency="USD/2")
        self.provider.pay(await self.page_of(setup))
        await self.poll(setup)
        card = next(self.provider.all(Method))
        if decline:
            self.provider.declines[card.id] = decline
        return card

    async def set(self, **changes: Any) -> dict[str, Any]:
        sent = {"wallet_id": self.wallet} | RULE | changes
        return await self.must("enable_auto_top_up", **sent)

    async def rule(self) -> dict[str, Any]:
        return await self.must("get_auto_top_up", self.member, wallet_id=self.wallet)

    async def tick(self, seconds: float = 5) -> None:
        """Let so much time pass, then do what is due."""
        self.world.clock.advance(seconds=seconds)
        await jobs.run_due(self.runtime)

    async def attempts(self) -> list[dict[str, Any]]:
        """Return every attempt, the oldest first."""
        return [*reversed((await self.must("list_top_ups", self.member))["items"])]

    async def states(self) -> list[str]:
        return [each["state"] for each in await self.attempts()]

    async def spend(self, amount: str) -> None:
        await spend(self.world, self.wallet, amount)

    async def happened(self, *kinds: str) -> list[str]:
        return [kind for kind, _ in await told(self.world, *kinds)]

    async def mails(self) -> list[mailing.Kept]:
        """Return the mails that were written about top-ups, the newest first."""
        async with self.world.database.read(SYSTEM) as work:
            kept = await mailing.kept(work, "https://bursar.test")
        return [each for each in kept if each.purpose == "auto_top_up"]

    def paid(self) -> list[Payment]:
        """Return what the provider was really paid."""
        return [each for each in self.provider.all(Payment) if each.received.amount]

    def asked_to_pay(self) -> list[str]:
        """Return the key of every time that it was asked to pay."""
        return [key for name, key in self.gateway.asked if name == "pay_off_session"]


async def open_pump(
    world: World,
    *,
    balance: str = "90",
    decline: PaymentDeclined | None = None,
    time_zone: str = "UTC",
    **rule: Any,
) -> Pump:
    """Have a wallet with this balance, a card, and a rule that buys 1000 below 100."""
    pump = Pump(world, FakeGateway(world.clock))
    pump.project = await open_project(world)
    await pump.must("update_project", OPERATOR, project_id=pump.project, time_zone=time_zone)
    pump.wallet = await open_wallet(world, pump.project, asset="CREDIT/6")
    await grant(world, pump.wallet, balance)
    await pump.sell()
    await pump.keep_card(decline)
    await pump.set(**rule)
    async with world.database.begin(SYSTEM) as work:
        await jobs.install(work, topups.SCHEDULES)
    return pump
