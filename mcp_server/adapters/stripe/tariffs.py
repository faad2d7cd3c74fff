"""Prices of plans' items: recurring, by packages, by tiers, or of what a meter counts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

from core.payments import Cost, ItemPriceDraft, MeteredPriceDraft, Price, Product, Tier, Window
from mcp_server.adapters.stripe.calling import Part, Told, given, options
from mcp_server.adapters.stripe.history import within

Ask = Callable[[Told], Awaitable[Any]]
WITH_TIERS = {"expand": ["tiers"]}
"""Stripe tells no tiers unless it is asked for them."""


class TariffsAtStripe(Part):
    async def save_item_price(self, draft: ItemPriceDraft, *, key: str) -> Price:
        cost = draft.cost
        fields = given(
            product=draft.product_id,
            currency=cost.asset.code.lower(),
            nickname=draft.name,
            recurring=_recurring(cost),
            metadata=self._marked(draft.metadata),
        )
        fields |= _scheme(cost) | WITH_TIERS
        told = await self._calls.ask(
            "make a price of an item",
            lambda: self._v1.prices.create_async(fields, options(key)),
        )
        return self._read.price(told)

    async def save_metered_price(self, draft: MeteredPriceDraft, *, key: str) -> Price:
        priced = ItemPriceDraft(
            product_id=draft.product_id, cost=draft.cost, metadata=draft.metadata
        )
        return await self.save_item_price(priced, key=key)

    async def restore_price(self, price_id: str, *, key: str) -> Price:
        fields = {"active": True, **WITH_TIERS}
        told = await self._calls.ask(
            "restore a price",
            lambda: self._v1.prices.update_async(price_id, fields, options(key)),
        )
        return self._read.price(told)

    async def read_product(self, product_id: str) -> Product:
        told = await self._calls.ask(
            "read a product", lambda: self._v1.products.retrieve_async(product_id)
        )
        return self._read.product(told)

    async def read_price(self, price_id: str) -> Price:
        told = await self._calls.ask(
            "read a price", lambda: self._v1.prices.retrieve_async(price_id, WITH_TIERS)
        )
        return self._read.price(told)

    async def prices_of(self, product_id: str) -> AsyncIterator[Price]:
        for active in (True, False):
            # Asked for neither, Stripe tells the active ones alone.
            wanted = {"product": product_id, "active": active, "expand": ["data.tiers"]}
            async for told in self._calls.pages("list prices", self._prices(wanted)):
                yield self._read.price(told)

    async def products_in(self, window: Window) -> AsyncIterator[Product]:
        listed, made = self._v1.products.list_async, within(window)
        async for told in self._calls.pages("list products", lambda at: listed({**made, **at})):
            yield self._read.product(told)

    def _prices(self, wanted: Told) -> Ask:
        return lambda place: self._v1.prices.list_async({**wanted, **place})


def _recurring(cost: Cost) -> dict[str, Any] | None:
    if cost.interval is None:
        return None
    every = {"interval": cost.interval, "interval_count": cost.interval_count}
    return every | ({"usage_type": "metered", "meter": cost.meter_id} if cost.meter_id else {})


def _scheme(cost: Cost) -> dict[str, Any]:
    if cost.tiers:
        tiers = [_tier(each) for each in cost.tiers]
        return {"billing_scheme": "tiered", "tiers_mode": cost.mode, "tiers": tiers}
    unit = Decimal(cost.unit or "0")
    is_whole = unit == unit.to_integral_value()
    told: dict[str, Any] = {"unit_amount": int(unit)} if is_whole else {"unit_amount_decimal": unit}
    if cost.package:
        told["transform_quantity"] = {"divide_by": cost.package, "round": "up"}
    return {"billing_scheme": "per_unit", **told}


def _tier(tier: Tier) -> dict[str, Any]:
    told: dict[str, Any] = {
        "up_to": "inf" if tier.up_to is None else tier.up_to,
        "unit_amount_decimal": Decimal(tier.unit),
    }
    return told | ({"flat_amount": tier.flat} if tier.flat else {})
