"""Find products, features and price books, archived ones too unless they are listed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from core.db.work import Work
from core.kernel.money import Asset
from core.products import tables
from core.products.errors import FeatureNotFound, PriceBookNotFound, ProductNotFound
from core.products.model import Feature, FeatureKind, PriceBook, Product


async def product(work: Work, key: str, *, lock: bool = False) -> Product:
    """Find a product, archived ones too. Raises ProductNotFound."""
    query = select(tables.products).where(tables.products.c.key == key)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise ProductNotFound(key)
    return Product(**row._asdict())


async def feature(work: Work, key: str) -> Feature:
    """Find a feature, archived ones too. Raises FeatureNotFound."""
    found = await features(work, [key])
    if key not in found:
        raise FeatureNotFound(key)
    return found[key]


async def features(work: Work, keys: Sequence[str] | None = None) -> dict[str, Feature]:
    """Return the features that have these keys, or all, by key in order; archived ones too."""
    query = select(tables.features).order_by(tables.features.c.key)
    if keys is not None:
        query = query.where(tables.features.c.key.in_(sorted(set(keys))))
    return {row.key: feature_of(row) for row in await work.execute(query)}


async def book(work: Work, key: str, *, lock: bool = False) -> PriceBook:
    """Find a price book. Raises PriceBookNotFound."""
    b = tables.books.c
    if lock:
        # First, and alone: who waits for the lock would read the book of before the wait with it.
        await work.execute(select(b.id).where(b.key == key).with_for_update())
    row = (await work.execute(_books().where(b.key == key))).first()
    if row is None:
        raise PriceBookNotFound(key)
    return book_of(row)


async def books(work: Work) -> dict[str, PriceBook]:
    """Return every price book, by key in order. There are a few for each currency."""
    query = _books().order_by(tables.books.c.key)
    return {row.key: book_of(row) for row in await work.execute(query)}


async def products_after(
    work: Work, after: str | None, limit: int, *, archived: bool
) -> list[Product]:
    """Return products in the order of their keys."""
    p = tables.products.c
    query = select(tables.products).order_by(p.key).limit(limit)
    if not archived:
        query = query.where(p.archived_at.is_(None))
    if after is not None:
        query = query.where(p.key > after)
    return [Product(**row._asdict()) for row in await work.execute(query)]


async def features_after(
    work: Work, after: str | None, limit: int, *, archived: bool
) -> list[Feature]:
    """Return features in the order of their keys."""
    f = tables.features.c
    query = select(tables.features).order_by(f.key).limit(limit)
    if not archived:
        query = query.where(f.archived_at.is_(None))
    if after is not None:
        query = query.where(f.key > after)
    return [feature_of(row) for row in await work.execute(query)]


async def books_after(work: Work, after: str | None, limit: int) -> list[PriceBook]:
    """Return price books in the order of their keys."""
    b = tables.books.c
    query = _books().order_by(b.key).limit(limit)
    if after is not None:
        query = query.where(b.key > after)
    return [book_of(row) for row in await work.execute(query)]


def _books() -> Select[Any]:
    b, d = tables.books.c, tables.defaults.c
    joined = tables.books.outerjoin(tables.defaults, d.book_id == b.id)
    return select(tables.books, d.book_id.is_not(None).label("is_default")).select_from(joined)


def feature_of(row: Any) -> Feature:
    return Feature(**{**row._asdict(), "kind": FeatureKind(row.kind)})


def book_of(row: Any) -> PriceBook:
    return PriceBook(**{**row._asdict(), "asset": Asset.parse(row.asset)})
