"""Checkouts: pages at the provider that somebody is sent to. See README.md."""

from core.checkouts.errors import (
    CheckoutNotFound,
    PromotionCodeRefused,
    PromotionCodeUnknown,
    ReturnUrlNotAllowed,
    WalletHoldsAnother,
)
from core.checkouts.finding import find
from core.checkouts.following import Looked, converge, follow_checkout, look, look_at_checkout
from core.checkouts.hearing import HANDLERS
from core.checkouts.linking import open_link
from core.checkouts.model import Checkout, Mode, State
from core.checkouts.opening import open_checkout
from core.checkouts.reducing import Reduced, Reductions, give_up
from core.checkouts.returning import CANCELED, GO, SUCCESS, ReturnPages

JOBS = (open_checkout, look_at_checkout, follow_checkout)

__all__ = [
    "CANCELED",
    "GO",
    "HANDLERS",
    "JOBS",
    "SUCCESS",
    "Checkout",
    "CheckoutNotFound",
    "Looked",
    "Mode",
    "PromotionCodeRefused",
    "PromotionCodeUnknown",
    "Reduced",
    "Reductions",
    "ReturnPages",
    "ReturnUrlNotAllowed",
    "State",
    "WalletHoldsAnother",
    "converge",
    "find",
    "follow_checkout",
    "give_up",
    "look",
    "look_at_checkout",
    "open_checkout",
    "open_link",
]
