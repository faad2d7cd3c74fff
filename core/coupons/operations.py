"""What operators do with coupons and promotion codes. What projects do is in `own_operations`."""

from core import catalog, projects
from core.coupons import changing, finding, own_operations, reading
from core.coupons.errors import (
    CouponArchived,
    CouponKeyTaken,
    CouponNotFound,
    PromotionCodeNotFound,
    PromotionCodeTaken,
)
from core.coupons.model import PromotionCode
from core.coupons.shapes import (
    CouponList,
    CouponView,
    CreateCoupon,
    CreatePromotionCode,
    ListCoupons,
    ListPromotionCodes,
    NamedCoupon,
    NamedPromotionCode,
    PromotionCodeList,
    PromotionCodeView,
    UpdateCoupon,
    code_view,
    coupon_view,
)
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.kernel.ids import is_id
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, RateClass, operation
from core.operations.scopes import Toolset

LAUNCH = {"coupon_key": "launch", "name": "Launch offer", "kind": "percent", "percent": "20"}
CODE_ID = "prm_01jd3x8k5vq2m7r9t4w6y0z1ab"


@operation(
    "POST /v1/coupons",
    title="Create coupon",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(CouponKeyTaken, catalog.ProductNotFound),
    examples=(
        Example(
            title="20 % off for three months",
            arguments=LAUNCH | {"duration": "repeating", "periods": 3},
        ),
        Example(
            title="Credits for the first hundred who come",
            arguments={
                "coupon_key": "welcome",
                "name": "Welcome",
                "kind": "credits",
                "amount": "500",
                "asset": "CREDIT/6",
                "redemptions_max": 100,
            },
        ),
    ),
)
async def create_coupon(work: Work, request: CreateCoupon) -> CouponView:
    """Make an offer: a percent or an amount off, credits, or trial days. Platform operators only.

    Its terms never change, its limits may. Projects redeem it by a code: create_promotion_code.
    """
    coupon = reading.coupon_of(work, request)
    for product_key in coupon.product_keys:
        await catalog.find_product(work, product_key)
    return coupon_view(await changing.create(work, coupon))


@operation(
    "PATCH /v1/coupons/{coupon_key}",
    title="Update coupon",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(CouponNotFound, CouponArchived),
    examples=(
        Example(
            title="A hundred and no more",
            arguments={"coupon_key": "launch", "redemptions_max": 100},
        ),
    ),
)
async def update_coupon(work: Work, request: UpdateCoupon) -> CouponView:
    """Change a coupon's name or limits. Platform operators only. Its terms never change.

    What was redeemed stays redeemed, whatever the limit is now. Fields that are left out stay.
    """
    sent = request.model_dump(include=request.model_fields_set - {"coupon_key"})
    if not sent:
        raise invalid("arguments", "must name something to change")
    changes = reading.changes_of(work, sent)
    return coupon_view(await changing.change(work, request.coupon_key, changes))


@operation(
    "POST /v1/coupons/{coupon_key}/archive",
    title="Archive coupon",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(CouponNotFound,),
    examples=(Example(title="End the offer", arguments={"coupon_key": "launch"}),),
)
async def archive_coupon(work: Work, request: NamedCoupon) -> CouponView:
    """Give a coupon no longer: none of its codes can be redeemed. Platform operators only.

    Projects that redeemed it keep what they have. Archiving it again changes nothing.
    """
    return coupon_view(await changing.archive(work, request.coupon_key))


@operation(
    "GET /v1/coupons",
    title="List coupons",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="What is given", arguments={}),),
)
async def list_coupons(work: Work, request: ListCoupons) -> CouponList:
    """List coupons by key, each with its terms, its limits and how often it was redeemed.

    Platform staff only: a project sees its own with list_discounts.
    """
    after = paging.after(request.cursor, parts=1)
    found = await finding.list_after(
        work, after[0] if after else None, request.limit + 1, archived=request.include_archived
    )
    shown = paging.page(found, request.limit, lambda coupon: [coupon.key])
    return CouponList(items=[*map(coupon_view, shown.items)], next_cursor=shown.next_cursor)


