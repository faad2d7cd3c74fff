"""Find plans with their versions, and the price book in which one is sold."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select

from core.catalog import tables
from core.catalog.errors import (
    NoPriceInCurrency,
    PlanArchived,
    PlanNotFound,
    PlanVersionNotFound,
)
from core.catalog.model import (
    Head,
    Plan,
    PlanVersion,
    Terms,
    book_for,
)
from core.catalog.writing import read_terms
from core.db.work import Work
from core.kernel.money import Asset
from core.products import PriceBook, find_books

_TERMS = tuple(each.name for each in fields(Terms))


async def choose_book(work: Work, version: PlanVersion, currency: Asset, at: datetime) -> PriceBook:
    """Return the price book in which a new sale of the version in this currency is priced then.

    The open book of that currency that prices the whole version; of several the one of the highest
    priority, then the currency's default. Raises NoPriceInCurrency where there is none.
    """
    known = (await find_books(work)).values()
    chosen = book_for(version, known, currency, at)
    if chosen is None:
        assets = {each.asset for each in known}
        sold = sorted(str(each) for each in assets if book_for(version, known, each, at))
        raise NoPriceInCurrency(version.plan_key, str(currency), sold)
    return chosen


async def plan(work: Work, key: str, *, lock: bool = False) -> Plan:
    """Find a plan, archived ones too. Raises PlanNotFound."""
    p = tables.plans.c
    if lock:
        # First, and alone: who waits for the lock would read the plan of before the wait with it.
        await work.execute(select(p.id).where(p.key == key).with_for_update())
    row = (await work.execute(select(tables.plans).where(p.key == key))).first()
    if row is None:
        raise PlanNotFound(key)
    return plan_of(row)


async def version(work: Work, plan_key: str, number: int | None = None) -> PlanVersion:
    """Find a published version: this one, or the one that is sold now.

    What is archived is found by its number; asked what is sold of it, PlanArchived is raised.
    """
    of = await plan(work, plan_key)
    if number is None:
        if of.archived_at:
            raise PlanArchived(plan_key)
        found = await in_effect(work, of)
    else:
        found = await _one(work, of, tables.versions.c.number == number)
    if found is None:
        raise PlanVersionNotFound(plan_key, "on sale" if number is None else str(number))
    return found


async def in_effect(work: Work, of: Plan) -> PlanVersion | None:
    """Return the version that is sold now, or would be if its plan were not archived."""
    # Of those that have taken effect the newest is sold, whenever it was to take effect.
    return await _one(work, of, tables.versions.c.effective_at <= work.now)


async def all_in_effect(work: Work, plans: Sequence[Plan]) -> list[PlanVersion]:
    """Return the version of each plan that is sold now, in one statement; of some there is none."""
    v, by_id = tables.versions.c, {each.id: each for each in plans}
    newest = select(v.plan_id, func.max(v.number).label("number")).group_by(v.plan_id)
    sold = newest.where(v.plan_id.in_(by_id), v.effective_at <= work.now).subquery("sold")
    this = (v.plan_id == sold.c.plan_id) & (v.number == sold.c.number)
    rows = await work.execute(_versions().join(sold, this).order_by(v.plan_id))
    return [_published(row, by_id[row.plan_id]) for row in rows]


async def _one(work: Work, of: Plan, this: ColumnElement[bool]) -> PlanVersion | None:
    v = tables.versions.c
    query = _versions().where(v.plan_id == of.id, this).order_by(v.number.desc()).limit(1)
    row = (await work.execute(query)).first()
    return _published(row, of) if row else None


async def versions(work: Work, of: Plan, *, limit: int) -> list[PlanVersion]:
    """Return the newest published versions of a plan, the newest first."""
    v = tables.versions.c
    query = _versions().where(v.plan_id == of.id).order_by(v.number.desc()).limit(limit)
    return [_published(row, of) for row in await work.execute(query)]


async def version_by_id(work: Work, version_id: str) -> PlanVersion:
    """Find a version, published or a draft, by its id. Raises PlanVersionNotFound."""
    drafted = select(tables.drafts).where(tables.drafts.c.id == version_id)
    published = _versions().where(tables.versions.c.id == version_id)
    # Drafts first: what is published meanwhile is found where it has gone.
    for query, told in ((drafted, _drafted), (published, _published)):
        row = (await work.execute(query)).first()
        if row is not None:
            of = select(tables.plans).where(tables.plans.c.id == row.plan_id)
            return told(row, plan_of((await work.execute(of)).one()))
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


async def heads(work: Work, of: Plan, *, limit: int) -> list[Head]:
    """Return where the newest published versions of a plan stand, the newest first."""
    v, later = tables.versions.c, _superseded_at()
    query = select(v.id, v.number, v.published_at, v.effective_at, later)
    query = query.where(v.plan_id == of.id).order_by(v.number.desc()).limit(limit)
    return [Head(**row._asdict()) for row in await work.execute(query)]


async def plans_after(
    work: Work,
    after: str | None,
    limit: int,
    *,
    product_key: str | None = None,
    archived: bool = False,
    sold: bool = False,
) -> list[Plan]:
    """Return plans in the order of their keys: of one product, also archived ones, if asked.

    `sold` leaves out plans of which no version has taken effect: they are known to staff alone.
    """
    p, v = tables.plans.c, tables.versions.c
    query = select(tables.plans).order_by(p.key).limit(limit)
    if product_key is not None:
        query = query.where(p.product_key == product_key)
    if not archived:
        query = query.where(p.archived_at.is_(None))
    if sold:
        query = query.where(exists().where(v.plan_id == p.id, v.effective_at <= work.now))
    if after is not None:
        query = query.where(p.key > after)
    return [plan_of(row) for row in await work.execute(query)]


async def numbers_of(work: Work, plans: Sequence[Plan]) -> dict[str, tuple[int | None, int | None]]:
    """Return for each plan, by its id, which version is sold now, and which one is a draft."""
    ids, v, d = [each.id for each in plans], tables.versions.c, tables.drafts.c
    newest = select(v.plan_id, func.max(v.number).label("number")).group_by(v.plan_id)
    sold = newest.where(v.plan_id.in_(ids), v.effective_at <= work.now)
    drafted = select(d.plan_id, d.number).where(d.plan_id.in_(ids))
    on_sale = {row.plan_id: row.number for row in await work.execute(sold)}
    drafts = {row.plan_id: row.number for row in await work.execute(drafted)}
    return {
        each.id: (None if each.archived_at else on_sale.get(each.id), drafts.get(each.id))
        for each in plans
    }


def _versions() -> Select[Any]:
    return select(tables.versions, _superseded_at())


def _superseded_at() -> ColumnElement[datetime]:
    v, later = tables.versions.c, tables.versions.alias("later")
    taking_over = select(func.min(later.c.effective_at)).where(
        later.c.plan_id == v.plan_id, later.c.number > v.number
    )
    return taking_over.scalar_subquery().label("superseded_at")


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
