"""Take stock: what is in the catalog here, and what of it is archived."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core import catalog, products
from core.catalog import Feature, Plan, PriceBook, Product
from core.catalog_files.contents import (
    Contents,
    Sold,
    book_facts,
    feature_facts,
    product_facts,
    sold_of,
)
from core.db.work import Work

T = TypeVar("T", Product, Plan)
PAGE = 200
VERSIONS_MAX = 50
"""So many newest versions of a plan are looked at for what is sold, and will be."""


@dataclass(frozen=True, slots=True)
class Stock:
    contents: Contents
    features: dict[str, Feature]
    """All of them, archived ones too."""
    books: dict[str, PriceBook]
    archived: frozenset[str]
    """The paths of what was archived: its keys are taken for ever."""


async def take(work: Work) -> Stock:
    """Read the whole catalog as it is now."""
    lines = await _all(lambda after: products.products_after(work, after, PAGE, archived=True))
    plans = await _all(lambda after: catalog.plans_after(work, after, PAGE, archived=True))
    features, books = await catalog.features(work), await catalog.books(work)
    gone = [
        *(f"products.{each.key}" for each in lines if each.archived_at),
        *(f"features.{each.key}" for each in features.values() if each.archived_at),
        *(f"plans.{each.key}" for each in plans if each.archived_at),
    ]
    contents = Contents(
        products={each.key: product_facts(each) for each in lines if not each.archived_at},
        features={
            each.key: feature_facts(each) for each in features.values() if not each.archived_at
        },
        price_books={each.key: book_facts(each) for each in books.values()},
        plans={each.key: await _sold(work, each) for each in plans if not each.archived_at},
    )
    return Stock(contents, features, books, frozenset(gone))


async def _sold(work: Work, plan: Plan) -> Sold:
    versions = await catalog.versions(work, plan, limit=VERSIONS_MAX)
    return sold_of(plan, versions, await catalog.draft_or_none(work, plan), work.now)


async def _all(page: Callable[[str | None], Awaitable[Sequence[T]]]) -> list[T]:
    found: list[T] = []
    while more := await page(found[-1].key if found else None):
        found += more
    return found
