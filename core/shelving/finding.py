"""Find what stands on the shelf for a plan, and change it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import or_, select, update

from core import payments
from core.db.work import Work
from core.kernel.money import Asset
from core.shelving import tables
from core.shelving.model import REASON_MAX, Shelf, ShelfPrice, ShelfState


async def shelf_of(work: Work, plan_id: str, *, lock: bool = False) -> Shelf | None:
    query = select(tables.shelves).where(tables.shelves.c.plan_id == plan_id)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    return _shelf(row) if row else None


async def shelf_of_product(work: Work, product_id: str) -> Shelf | None:
    """Return the plan's shelf that is this product at the provider."""
    query = select(tables.shelves).where(tables.shelves.c.product_id == product_id)
    row = (await work.execute(query)).first()
    return _shelf(row) if row else None


async def prices_of(work: Work, plan_id: str, *, version: int | None = None) -> list[ShelfPrice]:
    """Return the prices that still matter: of this version, and all that are not archived.

    Newest version first, then in the order of items and books by key.
    """
    p = tables.prices.c
    is_shown = or_(p.archived_at.is_(None), p.drift.is_not(None))
    if version is not None:
        is_shown = p.version == version
    query = select(tables.prices).where(p.plan_id == plan_id, is_shown)
    query = query.order_by(p.version.desc(), p.item_key, p.book_key)
    return [_price(row) for row in await work.execute(query)]


async def every_price_of(work: Work, plan_id: str) -> list[ShelfPrice]:
    """Return all that was ever put at the provider for the plan."""
    p = tables.prices.c
    query = select(tables.prices).where(p.plan_id == plan_id, p.external_id.is_not(None))
    return [_price(row) for row in await work.execute(query.order_by(p.id))]


async def price_by_external(work: Work, external_id: str) -> ShelfPrice | None:
    query = select(tables.prices).where(tables.prices.c.external_id == external_id)
    row = (await work.execute(query)).first()
    return _price(row) if row else None


async def change_shelf(work: Work, shelf: Shelf, **values: Any) -> bool:
    """Write these values unless the provider has to be told of something later meanwhile."""
    s = tables.shelves.c
    this = update(tables.shelves).where(s.plan_id == shelf.plan_id, s.revision == shelf.revision)
    return (await work.execute(this.values(values))).rowcount == 1


async def keep_product(work: Work, plan_id: str, product_id: str) -> None:
    """Write down a product as soon as it is known, whatever else the provider has to be told of."""
    s = tables.shelves.c
    this = update(tables.shelves).where(s.plan_id == plan_id, s.product_id.is_(None))
    await work.execute(this.values(product_id=product_id))


async def change_price(work: Work, price_id: str, **values: Any) -> None:
    p = tables.prices.c
    await work.execute(update(tables.prices).where(p.id == price_id).values(values))


async def forget(work: Work, plan_id: str) -> None:
    """Know nothing of the plan at the provider, where somebody took it away."""
    s, p = tables.shelves.c, tables.prices.c
    anew = {"product_id": None, "attempt": s.attempt + 1}
    await work.execute(update(tables.shelves).where(s.plan_id == plan_id).values(anew))
    own = update(tables.prices).where(p.plan_id == plan_id, p.archived_at.is_(None))
    await work.execute(own.values(external_id=None, attempt=p.attempt + 1))


def short(reason: str | None) -> str | None:
    return reason and reason[:REASON_MAX]


def write_cost(cost: payments.Cost) -> dict[str, Any]:
    return asdict(cost) | {"asset": str(cost.asset)}


def _read_cost(told: Mapping[str, Any]) -> payments.Cost:
    tiers = tuple(payments.Tier(**each) for each in told["tiers"])
    return payments.Cost(**{**told, "asset": Asset.parse(told["asset"]), "tiers": tiers})


def _shelf(row: Any) -> Shelf:
    return Shelf(**{**row._asdict(), "state": ShelfState(row.state)})


def _price(row: Any) -> ShelfPrice:
    return ShelfPrice(**{**row._asdict(), "cost": row.cost and _read_cost(row.cost)})
