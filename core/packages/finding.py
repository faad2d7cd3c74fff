"""Find packages: the version that is sold, or any other."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from core import catalog
from core.db.work import Work
from core.kernel.money import Asset
from core.packages import tables
from core.packages.errors import PackageArchived, PackageNotFound, PackageNotPriced
from core.packages.model import Package
from core.packages.writing import restored


async def find(work: Work, key: str, version: int | None = None, *, lock: bool = False) -> Package:
    """Find a package as it is sold, or this version of it. Raises PackageNotFound."""
    p, v = tables.packages.c, tables.versions.c
    if lock:
        # First, and alone: who waits for the lock would read the version of before the wait.
        await work.execute(select(p.id).where(p.key == key).with_for_update())
    wanted = v.version == (p.version if version is None else version)
    row = (await work.execute(_packages().where(p.key == key, wanted))).first()
    if row is None:
        raise PackageNotFound(key if version is None else f"{key} in version {version}")
    return _package(row)


async def for_sale(work: Work, key: str) -> Package:
    """Return a package that may be bought now. Raises PackageNotFound, PackageArchived."""
    found = await find(work, key)
    if found.archived_at:
        raise PackageArchived(key)
    return found


async def list_after(work: Work, after: str | None, limit: int, *, archived: bool) -> list[Package]:
    """Return packages by their key, each as it is sold."""
    p, v = tables.packages.c, tables.versions.c
    query = _packages().where(v.version == p.version).order_by(p.key).limit(limit)
    if not archived:
        query = query.where(p.archived_at.is_(None))
    if after is not None:
        query = query.where(p.key > after)
    return [_package(row) for row in await work.execute(query)]


async def choose_book(
    work: Work, package: Package, currency: Asset, at: datetime
) -> catalog.PriceBook:
    """Return the price book in which the package is sold in this currency then.

    As of a plan: the open book of the highest priority, then the currency's default. Raises
    PackageNotPriced where there is none.
    """
    books = (await catalog.books(work)).values()
    open_now = [each for each in books if each.key in package.terms.books and each.is_open_at(at)]
    fitting = [each for each in open_now if each.asset == currency]
    if not fitting:
        sold_in = sorted({str(each.asset) for each in open_now})
        raise PackageNotPriced(package.key, str(currency), sold_in)
    return min(fitting, key=lambda each: (-each.priority, not each.is_default, each.key))


def _packages() -> Select[Any]:
    p, v = tables.packages.c, tables.versions.c
    kept = (p.key, p.version.label("newest_version"), p.archived_at)
    return select(tables.versions, *kept).join(tables.packages, p.id == v.package_id)


def _package(row: Any) -> Package:
    return Package(
        id=row.package_id,
        key=row.key,
        version=row.version,
        newest_version=row.newest_version,
        name=row.name,
        description=row.description,
        terms=restored(row.terms),
        created_at=row.created_at,
        archived_at=row.archived_at,
    )
