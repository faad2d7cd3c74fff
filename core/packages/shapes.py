"""What is sent to the operations on packages, and what they answer."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from core.operations.fields import Amount, AssetCode, Code, Line, Name
from core.operations.operation import PageRequest, Request, Result
from core.packages.model import QUANTITY_MAX

PackageKey = Annotated[Code, Field(examples=["office"])]
Description = Annotated[str, Line(500)]
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
Prices = Annotated[dict[str, dict[str, Any]], Field(max_length=50)]
Amounts = Annotated[dict[str, Amount], Field(max_length=50)]
Version = Annotated[int, Field(ge=1, le=1_000_000_000)]


class PartForm(Request):
    key: Code
    product_key: Code
    plan_key: Code | None = Field(None, description="Which of the product's plans.")
    required: bool = True
    quantity: Quantity = 1
    at_least: Quantity | None = None
    at_most: Quantity | None = Field(None, description="Left out: quantity.")
    prices: Prices | None = None


Parts = Annotated[list[PartForm], Field(min_length=1, max_length=50)]
OWN = (
    "Its own price JSON by price book, by the number of packages: of the required parts and"
    " options without prices. Left out: the sum of the parts."
)


class CreatePackage(Request):
    package_key: PackageKey = Field(description="What it is named by. It never changes.")
    name: Name
    description: Description | None = None
    parts: Parts = Field(description="prices: what a part costs, a price JSON by price book.")
    prices: Prices | None = Field(None, description=OWN)
    discount_percent: Amount | None = Field(None, description="Off the sum of the parts.")
    discount_amounts: Amounts | None = Field(None, description="Or so much, by price book.")


class UpdatePackage(Request):
    package_key: PackageKey
    name: Name | None = Field(None, description="Leave out to keep it, as with every field.")
    description: Description | None = Field(None, description="Null takes it away.")
    parts: Parts | None = Field(None, description="All of them, instead of those before.")
    prices: Prices | None = Field(None, description="Null for the sum of the parts.")
    discount_percent: Amount | None = Field(None, description="Null for none.")
    discount_amounts: Amounts | None = Field(None, description="Null for none.")


class NamedPackage(Request):
    package_key: PackageKey


class GetPackage(NamedPackage):
    version: Version | None = Field(None, description="Left out: the one that is sold.")


class ListPackages(PageRequest):
    include_archived: bool = Field(
        default=False, description="Also those that are not sold any more."
    )


class PreviewPackage(GetPackage):
    options: Annotated[list[Code], Field(max_length=50)] = Field(
        [], description="The optional parts that are taken."
    )
    quantities: Annotated[
        dict[Code, Annotated[int, Field(ge=0, le=QUANTITY_MAX)]], Field(max_length=50)
    ] = Field({}, description="How many of a part, where not as many as it says.")
    count: Quantity = Field(1, description="How many packages.")
    currency: AssetCode
    book_key: Code | None = Field(None, description="A price book. Staff only, as is version.")


class PartView(Result):
    key: str
    product_key: str
    plan_key: str | None
    required: bool
    quantity: int
    at_least: int
    at_most: int
    prices: dict[str, Any] | None


class PackageView(Result):
    package_key: str
    version: int
    newest_version: int
    name: str
    description: str | None
    parts: list[PartView]
    prices: dict[str, Any] | None
    """The package's own price by price book; null where it is the sum of its parts."""
    discount_percent: str | None
    discount_amounts: dict[str, str] | None
    created_at: datetime
    archived_at: datetime | None


class PackageList(Result):
    items: list[PackageView]
    next_cursor: str | None


class PartCostView(Result):
    key: str
    product_key: str
    plan_key: str | None
    quantity: int
    """Of one package."""
    alone: str | None
    """What so many cost by themselves; null where it has no price."""
    amount: str | None
    """What it comes to here; null where the package's own price covers it and is not split."""
    explained: list[str]
    """How `alone` came about, line by line."""


class PackagePreview(Result):
    package_key: str
    version: int
    book_key: str
    asset: str
    count: int
    parts: list[PartCostView]
    unsplit: str
    """What of the package's own price is no part's. This and the parts' amounts are the total."""
    discount: str
    """What is off the sum of the parts, shared out among them already."""
    total: str
    explained: list[str]
    """How the package's own price came about, where it has one."""
