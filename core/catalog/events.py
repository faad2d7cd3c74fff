"""What the catalog tells: each change once for whoever listens, and once for the trail."""

from collections.abc import Mapping, Sequence
from typing import Any

from core import audit, messaging
from core.catalog.comparing import Change
from core.catalog.model import Feature, Plan, PlanVersion, PriceBook, Product
from core.db.work import Work

PRODUCT_CREATED = "product.created"
PRODUCT_UPDATED = "product.updated"
PRODUCT_ARCHIVED = "product.archived"
FEATURE_CREATED = "feature.created"
FEATURE_ARCHIVED = "feature.archived"
BOOK_CREATED = "price_book.created"
BOOK_UPDATED = "price_book.updated"
PLAN_CREATED = "plan.created"
PLAN_UPDATED = "plan.updated"
PLAN_PUBLISHED = "plan.published"
PLAN_ARCHIVED = "plan.archived"

Facts = Mapping[str, Any]


def product_facts(product: Product) -> Facts:
    return {
        "product_key": product.key,
        "name": product.name,
        "description": product.description,
        "is_archived": product.archived_at is not None,
    }


def feature_facts(feature: Feature) -> Facts:
    return {
        "feature_key": feature.key,
        "name": feature.name,
        "kind": feature.kind.value,
        "unit": feature.unit,
        "meter_key": feature.meter_key,
        "is_archived": feature.archived_at is not None,
    }


def book_facts(book: PriceBook) -> Facts:
    return {
        "book_key": book.key,
        "name": book.name,
        "currency": str(book.asset),
        "starts_at": book.starts_at and book.starts_at.isoformat(),
        "ends_at": book.ends_at and book.ends_at.isoformat(),
        "priority": book.priority,
        "is_default": book.is_default,
    }


def plan_facts(plan: Plan) -> Facts:
    return {
        "plan_key": plan.key,
        "product_key": plan.product_key,
        "name": plan.name,
        "description": plan.description,
        "is_archived": plan.archived_at is not None,
    }


def version_facts(version: PlanVersion) -> Facts:
    return {
        **plan_facts(version.plan),
        "version_id": version.id,
        "version": version.number,
        "effective_at": version.effective_at and version.effective_at.isoformat(),
    }


async def tell(
    work: Work, happened: str, object_id: str, after: Facts, before: Facts | None = None
) -> None:
    """Publish what happened, and note it in the trail."""
    told = {"before": before, "after": after}
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)
    work.record("changed" if before else "created", object_id)


async def tell_version(
    work: Work, happened: str, version: PlanVersion, changes: Sequence[Change]
) -> None:
    """Tell of a version. The trail keeps what was changed, by path, because drafts are not kept."""
    facts = version_facts(version)
    await messaging.publish(work, happened, version.plan.id, facts)
    told = [{"path": each.path, "before": each.before, "after": each.after} for each in changes]
    await audit.record(work, happened, version.plan.id, **facts, changes=told)
    work.record("changed", version.id)
