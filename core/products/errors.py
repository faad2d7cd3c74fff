"""Why a product, a feature or a price book is not made or found."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class ProductNotFound(EngineError):
    """There is no product {product_key}. Call list_products to see which there are."""

    code = "product_not_found"
    kind = Kind.NOT_FOUND
    product_key: str


@dataclass(eq=False)
class ProductKeyTaken(EngineError):
    """There is a product {product_key} already, perhaps an archived one. Choose another key."""

    code = "product_key_taken"
    kind = Kind.CONFLICT
    product_key: str


@dataclass(eq=False)
class ProductArchived(EngineError):
    """The product {product_key} was archived, and takes no more plans."""

    code = "product_archived"
    kind = Kind.REFUSED
    product_key: str


@dataclass(eq=False)
class FeatureNotFound(EngineError):
    """There is no feature {feature_key}. Call list_features to see which there are."""

    code = "feature_not_found"
    kind = Kind.NOT_FOUND
    feature_key: str


@dataclass(eq=False)
class FeatureKeyTaken(EngineError):
    """There is a feature {feature_key} already, perhaps an archived one. Choose another key."""

    code = "feature_key_taken"
    kind = Kind.CONFLICT
    feature_key: str


@dataclass(eq=False)
class PriceBookNotFound(EngineError):
    """There is no price book {book_key}. Call list_price_books to see which there are."""

    code = "price_book_not_found"
    kind = Kind.NOT_FOUND
    book_key: str


@dataclass(eq=False)
class PriceBookKeyTaken(EngineError):
    """There is a price book {book_key} already. A key names one book for ever; choose another."""

    code = "price_book_key_taken"
    kind = Kind.CONFLICT
    book_key: str
