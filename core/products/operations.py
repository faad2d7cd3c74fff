"""What a caller can do with products, features and price books."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.money import Asset
from core.operations.operation import Effect, Example, PageRequest, Request, operation
from core.operations.scopes import Toolset
from core.products import finding, making
from core.products.errors import (
    FeatureKeyTaken,
    FeatureNotFound,
    PriceBookKeyTaken,
    PriceBookNotFound,
    ProductArchived,
    ProductKeyTaken,
    ProductNotFound,
)
from core.products.model import Feature, FeatureKind, PriceBook, Product
from core.products.shapes import (
    CreateFeature,
    CreatePriceBook,
    CreateProduct,
    FeatureList,
    FeatureView,
    ListArchivable,
    NamedFeature,
    PriceBookList,
    PriceBookView,
    ProductList,
    ProductView,
    UpdatePriceBook,
    UpdateProduct,
    book_view,
    feature_view,
    product_view,
)

APP = {"product_key": "app", "name": "Acme App"}


@operation(
    "POST /v1/products",
    title="Create product",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(ProductKeyTaken,),
    examples=(Example(title="A line of plans", arguments=APP),),
)
async def create_product(work: Work, request: CreateProduct) -> ProductView:
    """Make a product: what plans are alternatives of. Platform operators only.

    Make its plans with create_plan. Plans of different products can be held side by side.
    """
    product = Product(
        id=work.ids.new("prd"),
        key=request.product_key,
        name=request.name,
        description=request.description,
        created_at=work.now,
        updated_at=work.now,
    )
    return product_view(await making.create_product(work, product))


@operation(
    "PATCH /v1/products/{product_key}",
    title="Update product",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(ProductNotFound, ProductArchived),
    examples=(Example(title="Another name", arguments=APP | {"name": "Acme"}),),
)
async def update_product(work: Work, request: UpdateProduct) -> ProductView:
    """Change what a product is called. Platform operators only. Fields left out stay."""
    changes = _changes(request, ("name",), ("description",))
    return product_view(await making.change_product(work, request.product_key, changes))


@operation(
    "GET /v1/products",
    title="List products",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="All products", arguments={}),),
)
async def list_products(work: Work, request: ListArchivable) -> ProductList:
    """List products, by key. Call list_plans with a product_key for the plans of one."""
    after, limit = _place(request), request.limit + 1
    found = await finding.products_after(work, after, limit, archived=request.include_archived)
    items, cursor = _page(found, request, product_view)
    return ProductList(items=items, next_cursor=cursor)


@operation(
    "POST /v1/features",
    title="Create feature",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(FeatureKeyTaken,),
    examples=(
        Example(
            title="Seats",
            arguments={"feature_key": "seats", "name": "Seats", "kind": "limit", "unit": "seat"},
        ),
        Example(
            title="Tokens, as a meter counts them",
            arguments={
                "feature_key": "tokens",
                "name": "Tokens",
                "kind": "quota",
                "unit": "token",
                "meter_key": "llm_tokens",
            },
        ),
    ),
)
async def create_feature(work: Work, request: CreateFeature) -> FeatureView:
    """Define something that plans can give. Platform operators only.

    A version of a plan says what it gives of it, in its entitlements.
    """
    feature = Feature(
        id=work.ids.new("ftr"),
        key=request.feature_key,
        name=request.name,
        kind=FeatureKind(request.kind),
        unit=request.unit,
        meter_key=request.meter_key,
        created_at=work.now,
    )
    return feature_view(await making.create_feature(work, feature))


@operation(
    "POST /v1/features/{feature_key}/archive",
    title="Archive feature",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(FeatureNotFound,),
    examples=(Example(title="In no new version", arguments={"feature_key": "seats"}),),
)
async def archive_feature(work: Work, request: NamedFeature) -> FeatureView:
    """Give a feature in no further plan version. Platform operators only.

    Published versions go on giving it. Archiving it again changes nothing.
    """
    return feature_view(await making.archive_feature(work, request.feature_key))


@operation(
    "GET /v1/features",
    title="List features",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="All features", arguments={}),),
)
async def list_features(work: Work, request: ListArchivable) -> FeatureList:
    """List what plans can give, by key: switches, limits, and quotas with their meters."""
    after, limit = _place(request), request.limit + 1
    found = await finding.features_after(work, after, limit, archived=request.include_archived)
    items, cursor = _page(found, request, feature_view)
    return FeatureList(items=items, next_cursor=cursor)


@operation(
    "POST /v1/price-books",
    title="Create price book",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(PriceBookKeyTaken,),
    examples=(
        Example(
            title="Dollars",
            arguments={
                "book_key": "usd",
                "name": "Dollars",
                "currency": "USD/2",
                "is_default": True,
            },
        ),
        Example(
            title="For a month",
            arguments={
                "book_key": "launch",
                "name": "Launch prices",
                "currency": "USD/2",
                "starts_at": "2026-12-01T00:00:00Z",
                "ends_at": "2027-01-01T00:00:00Z",
                "priority": 10,
            },
        ),
    ),
)
async def create_price_book(work: Work, request: CreatePriceBook) -> PriceBookView:
    """Open a price book: prices of plans in one currency, for new sales. Platform operators only.

    A sale is priced in the open book of its currency that prices the whole plan: of several the one
    of the highest priority, then the default. Who has bought keeps the prices of then.
    """
    book = PriceBook(
        id=work.ids.new("pbk"),
        key=request.book_key,
        name=request.name,
        asset=Asset.parse(request.currency),
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        priority=request.priority,
        is_default=request.is_default,
        revision=1,
        created_at=work.now,
        updated_at=work.now,
    )
    return book_view(await making.create_book(work, book), work.now)


@operation(
    "PATCH /v1/price-books/{book_key}",
    title="Update price book",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(PriceBookNotFound,),
    examples=(
        Example(
            title="Close it",
            arguments={"book_key": "launch", "ends_at": "2026-12-15T00:00:00Z"},
        ),
    ),
)
async def update_price_book(work: Work, request: UpdatePriceBook) -> PriceBookView:
    """Change when a price book is open and what it gives way to. Platform operators only.

    For new sales: who has bought keeps the prices of then. Fields left out stay.
    """
    changes = _changes(request, ("name", "priority", "is_default"), ("starts_at", "ends_at"))
    return book_view(await making.change_book(work, request.book_key, changes), work.now)


@operation(
    "GET /v1/price-books",
    title="List price books",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="All price books", arguments={}),),
)
async def list_price_books(work: Work, request: PageRequest) -> PriceBookList:
    """List price books, by key: their currencies, and when new sales use them."""
    found = await finding.books_after(work, _place(request), request.limit + 1)
    items, cursor = _page(found, request, lambda book: book_view(book, work.now))
    return PriceBookList(items=items, next_cursor=cursor)


Keyed = TypeVar("Keyed", Product, Feature, PriceBook)
View = TypeVar("View")


def _place(request: PageRequest) -> str | None:
    after = paging.after(request.cursor, parts=1)
    return after[0] if after else None


def _page(
    found: Sequence[Keyed], request: PageRequest, view: Callable[[Keyed], View]
) -> tuple[list[View], str | None]:
    shown = paging.page(found, request.limit, lambda each: [each.key])
    return [view(each) for each in shown.items], shown.next_cursor


def _changes(request: Request, kept: Sequence[str], nullable: Sequence[str]) -> dict[str, Any]:
    """Return what was sent: of the kept null says nothing, and takes the others away."""
    sent = {name: getattr(request, name) for name in request.model_fields_set}
    told = {name: sent[name] for name in kept if sent.get(name) is not None}
    return told | {name: sent[name] for name in nullable if name in sent}


OPERATIONS = (
    create_product,
    update_product,
    list_products,
    create_feature,
    list_features,
    archive_feature,
    create_price_book,
    update_price_book,
    list_price_books,
)
