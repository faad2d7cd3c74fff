"""What is in a catalog, whether in a file or here: the same words, so that the two compare. Pure.

What is archived is in no catalog any more, and neither is a version that a later one has taken the
place of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import catalog
from core.catalog import Feature, Plan, PlanVersion, PriceBook, Product, Terms

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A plan: what is sold of it, what will be, and what is being drafted."""

    product: str
    name: str
    description: str | None
    published: Terms | None = None
    scheduled: Terms | None = None
    effective_at: datetime | None = None
    """Of what is scheduled."""
    draft: Terms | None = None

    @property
    def facts(self) -> Facts:
        return {"product": self.product, "name": self.name, "description": self.description}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    products: Mapping[str, Facts] = field(default_factory=dict)
    features: Mapping[str, Facts] = field(default_factory=dict)
    price_books: Mapping[str, Facts] = field(default_factory=dict)
    plans: Mapping[str, Sold] = field(default_factory=dict)


def product_facts(product: Product) -> Facts:
    return {"name": product.name, "description": product.description}


def feature_facts(feature: Feature) -> Facts:
    return {
        "name": feature.name,
        "kind": feature.kind.value,
        "unit": feature.unit,
        "meter_key": feature.meter_key,
    }


def book_facts(book: PriceBook) -> Facts:
    return {
        "name": book.name,
        "currency": str(book.asset),
        "starts_at": written(book.starts_at),
        "ends_at": written(book.ends_at),
        "priority": book.priority,
        "is_default": book.is_default,
    }


def sold_of(
    plan: Plan, versions: Iterable[PlanVersion], draft: PlanVersion | None, now: datetime
) -> Sold:
    """Say what there is of a plan, of its published versions, the newest first."""
    known = [each for each in versions if each.effective_at]
    ahead = [each for each in known if each.effective_at and each.effective_at > now]
    current = next((each for each in known if each not in ahead), None)
    # Of several that are still to come, the newest is what will be sold in the end.
    later = ahead[0] if ahead and (current is None or ahead[0].number > current.number) else None
    return Sold(
        product=plan.product_key,
        name=plan.name,
        description=plan.description,
        published=current and terms_of(current),
        scheduled=later and terms_of(later),
        effective_at=later.effective_at if later else None,
        draft=draft and terms_of(draft),
    )


def terms_of(version: Terms) -> Terms:
    """Return the terms alone, without what makes them a version."""
    return catalog.replace_terms(version, {})


def written(instant: datetime | None) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if instant else None
