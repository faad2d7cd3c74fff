"""Decide whether a promotion code may be redeemed. Pure: what it needs to know is told.

Counts are looked at here to say why not; who is the last one is decided where they are counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core.checkouts import PromotionCodeRefused
from core.coupons.model import Coupon, PromotionCode, Redemption
from core.kernel.money import Money


class Reason(StrEnum):
    UNKNOWN = "unknown"
    DEACTIVATED = "deactivated"
    EXPIRED = "expired"
    USED_UP = "used_up"
    USED_BY_PROJECT = "used_by_project"
    NOT_FIRST_PURCHASE = "not_first_purchase"
    NOT_STACKABLE = "not_stackable"
    NOT_FOR_PURCHASES = "not_for_purchases"
    ANOTHER_CURRENCY = "another_currency"
    BELOW_MINIMUM = "below_minimum"


EXPLANATIONS = {
    Reason.UNKNOWN: "there is no such code",
    Reason.DEACTIVATED: "it is not given any more",
    Reason.EXPIRED: "its time is over",
    Reason.USED_UP: "it was redeemed as often as it may be",
    Reason.USED_BY_PROJECT: "this project has redeemed it, or holds it for a checkout that is not "
    "over, as often as one project may",
    Reason.NOT_FIRST_PURCHASE: "it is for a first purchase only",
    Reason.NOT_STACKABLE: "it cannot be combined with a discount that this project has; see "
    "list_discounts",
    Reason.NOT_FOR_PURCHASES: "it makes no purchase of credits cheaper; redeem it with "
    "redeem_promotion_code",
    Reason.ANOTHER_CURRENCY: "it is in another currency than what is bought",
    Reason.BELOW_MINIMUM: "what is bought comes to less than it asks for",
}


def refused(reason: Reason) -> PromotionCodeRefused:
    return PromotionCodeRefused(reason=str(reason), explanation=EXPLANATIONS[reason])


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is true of the project that asks, read under its lock if it is to redeem."""

    now: datetime
    redeemed: int
    """How often it has redeemed this coupon."""
    has_bought: bool
    """It has paid, or is paying, or has another offer for a first purchase."""
    standing: Sequence[Coupon] = ()
    """What makes its bills smaller already."""


def given_back(
    code: PromotionCode, coupon: Coupon, freed: Sequence[Redemption]
) -> tuple[PromotionCode, Coupon]:
    """Return both as they count once these redemptions are given back."""
    of_code = sum(each.code_id == code.id for each in freed)
    of_coupon = sum(each.coupon.id == coupon.id for each in freed)
    return (
        replace(code, redeemed=code.redeemed - of_code),
        replace(coupon, redeemed=coupon.redeemed - of_coupon),
    )


def why_not(code: PromotionCode, coupon: Coupon, facts: Facts) -> Reason | None:
    """Say why the code cannot be redeemed by this project now; None when it can."""
    ends = [each for each in (code.redeem_by, coupon.redeem_by) if each]
    counts = ((code.redeemed, code.redemptions_max), (coupon.redeemed, coupon.redemptions_max))
    beside = facts.standing if coupon.kind.is_on_bills else ()
    against = {
        Reason.DEACTIVATED: code.deactivated_at or coupon.archived_at,
        Reason.EXPIRED: any(facts.now >= each for each in ends),
        Reason.USED_BY_PROJECT: facts.redeemed >= coupon.redemptions_per_project,
        Reason.USED_UP: any(most is not None and done >= most for done, most in counts),
        Reason.NOT_FIRST_PURCHASE: facts.has_bought and is_for_first_purchase(code, coupon),
        Reason.NOT_STACKABLE: not all(combine(coupon, each) for each in beside),
    }
    return next((reason for reason, holds in against.items() if holds), None)


def is_for_first_purchase(code: PromotionCode, coupon: Coupon) -> bool:
    return code.first_purchase_only or coupon.first_purchase_only


def combine(one: Coupon, other: Coupon) -> bool:
    """Two discounts stand on one bill only if both allow it."""
    return one.stackable and other.stackable


def why_not_for(price: Money, coupon: Coupon) -> Reason | None:
    """Say why the coupon takes nothing off a purchase at this price; None when it does."""
    if not coupon.kind.is_on_bills or coupon.product_keys:
        return Reason.NOT_FOR_PURCHASES
    ours = [each for each in (coupon.amount, coupon.minimum) if each]
    if any(each.asset != price.asset for each in ours):
        return Reason.ANOTHER_CURRENCY
    if coupon.minimum and price.amount < coupon.minimum.amount:
        return Reason.BELOW_MINIMUM
    return None
