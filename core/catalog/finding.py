"""Find products, features, price books, and plans with their versions."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from core.catalog import tables
from core.catalog.errors import (
    FeatureNotFound,
    NoPriceInCurrency,
    PlanArchived,
    PlanNotFound,
    PlanVersionNotFound,
    PriceBookNotFound,
    ProductNotFound,
)
from core.catalog.model import (
    Feature,
    FeatureKind,
    Plan,
    PlanVersion,
    PriceBook,
    Product,
    Terms,
    book_for,
)
from core.catalog.writing import read_terms
from core.db.work import Work
from core.kernel.money import Asset

_TERMS = tuple(each.name for each in fields(Terms))


# -- Products, features and price books ------------------------------------------------------------


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
    query = select(tables.books).where(tables.books.c.key == key)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise PriceBookNotFound(key)
    return book_of(row)


async def books(work: Work) -> dict[str, PriceBook]:
    """Return every price book, by key in order. There are a few for each currency."""
    query = select(tables.books).order_by(tables.books.c.key)
    return {row.key: book_of(row) for row in await work.execute(query)}


async def choose_book(work: Work, version: PlanVersion, currency: Asset, at: datetime) -> PriceBook:
    """Return the price book in which a new sale of the version in this currency is priced then.

    The open book of that currency that prices the whole version; of several the one of the highest
    priority, then the currency's default. Raises NoPriceInCurrency where there is none.
    """
    known = (await books(work)).values()
    chosen = book_for(version, known, currency, at)
    if chosen is None:
        assets = {each.asset for each in known}
        sold = sorted(str(each) for each in assets if book_for(version, known, each, at))
        raise NoPriceInCurrency(version.plan_key, str(currency), sold)
    return chosen


# -- Plans and their versions ----------------------------------------------------------------------


async def plan(work: Work, key: str, *, lock: bool = False) -> Plan:
    """Find a plan, archived ones too. Raises PlanNotFound."""
    p = tables.plans.c
    if lock:
        # First, and alone: who waits for the lock would read the plan of before the wait with it.
        await work.execute(select(p.id).where(p.key == key).with_for_update())
    row = (await work.execute(_plans().where(p.key == key))).first()
    if row is None:
        raise PlanNotFound(key)
    return plan_of(row)


async def version(work: Work, plan_key: str, number: int | None = None) -> PlanVersion:
    """Find a published version: this one, or the one that is sold now.

    What is archived is found by its number; asked what is sold of it, PlanArchived is raised.
    """
    found, v = await plan(work, plan_key), tables.versions.c
    if number is None and found.archived_at:
        raise PlanArchived(plan_key)
    # Of those that have taken effect the newest is sold, whenever it was to take effect.
    wanted = v.effective_at <= work.now if number is None else v.number == number
    query = _versions().where(v.plan_id == found.id, wanted).order_by(v.number.desc()).limit(1)
    row = (await work.execute(query)).first()
    if row is None:
        raise PlanVersionNotFound(plan_key, "on sale" if number is None else str(number))
    return _published(row, found)


async def versions(work: Work, of: Plan, *, limit: int) -> list[PlanVersion]:
    """Return the newest published versions of a plan, the newest first."""
    v = tables.versions.c
    query = _versions().where(v.plan_id == of.id).order_by(v.number.desc()).limit(limit)
    return [_published(row, of) for row in await work.execute(query)]


async def version_by_id(work: Work, version_id: str) -> PlanVersion:
    """Find a version, published or a draft, by its id. Raises PlanVersionNotFound."""
    v, d, p = tables.versions.c, tables.drafts.c, tables.plans.c
    for table in (tables.versions, tables.drafts):
        held = select(table.c.plan_id).where(table.c.id == version_id)
        row = (await work.execute(_plans().where(p.id == held.scalar_subquery()))).first()
        if row is None:
            continue
        of = plan_of(row)
        if table is tables.drafts:
            rows = await work.execute(select(tables.drafts).where(d.id == version_id))
            return _drafted(rows.one(), of)
        return _published((await work.execute(_versions().where(v.id == version_id))).one(), of)
    raise PlanVersionNotFound(None, version_id)


async def draft(work: Work, plan_key: str) -> PlanVersion:
    """Find the draft of a plan. Raises PlanVersionNotFound where there is none."""
    found = await draft_or_none(work, await plan(work, plan_key))
    if found is None:
        raise PlanVersionNotFound(plan_key, "draft")
    return found


async def draft_or_none(work: Work, of: Plan) -> PlanVersion | None:
    d = tables.drafts.c
    row = (await work.execute(select(tables.drafts).where(d.plan_id == of.id))).first()
    return _drafted(row, of) if row else None


async def plans_after(
    work: Work,
    after: str | None,
    limit: int,
    *,
    product_key: str | None = None,
    archived: bool = False,
) -> list[Plan]:
    """Return plans in the order of their keys."""
    p = tables.plans.c
    query = _plans().order_by(p.key).limit(limit)
    if product_key is not None:
        query = query.where(tables.products.c.key == product_key)
    if not archived:
        query = query.where(p.archived_at.is_(None))
    if after is not None:
        query = query.where(p.key > after)
    return [plan_of(row) for row in await work.execute(query)]


def _plans() -> Select[Any]:
    p, product_of = tables.plans.c, tables.products.c
    named = [each for each in p if each.name != "product_id"]
    joined = tables.plans.join(tables.products, product_of.id == p.product_id)
    return select(*named, product_of.key.label("product_key")).select_from(joined)


def _versions() -> Select[Any]:
    v, later = tables.versions.c, tables.versions.alias("later")
    taking_over = select(func.min(later.c.effective_at)).where(
        later.c.plan_id == v.plan_id, later.c.number > v.number
    )
    return select(tables.versions, taking_over.scalar_subquery().label("superseded_at"))


def _published(row: Any, of: Plan) -> PlanVersion:
    return PlanVersion(
        **_members(row),
        id=row.id,
        number=row.number,
        plan=of,
        revision=0,
        created_at=row.created_at,
        published_at=row.published_at,
        effective_at=row.effective_at,
        superseded_at=row.superseded_at,
    )


def _drafted(row: Any, of: Plan) -> PlanVersion:
    return PlanVersion(
        **_members(row),
        id=row.id,
        number=row.number,
        plan=of,
        revision=row.revision,
        created_at=row.created_at,
        published_at=None,
        effective_at=None,
        superseded_at=None,
    )


def _members(row: Any) -> dict[str, Any]:
    terms = read_terms(row._asdict())
    return {name: getattr(terms, name) for name in _TERMS}


def plan_of(row: Any) -> Plan:
    return Plan(**row._asdict())


def feature_of(row: Any) -> Feature:
    return Feature(**{**row._asdict(), "kind": FeatureKind(row.kind)})


def book_of(row: Any) -> PriceBook:
    return PriceBook(**{**row._asdict(), "asset": Asset.parse(row.asset)})
