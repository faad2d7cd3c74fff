"""Projects that buy, and what becomes of it: given back, disputed, decided, paid out.

All of it happens at a provider that is kept in memory. For the workers of a storm, which are
processes of their own, it is written to a file: they read it anew as ours do, and now and then it
does not answer them.
"""

import os
import pickle
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import inbox, surface
from core.db.work import Database
from core.kernel.clock import Clock
from core.kernel.money import Money
from core.payments import DisputeState, Payment, ProviderUnavailable, RefundDraft
from tests.core.checkouts.shop import Shop
from tests.core.wallets.bank import open_project, open_wallet
from tests.fakes.gateway import FakeGateway
from tests.fakes.provider import FakeProvider
from tests.world import World

PROVIDER = "BURSAR_STORM_PROVIDER"
"""Names the file that the workers read the provider from."""
PROJECTS = 4
SILENT = 0.03
"""The share of calls that is not answered."""
AMOUNTS = ("refunded", "disputed", "received", "credits", "bonus_credits")
FATES = 8
"""What becomes of a purchase: so many things, one after the other."""
MOST = 8
"""No purchase is told of in more events than this, whatever becomes of it."""


@dataclass
class Market:
    """Some projects beside one provider, and a pack that all of them buy."""

    world: World
    gateway: FakeGateway
    shops: list[Shop] = field(default_factory=list)

    @classmethod
    async def open(cls, world: World) -> "Market":
        market = cls(world, FakeGateway(world.clock))
        for n in range(PROJECTS):
            shop = Shop(world, market.gateway, await open_project(world, f"Project {n}"))
            shop.wallet = await open_wallet(world, shop.project, asset="CREDIT/6")
            market.shops.append(shop)
        await market.shops[0].sell(bonus_credits="77")
        return market

    @property
    def provider(self) -> FakeProvider:
        return self.gateway.provider

    async def happen(self, events: int) -> AsyncIterator[None]:
        """Have so many events told, and stop after every step, so that somebody may hear of it."""
        n = 0
        while len(self.provider.events) < events - MOST:
            async for _ in self._purchase(n):
                yield
            n += 1
        self.provider.pay_out()
        yield
        while len(self.provider.events) < events:
            payment = next(self.provider.all(Payment))
            self.provider.leave_method(payment.customer_id or "")
        yield

    async def _purchase(self, n: int) -> AsyncIterator[None]:
        shop, provider = self.shops[(n + n // FATES) % PROJECTS], self.provider
        page = await shop.page_of(await shop.buy())
        fate = n % FATES
        if fate == 1:
            provider.decline(page)
            yield
        if fate == 2:
            provider.pay_later(page)
            yield
        if fate == 2 and n // FATES % 2:
            provider.bounce(page)
            yield
            return
        paid = (provider.settle if fate == 2 else provider.pay)(page).payment_id or ""
        provider.tell_of_charge(paid, "charge.succeeded")
        yield
        if fate in {3, 4}:
            async for _ in self._give_back(n, paid, fails=fate == 4):
                yield
        elif fate in {5, 6, 7}:
            opened = provider.dispute(paid, inquiry=fate == 7)
            yield
            ends = {5: DisputeState.WON, 6: DisputeState.LOST, 7: DisputeState.WARNING_CLOSED}
            provider.decide(opened.id, ends[fate])
            yield

    async def _give_back(self, n: int, paid: str, *, fails: bool) -> AsyncIterator[None]:
        asset = self.provider.find(Payment, paid).amount.asset
        part = RefundDraft(payment_id=paid, amount=Money(300 + 10 * n % 400, asset))
        given = await self.gateway.refund(part, key=f"part {n}")
        yield
        if fails:
            self.provider.fail_refund(given.id)
        else:
            await self.gateway.refund(RefundDraft(payment_id=paid), key=f"rest {n}")
        yield

    async def books(self) -> list[Any]:
        """Return what every account of every project holds, and what each payment came to."""
        told: list[Any] = []
        for shop in self.shops:
            told.append(await shop.accounts())
            told += [
                sorted([_told(each) async for each in _pages(shop, name)])
                for name in ("list_payments", "list_refunds", "list_disputes")
            ]
        return told


async def _pages(shop: Shop, name: str) -> AsyncIterator[dict[str, Any]]:
    cursor: dict[str, Any] = {}
    while True:
        page = await shop.must(name, limit=100, **cursor)
        for each in page["items"]:
            yield each
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def _told(item: dict[str, Any]) -> list[str]:
    """Return what is the same in whatever order it was heard: no id of ours, and no time."""
    named = next(value for name, value in item.items() if name.startswith("provider_"))
    how = item.get("state") or item["status"]
    return [str(named), str(how), *(str(item[name]) for name in AMOUNTS if name in item)]


# -- In the workers of a storm --------------------------------------------------------------------


class Faltering(FakeGateway):
    """A gateway to a provider that does not always answer."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._chance = random.Random(20261121)  # noqa: S311 - it must falter the same way every time

    def _answering(self) -> None:
        super()._answering()
        if self._chance.random() < SILENT:
            raise ProviderUnavailable


def write(provider: FakeProvider, path: Path) -> None:
    """Write down all that happened at the provider."""
    path.write_bytes(pickle.dumps(provider))


def ports(database: Database) -> Mapping[str, Any]:
    """Give a worker the handlers of all slices, and the provider as it was written down."""
    gateway = Faltering(database.clock)
    written = Path(os.environ[PROVIDER]).read_bytes()
    gateway.provider = pickle.loads(written)  # noqa: S301 - the test wrote it
    return {"gateway": gateway, inbox.HANDLERS: surface.HANDLERS}
