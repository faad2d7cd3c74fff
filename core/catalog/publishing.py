"""Publish a draft, so that it is sold and never changed again; and stop selling a plan."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from core import products
from core.catalog import events, finding, tables
from core.catalog.comparing import compare
from core.catalog.drafting import expected
from core.catalog.errors import (
    PlanArchived,
    PlanNotPublishable,
    PlanVersionNotFound,
    ProductInUse,
)
from core.catalog.model import Plan, PlanVersion, Terms
from core.catalog.reading import (
    Known,
    Problem,
    known_to,
    problems_of_entitlements,
    problems_of_items,
)
from core.catalog.writing import write_terms
from core.db.work import Work, canonical
from core.operations.errors import invalid

PLANS_NAMED_MAX = 20


async def publish(
    work: Work,
    plan_key: str,
    *,
    effective_at: datetime | None = None,
    version: int | None = None,
    revision: int | None = None,
) -> PlanVersion:
    """Publish the draft: sold from now, or from `effective_at`. Who holds another version keeps it.

    Raises PlanNotPublishable for everything that is missing, with the path of each field.
    """
    plan = await finding.plan(work, plan_key, lock=True)
    if plan.archived_at:
        raise PlanArchived(plan_key)
    if effective_at is not None and effective_at < work.now:
        raise invalid("effective_at", "must not be in the past; leave it out for at once")
    draft = await expected(work, plan, version, revision)
    if draft is None:
        raise PlanVersionNotFound(plan_key, "draft")
    since = effective_at or work.now
    known = await known_to(work, draft.items, draft.entitlements)
    if problems := unready(draft, known, since):
        told = [{"field": field, "problem": what} for field, what in problems]
        raise PlanNotPublishable(told)
    before = await finding.versions(work, plan, limit=1)
    published = replace(draft, revision=0, published_at=work.now, effective_at=since)
    await _write(work, published)
    changes = compare(before[0] if before else None, published)
    await events.tell_version(work, events.PLAN_PUBLISHED, published, changes)
    return published


async def archive(work: Work, plan_key: str) -> Plan:
    """Sell the plan no longer. Archived twice is archived; who holds it keeps it."""
    before = await finding.plan(work, plan_key, lock=True)
    if before.archived_at:
        return before
    after, p = replace(before, archived_at=work.now, updated_at=work.now), tables.plans.c
    row = {"archived_at": work.now, "updated_at": work.now}
    await work.execute(update(tables.plans).where(p.id == before.id).values(row))
    told = events.plan_facts(after), events.plan_facts(before)
    await events.tell(work, events.PLAN_ARCHIVED, after.id, *told)
    return after


async def archive_product(work: Work, key: str) -> products.Product:
    """Take no more plans for a product. Refused while one is on sale.

    Whoever makes a plan locks its product, too, so that none is made meanwhile.
    """
    product = await products.find_product(work, key, lock=True)
    p = tables.plans.c
    unarchived = select(p.key).where(p.product_key == key, p.archived_at.is_(None))
    query = unarchived.order_by(p.key).limit(PLANS_NAMED_MAX)
    if plans := [row.key for row in await work.execute(query)]:
        raise ProductInUse(key, plans)
    return await products.archive_product(work, product)


def unready(terms: Terms, known: Known, since: datetime) -> list[Problem]:
    """Say everything that keeps these terms from being sold."""
    problems = problems_of_items(terms.items, known)
    problems += problems_of_entitlements(terms.entitlements, known)
    return [*problems, *_unpriced(terms), *_closed(terms, known, since)]


def _unpriced(terms: Terms) -> Iterator[Problem]:
    if not terms.items and not terms.entitlements:
        yield "items", "are missing: a plan charges for something, or gives something"
    books = {key: n for n, each in reversed([*enumerate(terms.items)]) for key in each.prices}
    for n, item in enumerate(terms.items):
        if not books:
            yield f"items.{n}.prices", "is empty: give a price in at least one price book"
        for key in sorted(books.keys() - item.prices.keys()):
            what = f"is missing: items.{books[key]} has a price in {key}, so this one needs one"
            yield f"items.{n}.prices.{key}", what


def _closed(terms: Terms, known: Known, since: datetime) -> Iterator[Problem]:
    books = [known.books[key] for key in sorted(terms.books) if key in known.books]
    if books and all(each.ends_at and each.ends_at <= since for each in books):
        closed = ", ".join(f"{each.key} (closed at {each.ends_at})" for each in books)
        what = f"has no price book that is open when it takes effect, but {closed}"
        yield "items.0.prices", f"{what}; give prices in an open one, or update_price_book"


async def _write(work: Work, version: PlanVersion) -> None:
    row = {
        "id": version.id,
        "plan_id": version.plan.id,
        "number": version.number,
        **write_terms(version),
        "created_at": version.created_at,
        "published_at": version.published_at,
        "effective_at": version.effective_at,
    }
    digest = work.digest(*map(canonical, row.values()))
    await work.execute(insert(tables.versions), row | {"digest": digest})
    await work.execute(delete(tables.drafts).where(tables.drafts.c.id == version.id))
