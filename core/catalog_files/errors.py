"""Why a document is not applied."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class CatalogChanged(EngineError):
    """What would change is not what you were shown: the catalog was changed meanwhile.

    Call plan_catalog, look at the changes again, and apply with the digest it answers.
    """

    code = "catalog_changed"
    kind = Kind.CONFLICT
    digest: str
    """Of what would change now."""
