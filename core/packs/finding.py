"""Find packs. What a project may not see is not found, and is told apart from nothing by nobody.

A pack belongs to the platform; `visible` alone is data of projects.
"""

from typing import Any

from sqlalchemy import Select, or_, select

from core.db.work import Work
from core.kernel.money import Asset, Money
from core.packs import tables
from core.packs.errors import PackArchived, PackNotFound, PackNotOnSale
from core.packs.model import Pack, Price, Sync, SyncState, Visibility


async def find(work: Work, pack_key: str, *, lock: bool = False) -> Pack:
    """Find a pack, whoever may see it: for staff and jobs. Raises PackNotFound."""
    found = await _one(work, tables.packs.c.key == pack_key, lock=lock)
    if found is None:
        raise PackNotFound(pack_key)
    return found


async def by_id(work: Work, pack_id: str, *, lock: bool = False) -> Pack | None:
    return await _one(work, tables.packs.c.id == pack_id, lock=lock)


async def _one(work: Work, this: Any, *, lock: bool) -> Pack | None:
    if lock:
        # First, and alone: who waits for the lock would read the price of before the wait with it.
        await work.execute(select(tables.packs.c.id).where(this).with_for_update())
    row = (await work.execute(_packs().where(this))).first()
    return _pack(row) if row else None


async def by_product(work: Work, product_id: str) -> Pack | None:
    """Return the pack that is this product at the provider."""
    row = (await work.execute(_packs().where(tables.packs.c.product_id == product_id))).first()
    return _pack(row) if row else None


async def by_price(work: Work, external_id: str) -> Pack | None:
    """Return the pack that is now sold at this price of the provider's."""
    row = (await work.execute(_packs().where(tables.prices.c.external_id == external_id))).first()
    return _pack(row) if row else None


async def for_sale(work: Work, pack_key: str) -> Pack:
    """Return a pack that this unit's project may buy now, or raise why it may not."""
    query = _packs().where(tables.packs.c.key == pack_key, _is_visible(work.project_id))
    row = (await work.execute(query)).first()
    if row is None:
        raise PackNotFound(pack_key)
    pack = _pack(row)
    if pack.archived_at:
        raise PackArchived(pack_key)
    if not pack.is_on_sale:
        why = pack.sync.reason if pack.sync.state is SyncState.REFUSED else None
        raise PackNotOnSale(pack_key, why or "the payment provider does not know it yet")
    return pack


async def list_after(
    work: Work, after: str | None, limit: int, *, archived: bool = False
) -> list[Pack]:
    """Return packs by their key: those this unit's project sees, or all if it is about none."""
    p = tables.packs.c
    query = _packs().order_by(p.key).limit(limit)
    if work.found_project_id:
        query = query.where(_is_visible(work.found_project_id))
    if not archived:
        query = query.where(p.archived_at.is_(None))
    if after is not None:
        query = query.where(p.key > after)
    return [_pack(row) for row in await work.execute(query)]


async def projects_of(work: Work, pack_ids: list[str]) -> dict[str, list[str]]:
    """Return the projects that are listed for these packs. For staff alone."""
    v = tables.visible.c
    query = select(v.pack_id, v.project_id).where(v.pack_id.in_(pack_ids)).order_by(v.project_id)
    listed: dict[str, list[str]] = {each: [] for each in pack_ids}
    for row in await work.execute(query):
        listed[row.pack_id].append(row.project_id)
    return listed


async def left_over(work: Work, pack_id: str) -> list[Price]:
    """Return the prices at which the provider still sells although we do not."""
    p, pack = tables.prices.c, tables.packs.c
    query = (
        select(tables.prices)
        .join(tables.packs, pack.id == p.pack_id)
        .where(
            p.pack_id == pack_id,
            or_(p.retired_at.is_not(None), pack.archived_at.is_not(None)),
            p.external_id.is_not(None),
            p.archived_at.is_(None),
        )
        .order_by(p.id)
    )
    return [_price(row) for row in await work.execute(query)]


def _is_visible(project_id: str) -> Any:
    p, v = tables.packs.c, tables.visible.c
    listed = select(v.pack_id).where(v.project_id == project_id)
    return or_(p.visibility == str(Visibility.ALL), p.id.in_(listed))


def _packs() -> Select[Any]:
    p, price = tables.packs.c, tables.prices.c
    named = [each.label(f"price_{each.name}") for each in price if each.name != "pack_id"]
    asked = (price.pack_id == p.id) & price.retired_at.is_(None)
    return select(tables.packs, *named).join(tables.prices, asked)


def _pack(row: Any) -> Pack:
    asset = Asset.parse(row.asset)
    return Pack(
        id=row.id,
        key=row.key,
        name=row.name,
        description=row.description,
        credits=Money(row.credits, asset),
        bonus=Money(row.bonus, asset),
        expires_after_days=row.expires_after_days,
        visibility=Visibility(row.visibility),
        price=Price(
            id=row.price_id,
            pack_id=row.id,
            money=Money(row.price_amount, Asset.parse(row.price_asset)),
            created_at=row.price_created_at,
            external_id=row.price_external_id,
        ),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        archived_at=row.archived_at,
        product_id=row.product_id,
        sync=Sync(
            state=SyncState(row.sync_state),
            code=row.sync_code,
            reason=row.sync_reason,
            version=row.synced_version,
            at=row.synced_at,
        ),
    )


def _price(row: Any) -> Price:
    return Price(
        id=row.id,
        pack_id=row.pack_id,
        money=Money(row.amount, Asset.parse(row.asset)),
        created_at=row.created_at,
        retired_at=row.retired_at,
        external_id=row.external_id,
        archived_at=row.archived_at,
    )
