"""Coupons: what is taken off, given, or given longer, and the codes it is had by. See README.md."""

from core.coupons.discounting import BillLine, Discount, Discounted, Part, apply
from core.coupons.errors import (
    DiscountInAnotherCurrency,
    DiscountNotActive,
    DiscountNotFound,
)
from core.coupons.finding import redemption as find_redemption
from core.coupons.holding import PackReductions, settle_discount
from core.coupons.model import Coupon, PromotionCode, Redemption, State
from core.coupons.using import active, consume, trials, without_end

JOBS = (settle_discount,)

__all__ = [
    "JOBS",
    "BillLine",
    "Coupon",
    "Discount",
    "DiscountInAnotherCurrency",
    "DiscountNotActive",
    "DiscountNotFound",
    "Discounted",
    "PackReductions",
    "Part",
    "PromotionCode",
    "Redemption",
    "State",
    "active",
    "apply",
    "consume",
    "find_redemption",
    "settle_discount",
    "trials",
    "without_end",
]
