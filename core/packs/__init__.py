"""Packs: credits for sale. See README.md."""

from core.packs.errors import PackArchived, PackKeyTaken, PackNotFound, PackNotOnSale
from core.packs.finding import for_sale
from core.packs.hearing import HANDLERS
from core.packs.model import Pack, Price, SyncState, Visibility
from core.packs.syncing import sync_pack

JOBS = (sync_pack,)

__all__ = [
    "HANDLERS",
    "JOBS",
    "Pack",
    "PackArchived",
    "PackKeyTaken",
    "PackNotFound",
    "PackNotOnSale",
    "Price",
    "SyncState",
    "Visibility",
    "for_sale",
    "sync_pack",
]
