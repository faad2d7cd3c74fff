"""Make, change and archive packs. The provider is told afterwards, by a job of each version."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, insert, update

from core import jobs
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.money import Money
from core.packs import events, finding, tables
from core.packs.errors import PackArchived, PackKeyTaken
from core.packs.model import Pack, Price, Sync, SyncState
from core.packs.syncing import errand_of


async def create(work: Work, pack: Pack, projects: Sequence[str]) -> Pack:
    """Write a pack and its price. Its key names it for ever."""
    row = _row_of(pack) | {"id": pack.id, "key": pack.key, "created_at": pack.created_at}
    if not await insert_if_absent(work, tables.packs, row):
        raise PackKeyTaken(pack.key)
    await _ask(work, pack.price)
    await _show_to(work, pack.id, projects)
    await _sync(work, pack)
    await events.tell(work, events.PACK_CREATED, pack)
    return pack


async def change(
    work: Work,
    pack_key: str,
    changes: dict[str, Any],
    *,
    price: Money | None,
    projects: Sequence[str] | None,
) -> Pack:
    """Change what is named, and leave the rest. What was sold stays as it was sold.

    Another price is a price of its own, at the provider too; checkouts that are open keep theirs.
    """
    before = await finding.find(work, pack_key, lock=True)
    if before.archived_at:
        raise PackArchived(pack_key)
    after = replace(before, **changes, version=before.version + 1, updated_at=work.now)
    if price is not None and price != before.price.money:
        asked = Price(id=work.ids.new("prc"), pack_id=after.id, money=price, created_at=work.now)
        after = replace(after, price=asked)
    after = replace(after, sync=_waiting(before))
    await _write(work, before, after)
    if after.price is not before.price:
        await _retire(work, before.price)
        await _ask(work, after.price)
    if projects is not None:
        await _show_to(work, after.id, projects)
    await _sync(work, after)
    await events.tell(work, events.PACK_UPDATED, after, before)
    return after


async def archive(work: Work, pack_key: str) -> Pack:
    """Sell it no longer. Archived twice is archived; what was sold stays sold."""
    before = await finding.find(work, pack_key, lock=True)
    if before.archived_at:
        return before
    after = replace(
        before,
        archived_at=work.now,
        updated_at=work.now,
        version=before.version + 1,
        sync=_waiting(before),
    )
    await _write(work, before, after)
    await _sync(work, after)
    await events.tell(work, events.PACK_ARCHIVED, after, before)
    return after


async def _write(work: Work, before: Pack, after: Pack) -> None:
    p = tables.packs.c
    guarded = update(tables.packs).where(p.id == before.id, p.version == before.version)
    written = await work.execute(guarded.values(_row_of(after)))
    assert written.rowcount == 1, "the pack is locked"
    work.record("changed", after.id)


async def _ask(work: Work, price: Price) -> None:
    row = {"id": price.id, "pack_id": price.pack_id, "created_at": price.created_at}
    money = {"amount": price.money.amount, "asset": str(price.money.asset)}
    await work.execute(insert(tables.prices), row | money)


async def _retire(work: Work, price: Price) -> None:
    p = tables.prices.c
    await work.execute(update(tables.prices).where(p.id == price.id).values(retired_at=work.now))


async def _show_to(work: Work, pack_id: str, projects: Sequence[str]) -> None:
    v = tables.visible.c
    await work.execute(delete(tables.visible).where(v.pack_id == pack_id))
    rows = [{"project_id": each, "pack_id": pack_id} for each in sorted(set(projects))]
    if rows:
        await work.execute(insert(tables.visible), rows)


async def _sync(work: Work, pack: Pack) -> None:
    errand = errand_of(pack.id, pack.version)
    platform = work.within(errand.project_id)
    await jobs.enqueue(platform, errand.job, key=errand.key, **errand.arguments)


def _waiting(before: Pack) -> Sync:
    return replace(before.sync, state=SyncState.WAITING, code=None, reason=None)


def _row_of(pack: Pack) -> dict[str, Any]:
    return {
        "name": pack.name,
        "description": pack.description,
        "credits": pack.credits.amount,
        "bonus": pack.bonus.amount,
        "asset": str(pack.credits.asset),
        "expires_after_days": pack.expires_after_days,
        "visibility": str(pack.visibility),
        "version": pack.version,
        "updated_at": pack.updated_at,
        "archived_at": pack.archived_at,
        "product_id": pack.product_id,
        "sync_state": str(pack.sync.state),
        "sync_code": pack.sync.code,
        "sync_reason": pack.sync.reason,
        "synced_version": pack.sync.version,
        "synced_at": pack.sync.at,
    }
