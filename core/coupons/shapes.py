"""What is sent to the operations on coupons and codes, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.coupons.model import Coupon, PromotionCode, Redemption
from core.operations.fields import (
    Amount,
    AssetCode,
    Code,
    Identifier,
    Line,
    Name,
    ProjectId,
    WalletId,
    When,
)
from core.operations.operation import (
    PageRequest,
    ProjectPageRequest,
    ProjectRequest,
    Request,
    Result,
)

LIMIT_MAX = 1_000_000_000
PER_PROJECT_MAX = 1_000
DAYS_MAX = 3_650
PERIODS_MAX = 1_200
PRODUCTS_MAX = 100

KindWord = Literal["percent", "amount", "credits", "trial"]
DurationWord = Literal["once", "repeating", "forever"]
StateWord = Literal["reserved", "active", "used", "granted", "removed", "released"]
CouponKey = Annotated[Code, Field(examples=["launch"])]
Description = Annotated[str, Line(500)]
Percent = Annotated[str, Line(10, r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,6})?$"), Field(examples=["20"])]
Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]
PerProject = Annotated[int, Field(ge=1, le=PER_PROJECT_MAX)]
Days = Annotated[int, Field(ge=1, le=DAYS_MAX)]
Typed = Annotated[str, Line(40), Field(examples=["XK7M-9QPT-4WHR"])]
"""A code as somebody typed it."""
Chosen = Annotated[str, Line(40, r"^[A-Za-z0-9][A-Za-z0-9-]{1,38}[A-Za-z0-9]$")]
PromotionCodeId = Annotated[str, Identifier("prm")]
DiscountId = Annotated[str, Identifier("dsc")]


class CreateCoupon(Request):
    coupon_key: CouponKey = Field(description="It never changes.")
    name: Name = Field(description="What customers see.", examples=["Launch offer"])
    description: Description | None = None
    kind: KindWord = Field(description="Send only the fields of its kind.")
    percent: Percent | None = Field(None, description="Up to 100.")
    amount: Amount | None = Field(None, description="Of amount and credits, in asset.")
    asset: AssetCode | None = Field(None, description="USD/2 for money, CREDIT/6 for credits.")
    credits_expire_after_days: Days | None = None
    trial_days: Days | None = Field(None, description="Of trial: days more.")
    duration: DurationWord = Field("once", description="How many billed periods it is taken off.")
    periods: int | None = Field(None, ge=1, le=PERIODS_MAX, description="Of repeating.")
    product_keys: list[Code] | None = Field(
        None, max_length=PRODUCTS_MAX, description="Only off these products."
    )
    minimum_amount: Amount | None = Field(None, description="Nothing off for less, in asset.")
    stackable: bool = Field(default=True, description="Beside other discounts.")
    first_purchase_only: bool = False
    redemptions_max: Limit | None = Field(None, description="By all projects together.")
    redemptions_per_project: PerProject = 1
    redeem_by: When | None = None


class UpdateCoupon(Request):
    coupon_key: CouponKey
    name: Name | None = Field(None, description="Leave out to keep it, as with every field.")
    description: Description | None = Field(None, description="Null takes it away.")
    redemptions_max: Limit | None = Field(None, description="Null for no limit.")
    redemptions_per_project: PerProject | None = None
    redeem_by: When | None = Field(None, description="Null for no end.")


class NamedCoupon(Request):
    coupon_key: CouponKey


class ListCoupons(PageRequest):
    include_archived: bool = Field(default=False, description="Also those not given any more.")


class CreatePromotionCode(Request):
    coupon_key: CouponKey
    code: Chosen | None = Field(
        None,
        description="3 to 40 letters, digits and hyphens; leave out for one nobody guesses.",
        examples=["WELCOME-10"],
    )
    for_project_id: ProjectId | None = Field(
        None, description="The only project that may redeem it."
    )
    redemptions_max: Limit | None = Field(None, description="By all projects together.")
    redeem_by: When | None = None
    first_purchase_only: bool = False


class NamedPromotionCode(Request):
    promotion_code_id: PromotionCodeId


class ListPromotionCodes(PageRequest):
    coupon_key: CouponKey | None = Field(None, description="Only those of this coupon.")
    include_inactive: bool = Field(default=False, description="Also deactivated ones.")


class RedeemPromotionCode(ProjectRequest):
    code: Typed = Field(description="As somebody typed it; case and hyphens do not matter.")
    wallet_id: WalletId | None = Field(
        None, description="Where credits go; leave out for the project's own wallet of them."
    )


class CheckPromotionCode(ProjectRequest):
    code: Typed = Field(description="As somebody typed it; case and hyphens do not matter.")


class ListDiscounts(ProjectPageRequest):
    include_ended: bool = Field(default=False, description="Also what was used, or given.")


class NamedDiscount(ProjectRequest):
    discount_id: DiscountId


class _Offer(Result):
    coupon_key: str
    name: str
    description: str | None
    kind: KindWord
    percent: str | None
    amount: str | None
    asset: str | None
    """What amounts are counted in: a currency, or credits."""
    credits_expire_after_days: int | None
    trial_days: int | None
    duration: DurationWord
    periods: int | None
    product_keys: list[str]
    """Only lines of these products; empty for everything."""
    minimum_amount: str | None
    """Nothing is taken off what comes to less, in asset."""
    stackable: bool
    first_purchase_only: bool


class OfferView(_Offer):
    """What a code is good for."""


class CouponView(_Offer):
    id: str
    redemptions_max: int | None
    redemptions_per_project: int
    redeem_by: datetime | None
    redeemed: int
    """How often it was redeemed and not given back."""
    version: int
    """Grows with every change."""
    created_at: datetime
    archived_at: datetime | None


class CouponList(Result):
    items: list[CouponView]
    next_cursor: str | None


class PromotionCodeView(Result):
    id: str
    coupon_key: str
    code: str
    for_project_id: str | None
    redemptions_max: int | None
    redeem_by: datetime | None
    first_purchase_only: bool
    redeemed: int
    created_at: datetime
    deactivated_at: datetime | None


class PromotionCodeList(Result):
    items: list[PromotionCodeView]
    next_cursor: str | None


class DiscountView(_Offer):
    id: str
    project_id: str
    state: StateWord
    """active is taken off what is billed next; granted has put its credits into a wallet."""
    periods_left: int | None
    """How many billed periods more; null for all that come."""
    reference: str | None
    """The one thing that it is for, such as a checkout; null for whatever is billed."""
    wallet_id: str | None
    transaction_id: str | None
    """What granted its credits."""
    redeemed_by: str
    redeemed_at: datetime
    ended_at: datetime | None


class DiscountList(Result):
    items: list[DiscountView]
    next_cursor: str | None


class PromotionCodeCheck(Result):
    redeemable: bool
    reason: (
        Literal[
            "unknown",
            "deactivated",
            "expired",
            "used_up",
            "used_by_project",
            "not_first_purchase",
            "not_stackable",
        ]
        | None
    )
    """Why not; null when it can be redeemed."""
    explanation: str | None
    offer: OfferView | None
    """What it is good for. Null for a code that is unknown."""


def _offer(coupon: Coupon) -> dict[str, object]:
    asset = next((each.asset for each in (coupon.amount, coupon.minimum) if each), None)
    return {
        "coupon_key": coupon.key,
        "name": coupon.name,
        "description": coupon.description,
        "kind": coupon.kind.value,
        "percent": str(coupon.percent) if coupon.percent else None,
        "amount": coupon.amount.decimal if coupon.amount else None,
        "asset": str(asset) if asset else None,
        "credits_expire_after_days": coupon.credits_expire_after_days,
        "trial_days": coupon.trial_days,
        "duration": coupon.duration.value,
        "periods": coupon.periods,
        "product_keys": list(coupon.product_keys),
        "minimum_amount": coupon.minimum.decimal if coupon.minimum else None,
        "stackable": coupon.stackable,
        "first_purchase_only": coupon.first_purchase_only,
    }


def offer_view(coupon: Coupon) -> OfferView:
    return OfferView.model_validate(_offer(coupon))


def coupon_view(coupon: Coupon) -> CouponView:
    own = {
        name: getattr(coupon, name)
        for name in (
            *("id", "redemptions_max", "redemptions_per_project", "redeem_by", "redeemed"),
            *("version", "created_at", "archived_at"),
        )
    }
    return CouponView.model_validate(_offer(coupon) | own)


def code_view(code: PromotionCode, coupon: Coupon) -> PromotionCodeView:
    return PromotionCodeView(
        id=code.id,
        coupon_key=coupon.key,
        code=code.code,
        for_project_id=code.project_id,
        redemptions_max=code.redemptions_max,
        redeem_by=code.redeem_by,
        first_purchase_only=code.first_purchase_only,
        redeemed=code.redeemed,
        created_at=code.created_at,
        deactivated_at=code.deactivated_at,
    )


def discount_view(redemption: Redemption) -> DiscountView:
    own = {
        name: getattr(redemption, name)
        for name in (
            *("id", "project_id", "periods_left", "reference", "wallet_id", "transaction_id"),
            *("redeemed_by", "redeemed_at", "ended_at"),
        )
    }
    told = _offer(redemption.coupon) | own | {"state": redemption.state.value}
    return DiscountView.model_validate(told)
