"""Coupons: what is taken off, given, or given longer, and the codes it is had by. See README.md."""

from core.coupons.discounting import BillLine, Discount, Discounted, Part, apply
from core.coupons.errors import (
    DiscountInAnotherCurrency,
    DiscountNotActive,
    DiscountNotFound,
    PromotionCodeRefused,
    PromotionCodeUnknown,
)
from core.coupons.finding import redemption as find_redemption
from core.coupons.model import Coupon, PromotionCode, Redemption, State
from core.coupons.using import active, consume, trials

__all__ = [
    "BillLine",
    "Coupon",
    "Discount",
    "DiscountInAnotherCurrency",
    "DiscountNotActive",
    "DiscountNotFound",
    "Discounted",
    "Part",
    "PromotionCode",
    "PromotionCodeRefused",
    "PromotionCodeUnknown",
    "Redemption",
    "State",
    "active",
    "apply",
    "consume",
    "find_redemption",
    "trials",
]
