"""Checkouts: pages at the provider that somebody is sent to. See README.md."""

from core.checkouts.errors import (
    CheckoutNotFound,
    PromotionCodeRefused,
    PromotionCodeUnknown,
    ReturnUrlNotAllowed,
    WalletHoldsAnother,
)
from core.checkouts.finding import find
from core.checkouts.following import (
    Looked,
    close,
    converge,
    follow_checkout,
    look,
    look_at_checkout,
)
from core.checkouts.hearing import HANDLERS
from core.checkouts.linking import open_bill, open_link, open_setup
from core.checkouts.model import Checkout, Mode, State
from core.checkouts.opening import errand_of as errand_to_open
from core.checkouts.opening import open_checkout, unless_refused
from core.checkouts.operations import (
    BUYING,
    OPENED,
    buy_pack,
    keeps_methods,
    require_keeper,
    set_up,
)
from core.checkouts.reducing import Reduced, Reductions, give_up
from core.checkouts.returning import CANCELED, GO, NOWHERE, SUCCESS, ReturnPages
from core.checkouts.shapes import CheckoutView, CreateCheckout, checkout_view

JOBS = (open_checkout, look_at_checkout, follow_checkout)

__all__ = [
    "BUYING",
    "CANCELED",
    "GO",
    "HANDLERS",
    "JOBS",
    "NOWHERE",
    "OPENED",
    "SUCCESS",
    "Checkout",
    "CheckoutNotFound",
    "CheckoutView",
    "CreateCheckout",
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
    "buy_pack",
    "checkout_view",
    "close",
    "converge",
    "errand_to_open",
    "find",
    "follow_checkout",
    "give_up",
    "keeps_methods",
    "look",
    "look_at_checkout",
    "open_bill",
    "open_checkout",
    "open_link",
    "open_setup",
    "require_keeper",
    "set_up",
    "unless_refused",
]
