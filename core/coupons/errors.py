"""Why there is no coupon, or not for this project, or not now."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class CouponNotFound(EngineError):
    """There is no coupon {coupon_key}. Call list_coupons to see which there are."""

    code = "coupon_not_found"
    kind = Kind.NOT_FOUND
    coupon_key: str


@dataclass(eq=False)
class CouponKeyTaken(EngineError):
    """There is a coupon {coupon_key} already, perhaps an archived one. Choose another key."""

    code = "coupon_key_taken"
    kind = Kind.CONFLICT
    coupon_key: str


@dataclass(eq=False)
class CouponArchived(EngineError):
    """The coupon {coupon_key} was archived and is not given any more. Make another one."""

    code = "coupon_archived"
    kind = Kind.REFUSED
    coupon_key: str


@dataclass(eq=False)
class DiscountInAnotherCurrency(EngineError):
    """The coupon {coupon_key} is in {coupon_currency}, and this is in {currency}."""

    code = "discount_in_another_currency"
    kind = Kind.REFUSED
    coupon_key: str
    coupon_currency: str
    currency: str


@dataclass(eq=False)
class PromotionCodeTaken(EngineError):
    """This promotion code was given out before. Choose another, or leave it out to get one."""

    code = "promotion_code_taken"
    kind = Kind.CONFLICT
    field: str = "code"


@dataclass(eq=False)
class PromotionCodeNotFound(EngineError):
    """There is no promotion code {promotion_code_id}. Call list_promotion_codes."""

    code = "promotion_code_not_found"
    kind = Kind.NOT_FOUND
    promotion_code_id: str


@dataclass(eq=False)
class DiscountNotFound(EngineError):
    """There is no discount {discount_id} in this project. Call list_discounts."""

    code = "discount_not_found"
    kind = Kind.NOT_FOUND
    discount_id: str


@dataclass(eq=False)
class DiscountNotActive(EngineError):
    """The discount {discount_id} is {state}: only an active one can be used or removed."""

    code = "discount_not_active"
    kind = Kind.REFUSED
    discount_id: str
    state: str
