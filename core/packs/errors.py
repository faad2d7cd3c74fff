"""Why a pack is not made, shown or sold."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class PackNotFound(EngineError):
    """There is no credit pack {pack_key}. Call list_credit_packs to see which are for sale."""

    code = "pack_not_found"
    kind = Kind.NOT_FOUND
    pack_key: str


@dataclass(eq=False)
class PackKeyTaken(EngineError):
    """There is a credit pack {pack_key} already, perhaps an archived one. Choose another key."""

    code = "pack_key_taken"
    kind = Kind.CONFLICT
    pack_key: str


@dataclass(eq=False)
class PackArchived(EngineError):
    """The credit pack {pack_key} was archived and is not sold any more."""

    code = "pack_archived"
    kind = Kind.REFUSED
    pack_key: str


@dataclass(eq=False)
class PackNotOnSale(EngineError):
    """The credit pack {pack_key} cannot be bought now ({reason})."""

    code = "pack_not_on_sale"
    kind = Kind.REFUSED
    pack_key: str
    reason: str
