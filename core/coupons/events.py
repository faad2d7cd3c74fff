"""What coupons tell: each change once for whoever listens, and once for the trail.

A code itself is told to nobody: who reads events or the trail could redeem it.
"""

from typing import Any

from core import audit, messaging
from core.coupons.model import Coupon, PromotionCode, Redemption
from core.db.work import Work

COUPON_CREATED = "coupon.created"
COUPON_UPDATED = "coupon.updated"
COUPON_ARCHIVED = "coupon.archived"
CODE_CREATED = "promotion_code.created"
CODE_DEACTIVATED = "promotion_code.deactivated"
REDEEMED = "promotion_code.redeemed"
REMOVED = "discount.removed"
USED_UP = "discount.used_up"
RELEASED = "discount.released"


def facts_of(coupon: Coupon) -> dict[str, Any]:
    return {
        "coupon_key": coupon.key,
        "name": coupon.name,
        "kind": str(coupon.kind),
        "percent": str(coupon.percent) if coupon.percent else None,
        "amount": coupon.amount.decimal if coupon.amount else None,
        "asset": str(coupon.amount.asset) if coupon.amount else None,
        "trial_days": coupon.trial_days,
        "duration": str(coupon.duration),
        "periods": coupon.periods,
        "redemptions_max": coupon.redemptions_max,
        "redemptions_per_project": coupon.redemptions_per_project,
        "redeem_by": coupon.redeem_by.isoformat() if coupon.redeem_by else None,
    }


async def tell_coupon(
    work: Work, happened: str, coupon: Coupon, before: Coupon | None = None
) -> None:
    told = {"before": facts_of(before) if before else None, "after": facts_of(coupon)}
    work.record("told", coupon.id)
    await messaging.publish(work, happened, coupon.id, told)
    await audit.record(work, happened, coupon.id, **told)


async def tell_code(work: Work, happened: str, code: PromotionCode, coupon: Coupon) -> None:
    told = {"coupon_key": coupon.key, "for_project_id": code.project_id}
    work.record("told", code.id)
    await messaging.publish(work, happened, code.id, told)
    await audit.record(work, happened, code.id, **told)


async def tell_redemption(work: Work, happened: str, redemption: Redemption) -> None:
    """Tell what has become of a redemption, in the name of its project."""
    told = {
        "coupon_key": redemption.coupon.key,
        "kind": str(redemption.coupon.kind),
        "state": str(redemption.state),
        "reference": redemption.reference,
        "promotion_id": redemption.code_id,
        "transaction_id": redemption.transaction_id,
    }
    work.record("told", redemption.id)
    await messaging.publish(work, happened, redemption.id, told)
    await audit.record(work, happened, redemption.id, **told)
