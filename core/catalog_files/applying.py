"""Make the catalog what a document wants, in the one unit of work that this runs in."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from core import catalog
from core.catalog import Feature, FeatureKind, Plan, PriceBook, Product, Terms
from core.catalog_files.contents import Contents, Facts, Sold
from core.catalog_files.differing import drafts, publishes, schedules
from core.db.work import Work
from core.kernel.money import Asset

_TERMS = tuple(each.name for each in fields(Terms))


async def lock(work: Work, here: Contents, there: Contents) -> None:
    """Hold everything that will be changed, so that nobody changes it after it was compared."""
    for key in sorted(here.price_books):
        if here.price_books[key] != there.price_books.get(key):
            await catalog.find_book(work, key, lock=True)
    for key in sorted(here.products):
        if here.products[key] != there.products.get(key):
            await catalog.find_product(work, key, lock=True)
    for key in sorted(here.plans):
        if here.plans[key] != there.plans.get(key):
            await catalog.find_plan(work, key, lock=True)


async def apply(work: Work, here: Contents, there: Contents) -> None:
    """Do what the two differ by. What plans name is made before them, and archived after them."""
    await _books(work, here, there)
    for key, facts in there.features.items():
        if key not in here.features:
            await catalog.create_feature(work, _feature(work, key, facts))
    for key, facts in there.products.items():
        if key not in here.products:
            await catalog.create_product(work, _product(work, key, facts))
        elif changes := _changed(here.products[key], facts):
            await catalog.change_product(work, key, changes)
    for key, sold in there.plans.items():
        await _plan(work, key, here.plans.get(key), sold)
    for key in sorted(here.plans.keys() - there.plans.keys()):
        await catalog.archive_plan(work, key)
    for key in sorted(here.features.keys() - there.features.keys()):
        await catalog.archive_feature(work, key)
    for key in sorted(here.products.keys() - there.products.keys()):
        await catalog.archive_product(work, key)


# -- Price books -----------------------------------------------------------------------------------


async def _books(work: Work, here: Contents, there: Contents) -> None:
    changed = {
        key: _changed(here.price_books[key], facts)
        for key, facts in there.price_books.items()
        if key in here.price_books and facts != here.price_books[key]
    }
    # Who is no default any more goes first: a default has no dates, and there is one of a currency.
    for key in sorted(changed, key=lambda each: bool(changed[each].get("is_default"))):
        await catalog.change_book(work, key, changed[key])
    for key, facts in there.price_books.items():
        if key not in here.price_books:
            await catalog.create_book(work, _book(work, key, facts))


def _changed(before: Facts, after: Facts) -> dict[str, Any]:
    return {
        name: _instant(value) if name in {"starts_at", "ends_at"} else value
        for name, value in after.items()
        if before[name] != value
    }


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# -- Plans -----------------------------------------------------------------------------------------


async def _plan(work: Work, key: str, here: Sold | None, there: Sold) -> None:
    if here is None:
        first = there.published or there.scheduled or there.draft
        assert first is not None, "a plan says something"
        await catalog.create_plan(work, _new_plan(work, key, there), first)
        here = Sold(product=there.product, name=there.name, description=there.description)
    elif named := _changed(here.facts, there.facts):
        await catalog.change_plan(work, key, named=named, terms={})
    if publishes(here, there):
        await _publish(work, key, there.published, None)
    if schedules(here, there):
        await _publish(work, key, there.scheduled, there.effective_at)
    if drafts(here, there):
        await _draft(work, key, there.draft)


async def _publish(
    work: Work, key: str, terms: Terms | None, effective_at: datetime | None
) -> None:
    await _draft(work, key, terms)
    await catalog.publish(work, key, effective_at=effective_at)


async def _draft(work: Work, key: str, terms: Terms | None) -> None:
    """Have the draft say this; one that was just made with the plan says it already."""
    told: Mapping[str, Any] = {name: getattr(terms, name) for name in _TERMS}
    await catalog.change_plan(work, key, named={}, terms=told)


# -- What is made ----------------------------------------------------------------------------------


def _product(work: Work, key: str, facts: Facts) -> Product:
    return Product(
        id=work.ids.new("prd"), key=key, **facts, created_at=work.now, updated_at=work.now
    )


def _feature(work: Work, key: str, facts: Facts) -> Feature:
    told = {**facts, "kind": FeatureKind(facts["kind"])}
    return Feature(id=work.ids.new("ftr"), key=key, **told, created_at=work.now)


def _book(work: Work, key: str, facts: Facts) -> PriceBook:
    return PriceBook(
        id=work.ids.new("pbk"),
        key=key,
        name=facts["name"],
        asset=Asset.parse(facts["currency"]),
        starts_at=_instant(facts["starts_at"]),
        ends_at=_instant(facts["ends_at"]),
        priority=facts["priority"],
        is_default=facts["is_default"],
        revision=1,
        created_at=work.now,
        updated_at=work.now,
    )


def _new_plan(work: Work, key: str, sold: Sold) -> Plan:
    return Plan(
        id=work.ids.new("pln"),
        key=key,
        product_key=sold.product,
        name=sold.name,
        description=sold.description,
        created_at=work.now,
        updated_at=work.now,
    )
