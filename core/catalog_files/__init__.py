"""The catalog as code: one document, compared and applied. See README.md."""

from core.catalog_files.errors import CatalogChanged

__all__ = ["CatalogChanged"]
