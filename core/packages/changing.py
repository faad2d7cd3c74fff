"""Make, change and archive packages. A change is another version; what was sold keeps its own."""

from dataclasses import replace
from typing import Any

from sqlalchemy import insert, update

from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.packages import events, finding, tables
from core.packages.errors import PackageArchived, PackageKeyTaken
from core.packages.model import Package
from core.packages.writing import stored


async def create(work: Work, package: Package) -> Package:
    """Write a package and its first version. Its key names it for ever."""
    row = {"id": package.id, "key": package.key, "version": 1, "created_at": work.now}
    if not await insert_if_absent(work, tables.packages, row):
        raise PackageKeyTaken(package.key)
    await _write(work, package)
    work.record("created", package.id)
    await events.tell(work, events.PACKAGE_CREATED, package)
    return package


async def change(work: Work, before: Package, changes: dict[str, Any]) -> Package:
    """Write the next version of a package that is locked. It is sold from now on."""
    if before.archived_at:
        raise PackageArchived(before.key)
    number = before.version + 1
    after = replace(before, **changes, version=number, newest_version=number, created_at=work.now)
    await _set(work, before, version=number)
    await _write(work, after)
    work.record("changed", after.id)
    await events.tell(work, events.PACKAGE_UPDATED, after, before)
    return after


async def archive(work: Work, key: str) -> Package:
    """Sell it no longer. What was sold stays sold; archived twice is archived."""
    before = await finding.find(work, key, lock=True)
    if before.archived_at:
        return before
    await _set(work, before, archived_at=work.now)
    after = replace(before, archived_at=work.now)
    work.record("archived", after.id)
    await events.tell(work, events.PACKAGE_ARCHIVED, after, before)
    return after


async def _set(work: Work, before: Package, **values: Any) -> None:
    p = tables.packages.c
    this = update(tables.packages).where(p.id == before.id, p.version == before.version)
    written = await work.execute(this.where(p.archived_at.is_(None)).values(values))
    assert written.rowcount == 1, "the package is locked"


async def _write(work: Work, package: Package) -> None:
    row = {
        "package_id": package.id,
        "version": package.version,
        "name": package.name,
        "description": package.description,
        "terms": stored(package.terms),
        "created_at": work.now,
    }
    await work.execute(insert(tables.versions), row)
