"""The catalog: plans, what they give, and what they cost. See README.md."""

from core.catalog.comparing import Change, compare
from core.catalog.drafting import change as change_plan
from core.catalog.drafting import create as create_plan
from core.catalog.drafting import replace_terms
from core.catalog.errors import (
    DraftChanged,
    NoPriceInCurrency,
    PlanArchived,
    PlanKeyTaken,
    PlanNotFound,
    PlanNotPublishable,
    PlanVersionNotFound,
    PlanVersionPublished,
    ProductInUse,
)
from core.catalog.finding import (
    choose_book,
    draft_or_none,
    plans_after,
    version_by_id,
    versions,
)
from core.catalog.finding import draft as draft_of
from core.catalog.finding import plan as find_plan
from core.catalog.finding import version as find_version
from core.catalog.holding import Holders, holders
from core.catalog.model import (
    Entitled,
    IncludedCredits,
    Interval,
    IntervalUnit,
    Item,
    ItemKind,
    Plan,
    PlanVersion,
    QuotaWindow,
    Terms,
    VersionState,
    book_for,
)
from core.catalog.proof import PROTECTED, prove
from core.catalog.publishing import archive as archive_plan
from core.catalog.publishing import archive_product, publish
from core.catalog.writing import read_terms, write_terms
from core.products import (
    Feature,
    FeatureKeyTaken,
    FeatureKind,
    FeatureNotFound,
    PriceBook,
    PriceBookKeyTaken,
    PriceBookNotFound,
    Product,
    ProductArchived,
    ProductKeyTaken,
    ProductNotFound,
    archive_feature,
    change_book,
    change_product,
    create_book,
    create_feature,
    create_product,
    find_book,
    find_feature,
    find_product,
)
from core.products import find_books as books
from core.products import find_features as features

__all__ = [
    "PROTECTED",
    "Change",
    "DraftChanged",
    "Entitled",
    "Feature",
    "FeatureKeyTaken",
    "FeatureKind",
    "FeatureNotFound",
    "Holders",
    "IncludedCredits",
    "Interval",
    "IntervalUnit",
    "Item",
    "ItemKind",
    "NoPriceInCurrency",
    "Plan",
    "PlanArchived",
    "PlanKeyTaken",
    "PlanNotFound",
    "PlanNotPublishable",
    "PlanVersion",
    "PlanVersionNotFound",
    "PlanVersionPublished",
    "PriceBook",
    "PriceBookKeyTaken",
    "PriceBookNotFound",
    "Product",
    "ProductArchived",
    "ProductInUse",
    "ProductKeyTaken",
    "ProductNotFound",
    "QuotaWindow",
    "Terms",
    "VersionState",
    "archive_feature",
    "archive_plan",
    "archive_product",
    "book_for",
    "books",
    "change_book",
    "change_plan",
    "change_product",
    "choose_book",
    "compare",
    "create_book",
    "create_feature",
    "create_plan",
    "create_product",
    "draft_of",
    "draft_or_none",
    "features",
    "find_book",
    "find_feature",
    "find_plan",
    "find_product",
    "find_version",
    "holders",
    "plans_after",
    "prove",
    "publish",
    "read_terms",
    "replace_terms",
    "version_by_id",
    "versions",
    "write_terms",
]
