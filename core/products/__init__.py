"""What plans are made of: products, features and price books. See README.md."""

from core.products.errors import (
    FeatureKeyTaken,
    FeatureNotFound,
    PriceBookKeyTaken,
    PriceBookNotFound,
    ProductArchived,
    ProductKeyTaken,
    ProductNotFound,
)
from core.products.finding import book as find_book
from core.products.finding import books as find_books
from core.products.finding import feature as find_feature
from core.products.finding import features as find_features
from core.products.finding import product as find_product
from core.products.finding import products_after
from core.products.making import (
    archive_feature,
    archive_product,
    change_book,
    change_product,
    create_book,
    create_feature,
    create_product,
)
from core.products.model import Feature, FeatureKind, PriceBook, Product
from core.products.shapes import NamedProduct, ProductView, product_view

__all__ = [
    "Feature",
    "FeatureKeyTaken",
    "FeatureKind",
    "FeatureNotFound",
    "NamedProduct",
    "PriceBook",
    "PriceBookKeyTaken",
    "PriceBookNotFound",
    "Product",
    "ProductArchived",
    "ProductKeyTaken",
    "ProductNotFound",
    "ProductView",
    "archive_feature",
    "archive_product",
    "change_book",
    "change_product",
    "create_book",
    "create_feature",
    "create_product",
    "find_book",
    "find_books",
    "find_feature",
    "find_features",
    "find_product",
    "product_view",
    "products_after",
]
