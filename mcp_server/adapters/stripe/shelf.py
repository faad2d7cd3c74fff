"""Products and prices: what is for sale, so that Stripe's pages can name it."""

from core.payments import Price, PriceDraft, Product, ProductDraft
from mcp_server.adapters.stripe.calling import Part, given, options
from mcp_server.adapters.stripe.currencies import LIMITS


class ShelfAtStripe(Part):
    async def save_product(self, draft: ProductDraft, *, key: str) -> Product:
        products, known = self._v1.products, draft.id
        fields = given(name=draft.name, metadata=self._marked(draft.metadata))
        # Nothing unsets a description but an empty one, which a new product may not have.
        fresh = fields | given(description=draft.description or None)
        changed = fields | {"description": draft.description or "", "active": True}
        told = await self._calls.ask(
            "save a product",
            lambda: (
                products.update_async(known, changed, options(key))
                if known
                else products.create_async(fresh, options(key))
            ),
        )
        return self._read.product(told)

    async def save_price(self, draft: PriceDraft, *, key: str) -> Price:
        unit = LIMITS.require(draft.unit)
        recurring = {"interval": draft.interval, "interval_count": draft.interval_count}
        fields = given(
            product=draft.product_id,
            unit_amount=unit.amount,
            currency=unit.asset.code.lower(),
            recurring=recurring if draft.interval else None,
            metadata=self._marked(draft.metadata),
        )
        told = await self._calls.ask(
            "make a price", lambda: self._v1.prices.create_async(fields, options(key))
        )
        return self._read.price(told)

    async def archive_product(self, product_id: str, *, key: str) -> Product:
        told = await self._calls.ask(
            "archive a product",
            lambda: self._v1.products.update_async(product_id, {"active": False}, options(key)),
        )
        return self._read.product(told)

    async def archive_price(self, price_id: str, *, key: str) -> Price:
        told = await self._calls.ask(
            "archive a price",
            lambda: self._v1.prices.update_async(price_id, {"active": False}, options(key)),
        )
        return self._read.price(told)
