"""What is sent to the operations on products, features and price books, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.operations.fields import AssetCode, Code, Line, Name, When
from core.operations.operation import PageRequest, Request, Result
from core.products.model import Feature, PriceBook, Product

PRIORITY_MAX = 1_000_000

Description = Annotated[str, Line(500)]
ProductKey = Annotated[Code, Field(examples=["app"])]
FeatureKey = Annotated[Code, Field(examples=["seats"])]
BookKey = Annotated[Code, Field(examples=["usd"])]
Unit = Annotated[str, Line(40)]
KindWord = Literal["switch", "limit", "quota"]
Priority = Annotated[int, Field(ge=0, le=PRIORITY_MAX)]


class NamedProduct(Request):
    product_key: ProductKey


class CreateProduct(Request):
    product_key: ProductKey = Field(description="What it is named by. It never changes.")
    name: Name = Field(description="What customers see.", examples=["Acme App"])
    description: Description | None = Field(None, description="One line more for customers.")


class UpdateProduct(NamedProduct):
    name: Name | None = Field(None, description="Leave out to keep it.")
    description: Description | None = Field(None, description="Null takes it away.")


class ListArchivable(PageRequest):
    include_archived: bool = Field(default=False, description="Also those that were archived.")


class ProductView(Result):
    id: str
    product_key: str
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class ProductList(Result):
    items: list[ProductView]
    next_cursor: str | None


class NamedFeature(Request):
    feature_key: FeatureKey


class CreateFeature(Request):
    feature_key: FeatureKey = Field(description="What it is named by. It never changes.")
    name: Name = Field(description="What customers see.", examples=["Seats"])
    kind: KindWord = Field(
        description="switch: on or off. limit: so many at a time, as seats. quota: so much of what "
        "a meter counts."
    )
    unit: Unit | None = Field(None, description="What is counted, in the singular.")
    meter_key: Code | None = Field(None, description="Of a quota only: which meter counts it.")


class FeatureView(Result):
    id: str
    feature_key: str
    name: str
    kind: KindWord
    unit: str | None
    meter_key: str | None
    created_at: datetime
    archived_at: datetime | None


class FeatureList(Result):
    items: list[FeatureView]
    next_cursor: str | None


class CreatePriceBook(Request):
    book_key: BookKey = Field(description="What plans name it by. It never changes.")
    name: Name
    currency: AssetCode = Field(description="What its prices are in: USD/2. It never changes.")
    starts_at: When | None = Field(None, description="New sales use it from then on.")
    ends_at: When | None = Field(None, description="New sales use it until then.")
    priority: Priority = Field(0, description="Of several open books the highest is used.")
    is_default: bool = Field(
        default=False,
        description="The one book of its currency that is used where nothing else decides. It is "
        "always open, and takes this from the book that was the default before.",
    )


class UpdatePriceBook(Request):
    book_key: BookKey
    name: Name | None = Field(None, description="Leave out to keep it, as with every field.")
    starts_at: When | None = Field(None, description="Null for since ever.")
    ends_at: When | None = Field(None, description="Null for ever.")
    priority: Priority | None = None
    is_default: bool | None = None


class PriceBookView(Result):
    id: str
    book_key: str
    name: str
    currency: str
    starts_at: datetime | None
    ends_at: datetime | None
    priority: int
    is_default: bool
    is_open: bool
    """New sales may use it now."""
    created_at: datetime
    updated_at: datetime


class PriceBookList(Result):
    items: list[PriceBookView]
    next_cursor: str | None


def product_view(product: Product) -> ProductView:
    return ProductView(
        id=product.id,
        product_key=product.key,
        name=product.name,
        description=product.description,
        created_at=product.created_at,
        updated_at=product.updated_at,
        archived_at=product.archived_at,
    )


def feature_view(feature: Feature) -> FeatureView:
    return FeatureView(
        id=feature.id,
        feature_key=feature.key,
        name=feature.name,
        kind=feature.kind.value,
        unit=feature.unit,
        meter_key=feature.meter_key,
        created_at=feature.created_at,
        archived_at=feature.archived_at,
    )


def book_view(book: PriceBook, now: datetime) -> PriceBookView:
    return PriceBookView(
        id=book.id,
        book_key=book.key,
        name=book.name,
        currency=str(book.asset),
        starts_at=book.starts_at,
        ends_at=book.ends_at,
        priority=book.priority,
        is_default=book.is_default,
        is_open=book.is_open_at(now),
        created_at=book.created_at,
        updated_at=book.updated_at,
    )
