"""What packages tell: each change once for whoever listens, and once for the trail."""

from typing import Any

from core import audit, messaging
from core.db.work import Work
from core.packages.model import Package
from core.packages.writing import write_terms

PACKAGE_CREATED = "package.created"
PACKAGE_UPDATED = "package.updated"
PACKAGE_ARCHIVED = "package.archived"


def facts_of(package: Package) -> dict[str, Any]:
    named = {"package_key": package.key, "version": package.version, "name": package.name}
    return {**named, "description": package.description, **write_terms(package.terms)}


async def tell(work: Work, happened: str, package: Package, before: Package | None = None) -> None:
    """Publish what happened to the package, and note it in the trail."""
    told = {"before": facts_of(before) if before else None, "after": facts_of(package)}
    await messaging.publish(work, happened, package.id, told)
    await audit.record(work, happened, package.id, **told)
