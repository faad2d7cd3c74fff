"""Make and change what plans are made of: products, features and price books."""

from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select, update

from core import metering
from core.db.upsert import insert_if_absent, upsert
from core.db.work import Work
from core.operations.errors import invalid
from core.products import events, finding, tables
from core.products.errors import (
    FeatureKeyTaken,
    PriceBookKeyTaken,
    ProductArchived,
    ProductKeyTaken,
)
from core.products.model import Feature, FeatureKind, PriceBook, Product

# -- Products --------------------------------------------------------------------------------------


async def create_product(work: Work, product: Product) -> Product:
    """Write a product. Its key names it for ever."""
    if not await insert_if_absent(work, tables.products, _row(product)):
        raise ProductKeyTaken(product.key)
    after = events.product_facts(product)
    await events.tell(work, events.PRODUCT_CREATED, product.id, after)
    return product


async def change_product(work: Work, key: str, changes: dict[str, Any]) -> Product:
    before = await finding.product(work, key, lock=True)
    if before.archived_at:
        raise ProductArchived(key)
    return await _keep_product(work, events.PRODUCT_UPDATED, before, changes)


async def archive_product(work: Work, product: Product) -> Product:
    """Take no more plans for it. Whoever asks has locked it, and found no plan on sale."""
    if product.archived_at:
        return product
    return await _keep_product(work, events.PRODUCT_ARCHIVED, product, {"archived_at": work.now})


async def _keep_product(
    work: Work, happened: str, before: Product, changes: dict[str, Any]
) -> Product:
    after = replace(before, **changes, updated_at=work.now)
    if replace(after, updated_at=before.updated_at) == before:
        return before
    p = tables.products.c
    await work.execute(update(tables.products).where(p.id == after.id).values(_row(after)))
    told = events.product_facts(after), events.product_facts(before)
    await events.tell(work, happened, after.id, *told)
    return after


# -- Features --------------------------------------------------------------------------------------


_NEVER_USED_UP = {metering.Aggregation.AVERAGE, metering.Aggregation.WEIGHTED_SUM}


async def create_feature(work: Work, feature: Feature) -> Feature:
    """Write a feature. A quota names the meter that counts it, and nothing else names one."""
    if feature.kind is not FeatureKind.QUOTA and feature.meter_key:
        raise invalid("meter_key", f"must be left out: a {feature.kind} is not metered")
    if feature.kind is FeatureKind.QUOTA:
        if feature.meter_key is None:
            raise invalid("meter_key", "is required of a quota: which meter counts it?")
        meter = (await metering.find_meters(work, [feature.meter_key])).get(feature.meter_key)
        if meter is None:
            raise invalid("meter_key", f"there is no meter {feature.meter_key}; see list_meters")
        if meter.archived_at:
            raise invalid("meter_key", f"the meter {meter.key} was archived; choose another")
        if meter.aggregation in _NEVER_USED_UP:
            what = f"nothing is used up of the {meter.aggregation} that {meter.key} keeps"
            raise invalid("meter_key", f"{what}; choose a meter that counts or sums")
    if not await insert_if_absent(work, tables.features, _row(feature)):
        raise FeatureKeyTaken(feature.key)
    await events.tell(work, events.FEATURE_CREATED, feature.id, events.feature_facts(feature))
    return feature


async def archive_feature(work: Work, key: str) -> Feature:
    """Give it in no further version. What was published goes on giving it."""
    f = tables.features.c
    await work.execute(select(f.id).where(f.key == key).with_for_update())
    before = await finding.feature(work, key)
    if before.archived_at:
        return before
    after = replace(before, archived_at=work.now)
    await work.execute(update(tables.features).where(f.id == after.id).values(_row(after)))
    told = events.feature_facts(after), events.feature_facts(before)
    await events.tell(work, events.FEATURE_ARCHIVED, after.id, *told)
    return after


# -- Price books -----------------------------------------------------------------------------------


async def create_book(work: Work, book: PriceBook) -> PriceBook:
    """Write a price book. Its key and its currency never change."""
    _check_dates(book)
    if not await insert_if_absent(work, tables.books, _book_row(book)):
        raise PriceBookKeyTaken(book.key)
    if book.is_default:
        await _make_default(work, book)
    await events.tell(work, events.BOOK_CREATED, book.id, events.book_facts(book))
    return book


async def change_book(work: Work, key: str, changes: dict[str, Any]) -> PriceBook:
    """Change what is named. Versions that were sold in it keep their prices."""
    before = await finding.book(work, key, lock=True)
    after = replace(before, **changes, revision=before.revision + 1, updated_at=work.now)
    _check_dates(after)
    b, d = tables.books.c, tables.defaults.c
    await work.execute(update(tables.books).where(b.id == after.id).values(_book_row(after)))
    if after.is_default and not before.is_default:
        await _make_default(work, after)
    if before.is_default and not after.is_default:
        await work.execute(delete(tables.defaults).where(d.book_id == after.id))
    told = events.book_facts(after), events.book_facts(before)
    await events.tell(work, events.BOOK_UPDATED, after.id, *told)
    return after


def _check_dates(book: PriceBook) -> None:
    if book.is_default and (book.starts_at or book.ends_at):
        field = "starts_at" if book.starts_at else "ends_at"
        raise invalid(field, "must be left out: the default of a currency is always open")
    if book.starts_at and book.ends_at and book.starts_at >= book.ends_at:
        raise invalid("ends_at", "must be after starts_at, or the book is never open")


async def _make_default(work: Work, book: PriceBook) -> None:
    """Take the default of the currency from whichever book has it: of two at once the later."""
    row = {"asset": str(book.asset), "book_id": book.id}
    await upsert(work, tables.defaults, row, key=["asset"])


def _book_row(book: PriceBook) -> dict[str, Any]:
    return {name: value for name, value in _row(book).items() if name != "is_default"}


def _row(value: Product | Feature | PriceBook) -> dict[str, Any]:
    row = {name: getattr(value, name) for name in value.__slots__}
    if "asset" in row:
        row["asset"] = str(row["asset"])
    if "kind" in row:
        row["kind"] = str(row["kind"])
    return row
