"""What is told of products, features and price books: once for listeners, once for the trail."""

from collections.abc import Mapping
from typing import Any

from core import audit, messaging
from core.db.work import Work
from core.products.model import Feature, PriceBook, Product

PRODUCT_CREATED = "product.created"
PRODUCT_UPDATED = "product.updated"
PRODUCT_ARCHIVED = "product.archived"
FEATURE_CREATED = "feature.created"
FEATURE_ARCHIVED = "feature.archived"
BOOK_CREATED = "price_book.created"
BOOK_UPDATED = "price_book.updated"
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


async def tell(
    work: Work, happened: str, object_id: str, after: Facts, before: Facts | None = None
) -> None:
    """Publish what happened, and note it in the trail."""
    told = {"before": before, "after": after}
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)
    work.record("changed" if before else "created", object_id)
