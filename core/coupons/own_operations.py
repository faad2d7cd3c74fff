"""What a project does with promotion codes and the discounts that it has of them."""

from contextlib import suppress

from core import ledger, projects, wallets
from core.checkouts import PromotionCodeRefused, PromotionCodeUnknown
from core.coupons import deciding, finding, holding, redeeming, using
from core.coupons.errors import DiscountNotActive, DiscountNotFound
from core.coupons.finding import STANDING
from core.coupons.model import State
from core.coupons.redeeming import Wanted
from core.coupons.shapes import (
    CheckPromotionCode,
    DiscountList,
    DiscountView,
    ListDiscounts,
    NamedDiscount,
    PromotionCodeCheck,
    RedeemPromotionCode,
    discount_view,
    offer_view,
)
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.operations.operation import Effect, Example, RateClass, operation
from core.operations.scopes import Toolset

TYPED = {"code": "XK7M-9QPT-4WHR"}


@operation(
    "POST /v1/projects/{project_id}/discounts",
    title="Redeem promotion code",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.STRICT,
    raises=(
        projects.ProjectNotFound,
        PromotionCodeUnknown,
        PromotionCodeRefused,
        wallets.WalletNotFound,
        wallets.NoWalletForAsset,
        wallets.AssetsDiffer,
        ledger.BalanceTooLarge,
    ),
    examples=(Example(title="A code from a letter", arguments=TYPED),),
)
async def redeem_promotion_code(work: Work, request: RedeemPromotionCode) -> DiscountView:
    """Redeem a promotion code for the project. Its admins and owner may.

    Credits are put into a wallet at once. A percent, an amount or trial days are kept, and count
    for what is billed next: see list_discounts. A refusal tells the reason, and changes nothing.
    """
    await holding.settle_all(work)
    wanted = Wanted(wallet_id=request.wallet_id)
    return discount_view(await redeeming.redeem(work, request.code, wanted))


@operation(
    "POST /v1/projects/{project_id}/promotion-code-checks",
    title="Check promotion code",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.MEMBER,
    platform=PlatformRole.AUDITOR,
    rate=RateClass.STRICT,
    raises=(projects.ProjectNotFound,),
    examples=(Example(title="Is it still good?", arguments=TYPED),),
)
async def check_promotion_code(work: Work, request: CheckPromotionCode) -> PromotionCodeCheck:
    """Tell whether the project could redeem a code now, what it is good for, or why not.

    Nothing is redeemed or held for it. How often a project may ask is limited.
    """
    reason: deciding.Reason | None = deciding.Reason.UNKNOWN
    offer = None
    with suppress(PromotionCodeUnknown):
        code, coupon = await finding.by_code(work, request.code)
        freed = await holding.came_to_nothing(work)
        facts = await redeeming.facts_about(work, coupon, freed)
        counted = deciding.given_back(code, coupon, freed)
        reason, offer = deciding.why_not(*counted, facts), offer_view(coupon)
    return PromotionCodeCheck.model_validate(
        {
            "redeemable": reason is None,
            "reason": reason and reason.value,
            "explanation": deciding.EXPLANATIONS[reason] if reason else None,
            "offer": offer,
        }
    )


@operation(
    "GET /v1/projects/{project_id}/discounts",
    title="List discounts",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="What counts now", arguments={}),),
)
async def list_discounts(work: Work, request: ListDiscounts) -> DiscountList:
    """List what a project has redeemed, the newest first: what counts for the next bill.

    What was used up, granted or removed is shown only if asked for.
    """
    before = paging.after(request.cursor, parts=1)
    if before and not is_id("dsc", before[0]):
        raise paging.InvalidCursor
    found = await finding.list_redemptions_before(
        work,
        before[0] if before else None,
        request.limit + 1,
        states=tuple(State) if request.include_ended else STANDING,
    )
    shown = paging.page(found, request.limit, lambda redemption: [redemption.id])
    return DiscountList(items=[*map(discount_view, shown.items)], next_cursor=shown.next_cursor)


@operation(
    "POST /v1/projects/{project_id}/discounts/{discount_id}/remove",
    title="Remove discount",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, DiscountNotFound, DiscountNotActive),
    examples=(
        Example(
            title="It counts no more",
            arguments={"discount_id": "dsc_01jd3x8k5vq2m7r9t4w6y0z1ab"},
        ),
    ),
)
async def remove_discount(work: Work, request: NamedDiscount) -> DiscountView:
    """Take an active discount from a project: nothing more is taken off its bills.

    It stays counted, so its code is not redeemed once more for it. What was billed stays billed.
    Removing it again changes nothing.
    """
    return discount_view(await using.remove(work, request.discount_id))


OPERATIONS = (redeem_promotion_code, check_promotion_code, list_discounts, remove_discount)
