"""Hear what becomes of our products and prices at the provider: whoever changes them there, drifts.

The provider's events carry the object as it was then; only a later one than all before is believed.
"""

from typing import Any

from core import payments
from core.db.work import Work
from core.inbox import Handlers, Hearing
from core.packs import events, finding, syncing
from core.packs.model import Pack, SyncState


async def product_changed(hearing: Hearing) -> None:
    """Compare our pack with the product that was changed, or deleted."""
    deleted = hearing.event.type.endswith(".deleted")
    product = _seen(hearing)
    async with hearing.begin() as work:
        pack = await finding.by_product(work, hearing.event.object_id or "")
        if pack is None or not (deleted or isinstance(product, payments.Product)):
            await hearing.ignored(work)
            return
        if await hearing.is_news(work):
            if deleted:
                await _compare(work, pack, "it was deleted there")
            elif isinstance(product, payments.Product):
                await _compare(work, pack, pack.drift(name=product.name, active=product.active))
        await hearing.handled(work)


async def price_changed(hearing: Hearing) -> None:
    """Notice that nobody can pay the price we ask any more."""
    deleted = hearing.event.type.endswith(".deleted")
    price = _seen(hearing)
    async with hearing.begin() as work:
        pack = await finding.by_price(work, hearing.event.object_id or "")
        if pack is None or not (deleted or isinstance(price, payments.Price)):
            await hearing.ignored(work)
            return
        if await hearing.is_news(work):
            gone = deleted or (isinstance(price, payments.Price) and not price.active)
            drifted = gone and pack.archived_at is None
            await _compare(work, pack, "its price was archived there" if drifted else None)
        await hearing.handled(work)


def _seen(hearing: Hearing) -> Any:
    gateway: payments.History = hearing.port("gateway")
    return gateway.seen(hearing.event.snapshot)


async def _compare(work: Work, pack: Pack, drift: str | None) -> None:
    if drift:
        await syncing.note(work, pack, SyncState.DRIFTED, "drifted", drift)
        await events.tell_sync(work, events.PACK_DRIFTED, pack, drift)
    elif pack.sync.state is SyncState.DRIFTED:
        await syncing.note(work, pack, SyncState.SYNCED, None, None)


HANDLERS: Handlers = {
    "product.updated": product_changed,
    "product.deleted": product_changed,
    "price.updated": price_changed,
    "price.deleted": price_changed,
}
