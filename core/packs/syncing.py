"""Tell the provider of packs: a product for each, a price for each price, archived when we do.

One job for each version of a pack, and it leaves a version that was overtaken to the next one.
What it calls has a key of its own, so that a job that runs twice makes nothing twice.
"""

from typing import Any

from sqlalchemy import update

from core import payments
from core.db.schema import PLATFORM
from core.db.work import Work
from core.jobs import Errand, Failure, JobContext, job
from core.kernel.errors import EngineError, Kind
from core.packs import events, finding, tables
from core.packs.model import Pack, Price, SyncState

REASON_MAX = 500


async def _failed(work: Work, failure: Failure, *, pack_id: str, version: int) -> None:
    pack = await finding.by_id(work, pack_id, lock=True)
    if failure.is_last and pack and pack.version == version:
        await _refuse(work, pack, "provider_unavailable", failure.error)


@job("sync_pack", outside=True, failed=_failed)
async def sync_pack(context: JobContext, *, pack_id: str, version: int) -> None:
    """Have the provider sell the pack as it is in this version, unless there is a later one."""
    async with context.begin() as work:
        pack = await finding.by_id(work, pack_id)
    if pack is None or pack.version != version:
        return
    gateway: payments.Shelf = context.port("gateway")
    try:
        await _tell(context, gateway, pack)
    except payments.ProviderObjectMissing:
        # Somebody deleted it there. Forgotten here, it is made again by the next attempt.
        async with context.begin() as work:
            await _forget(work, pack)
        raise
    except EngineError as error:
        if error.kind is Kind.BUSY:
            raise
        async with context.begin() as work:
            await _refuse(work, pack, error.code, str(error))


async def _tell(context: JobContext, gateway: payments.Shelf, pack: Pack) -> None:
    product_id, price, made = await _tell_product(context, gateway, pack), pack.price, None
    if not pack.archived_at and price.external_id is None:
        draft = payments.PriceDraft(
            product_id=product_id,
            unit=price.money,
            metadata={"pack_id": pack.id, "price_id": price.id},
        )
        made = (await gateway.save_price(draft, key=key_of(f"{price.id}:{product_id}", context))).id
    async with context.begin() as work:
        if made:
            await _change_price(work, price, external_id=made)
        # Read after our own was written: if a later version retired it meanwhile, it is among them.
        left = await finding.left_over(work, pack.id)
    for each in left:
        key = key_of(f"{each.id}:archive", context)
        await gateway.archive_price(each.external_id or "", key=key)
    if pack.archived_at and product_id:
        key = key_of(f"{pack.id}:{pack.version}:archive", context)
        await gateway.archive_product(product_id, key=key)
    async with context.begin() as work:
        for each in left:
            await _change_price(work, each, archived_at=work.now)
        await _synced(work, pack)


async def _tell_product(context: JobContext, gateway: payments.Shelf, pack: Pack) -> str:
    """Make or change the product, and keep its id at once: a second one would only confuse."""
    if pack.archived_at:
        return pack.product_id or ""
    draft = payments.ProductDraft(
        id=pack.product_id,
        name=pack.name,
        description=pack.description,
        metadata={"pack_id": pack.id, "pack_key": pack.key},
    )
    root = f"{pack.id}:{pack.version}:{pack.product_id or 'new'}"
    product = await gateway.save_product(draft, key=key_of(root, context))
    async with context.begin() as work:
        p = tables.packs.c
        keep = update(tables.packs).where(p.id == pack.id, p.product_id.is_(None))
        await work.execute(keep.values(product_id=product.id))
    return product.id


def key_of(root: str, context: JobContext) -> str:
    """Name a call so that an answer that was lost is given again, and a failure is not for ever."""
    return payments.key_of_attempt(root, context.attempt)


async def _synced(work: Work, pack: Pack) -> None:
    p = tables.packs.c
    done = {"sync_state": str(SyncState.SYNCED), "sync_code": None, "sync_reason": None}
    this = update(tables.packs).where(p.id == pack.id, p.version == pack.version)
    await work.execute(this.values(done | {"synced_version": pack.version, "synced_at": work.now}))


async def _change_price(work: Work, price: Price, **values: Any) -> None:
    p = tables.prices.c
    await work.execute(update(tables.prices).where(p.id == price.id).values(values))


async def _refuse(work: Work, pack: Pack, code: str, reason: str) -> None:
    await note(work, pack, SyncState.REFUSED, code, reason)
    await events.tell_sync(work, events.PACK_REFUSED, pack, reason[:REASON_MAX])


async def note(
    work: Work, pack: Pack, state: SyncState, code: str | None, reason: str | None
) -> None:
    """Write how far the provider knows this version of the pack."""
    p = tables.packs.c
    values = {
        "sync_state": str(state),
        "sync_code": code,
        "sync_reason": reason and reason[:REASON_MAX],
        "synced_at": work.now,
    }
    this = update(tables.packs).where(p.id == pack.id, p.version == pack.version)
    await work.execute(this.values(values))


async def _forget(work: Work, pack: Pack) -> None:
    p = tables.packs.c
    await work.execute(update(tables.packs).where(p.id == pack.id).values(product_id=None))
    await _change_price(work, pack.price, external_id=None)


def errand_of(pack_id: str, version: int) -> Errand:
    """Name the job that tells the provider of this version."""
    return Errand(
        job=sync_pack,
        key=f"{pack_id}:{version}",
        project_id=PLATFORM,
        arguments={"pack_id": pack_id, "version": version},
    )
