"""A pack that was sold and paid, and what can happen to the payment after."""

from dataclasses import dataclass
from typing import Any

from core import payments, settling
from core.inbox import STRIPE, replay
from core.kernel.caller import SYSTEM
from tests.core.checkouts.shop import Shop, open_shop
from tests.world import OPERATOR, World


@dataclass
class Sold:
    """Ten dollars were paid for a thousand credits, and for a bonus if the pack has one."""

    shop: Shop
    payment: str

    @property
    def external(self) -> str:
        return next(each.id for each in self.shop.provider.all(payments.Payment))

    async def record(self) -> dict[str, Any]:
        return await self.shop.must("get_payment", payment_id=self.payment)

    async def refund(self, amount: str | None = None, **sent: Any) -> Any:
        sent |= {"project_id": self.shop.project, "payment_id": self.payment}
        if amount is not None:
            sent["amount"] = amount
        return await self.shop.ask("refund_payment", OPERATOR, **sent)

    async def spend(self, amount: str) -> None:
        """Have so much of the wallet gone, by moving it where nobody gets it back from."""
        shop = self.shop
        away = {"project_id": shop.project, "name": "Away", "asset": "CREDIT/6"}
        other = await shop.must("create_wallet", OPERATOR, **away)
        both = {"from_wallet_id": shop.wallet, "to_wallet_id": other["id"]}
        await shop.must("transfer_credits", shop.admin, **both, amount=amount)

    async def hear_again(self) -> None:
        """Have every event of refunds, disputes and payouts handled once more, the latest first."""
        world = self.shop.world
        for event in reversed(self.shop.provider.events):
            if event.type not in settling.HANDLERS:
                continue
            world.clock.advance(seconds=1)
            async with world.database.begin(SYSTEM) as work:
                await replay(work, STRIPE, event.id)
            await self.shop.hear()

    async def dispute(self) -> dict[str, Any]:
        [told] = (await self.shop.must("list_disputes", payment_id=self.payment))["items"]
        return dict(told)


async def sold(world: World, **pack: Any) -> Sold:
    shop = await open_shop(world, **pack)
    checkout = await shop.buy()
    shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()
    return Sold(shop, str(checkout["payment_id"]))