@operation(
    "GET /v1/coupons/{coupon_key}",
    title="Get coupon",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(CouponNotFound,),
    examples=(Example(title="How often was it redeemed?", arguments={"coupon_key": "launch"}),),
)
async def get_coupon(work: Work, request: NamedCoupon) -> CouponView:
    """Look at one coupon: its terms, its limits, and how often it was redeemed."""
    return coupon_view(await finding.find(work, request.coupon_key))


@operation(
    "POST /v1/promotion-codes",
    title="Create promotion code",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(CouponNotFound, CouponArchived, PromotionCodeTaken, projects.ProjectNotFound),
    examples=(
        Example(title="One that nobody guesses", arguments={"coupon_key": "launch"}),
        Example(
            title="For everybody who hears of it, fifty times",
            arguments={"coupon_key": "launch", "code": "LAUNCH-20", "redemptions_max": 50},
        ),
    ),
)
async def create_promotion_code(work: Work, request: CreatePromotionCode) -> PromotionCodeView:
    """Give out a word by which a coupon is redeemed. Platform operators only.

    Case and hyphens do not matter when it is typed. Its own limits come on top of the coupon's. A
    code that people can remember others can guess: limit it, or bind it to one project.
    """
    coupon = await finding.find(work, request.coupon_key)
    if request.for_project_id:
        await projects.find_project(work, request.for_project_id, None)
    if request.redeem_by and request.redeem_by <= work.now:
        raise invalid("redeem_by", "must be later than now")
    code = PromotionCode(
        id=work.ids.new("prm"),
        coupon_id=coupon.id,
        code=(request.code or changing.new_code()).upper(),
        project_id=request.for_project_id,
        redemptions_max=request.redemptions_max,
        redeem_by=request.redeem_by,
        first_purchase_only=request.first_purchase_only,
        redeemed=0,
        created_at=work.now,
        deactivated_at=None,
    )
    return code_view(await changing.give_out(work, coupon, code), coupon)


@operation(
    "POST /v1/promotion-codes/{promotion_code_id}/deactivate",
    title="Deactivate promotion code",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(PromotionCodeNotFound,),
    examples=(Example(title="It leaked", arguments={"promotion_code_id": CODE_ID}),),
)
async def deactivate_promotion_code(work: Work, request: NamedPromotionCode) -> PromotionCodeView:
    """Have nobody redeem a code any more. Platform operators only. It is never given out again.

    What was redeemed with it stays. Deactivating it again changes nothing.
    """
    return code_view(*await changing.deactivate(work, request.promotion_code_id))


@operation(
    "GET /v1/promotion-codes",
    title="List promotion codes",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="Of one coupon", arguments={"coupon_key": "launch"}),),
)
async def list_promotion_codes(work: Work, request: ListPromotionCodes) -> PromotionCodeList:
    """List promotion codes, the oldest first, with how often each was redeemed.

    Platform staff only. Those that are deactivated are shown only if asked for.
    """
    after = paging.after(request.cursor, parts=1)
    if after and not is_id("prm", after[0]):
        raise paging.InvalidCursor
    found = await finding.list_codes_after(
        work,
        after[0] if after else None,
        request.limit + 1,
        coupon_key=request.coupon_key,
        inactive=request.include_inactive,
    )
    shown = paging.page(found, request.limit, lambda each: [each[0].id])
    return PromotionCodeList(
        items=[code_view(*each) for each in shown.items], next_cursor=shown.next_cursor
    )


OPERATIONS = (
    create_coupon,
    update_coupon,
    archive_coupon,
    list_coupons,
    get_coupon,
    create_promotion_code,
    deactivate_promotion_code,
    list_promotion_codes,
    *own_operations.OPERATIONS,
)
