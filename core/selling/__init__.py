"""What is sold to a project, and at which prices. See README.md."""

from core.selling.choosing import (
    Known,
    choose,
    choose_for,
    currency,
    discounts,
    priced,
    sold,
    version_of,
    wallet_for,
)
from core.selling.errors import QuantityForNothing

__all__ = [
    "Known",
    "QuantityForNothing",
    "choose",
    "choose_for",
    "currency",
    "discounts",
    "priced",
    "sold",
    "version_of",
    "wallet_for",
]
