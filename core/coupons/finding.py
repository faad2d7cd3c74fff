"""Find coupons, codes, and what a project has redeemed. Another project's things are not found.

Coupons and codes belong to the platform; a code that is bound to one project is nobody else's.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, or_, select

from core.checkouts import PromotionCodeUnknown
from core.coupons import tables
from core.coupons.errors import (
    CouponNotFound,
    DiscountNotFound,
    PromotionCodeNotFound,
)
from core.coupons.model import Coupon, Duration, Kind, PromotionCode, Redemption, State
from core.db.together import Order, Step
from core.db.work import Work
from core.kernel.money import Asset, Money

STANDING = (State.RESERVED, State.ACTIVE)


def folded(code: str) -> str:
    """Return a code as it is looked up: people mistake neither case nor hyphens for another."""
    return code.upper().replace("-", "")


async def find(work: Work, coupon_key: str, *, lock: bool = False) -> Coupon:
    """Find a coupon. Raises CouponNotFound."""
    query = select(tables.coupons).where(tables.coupons.c.key == coupon_key)
    row = (await work.execute(query.with_for_update() if lock else query)).mappings().first()
    if row is None:
        raise CouponNotFound(coupon_key)
    return coupon_of(row)


async def list_after(
    work: Work, after: str | None, limit: int, *, archived: bool = False
) -> list[Coupon]:
    """Return coupons by their key."""
    c = tables.coupons.c
    query = select(tables.coupons).order_by(c.key).limit(limit)
    if not archived:
        query = query.where(c.archived_at.is_(None))
    if after is not None:
        query = query.where(c.key > after)
    return [coupon_of(row) for row in (await work.execute(query)).mappings()]


async def by_code(work: Work, code: str) -> tuple[PromotionCode, Coupon]:
    """Find what a code that somebody of the unit's project has typed is good for.

    Raises PromotionCodeUnknown for what is no code, or one of another project: the same for both.
    """
    d = tables.codes.c
    query = _codes().where(
        d.folded == folded(code), or_(d.project_id.is_(None), d.project_id == work.project_id)
    )
    row = (await work.execute(query)).mappings().first()
    if row is None:
        raise PromotionCodeUnknown
    return _code(row), coupon_of(row, "coupon_")


async def code_by_id(
    work: Work, promotion_code_id: str, *, lock: bool = False
) -> tuple[PromotionCode, Coupon]:
    """Find a promotion code by its id, whosever it is: for staff. Raises PromotionCodeNotFound."""
    d = tables.codes.c
    if lock:
        await work.execute(select(d.id).where(d.id == promotion_code_id).with_for_update())
    row = (await work.execute(_codes().where(d.id == promotion_code_id))).mappings().first()
    if row is None:
        raise PromotionCodeNotFound(promotion_code_id)
    return _code(row), coupon_of(row, "coupon_")


async def list_codes_after(
    work: Work, after: str | None, limit: int, *, coupon_key: str | None, inactive: bool
) -> list[tuple[PromotionCode, Coupon]]:
    """Return codes, the oldest first. Staff bound to one project see those it could redeem."""
    d, c = tables.codes.c, tables.coupons.c
    query = _codes().order_by(d.id).limit(limit)
    if bound := work.caller.project_id:
        query = query.where(or_(d.project_id.is_(None), d.project_id == bound))
    if coupon_key is not None:
        query = query.where(c.key == coupon_key)
    if not inactive:
        query = query.where(d.deactivated_at.is_(None))
    if after is not None:
        query = query.where(d.id > after)
    rows = (await work.execute(query)).mappings()
    return [(_code(row), coupon_of(row, "coupon_")) for row in rows]


async def redemption(work: Work, discount_id: str, *, lock: bool = False) -> Redemption:
    """Find what the unit's project has redeemed. Raises DiscountNotFound."""
    r = tables.redemptions.c
    this = (r.project_id == work.project_id, r.id == discount_id)
    if lock:
        await work.execute(select(r.id).where(*this).with_for_update())
    row = (await work.execute(_redemptions().where(*this))).mappings().first()
    if row is None:
        raise DiscountNotFound(discount_id)
    return _redemption(row)


async def redemption_for(work: Work, reference: str) -> Redemption | None:
    """Return what the unit's project redeemed for this one thing."""
    r = tables.redemptions.c
    query = _redemptions().where(r.project_id == work.project_id, r.reference == reference)
    row = (await work.execute(query)).mappings().first()
    return _redemption(row) if row else None


async def times_redeemed(work: Work, coupon_id: str) -> int:
    """Return how often the unit's project has redeemed the coupon, as it is counted."""
    own = tables.customers.c
    query = select(own.redeemed).where(
        own.project_id == work.project_id, own.coupon_id == coupon_id
    )
    return (await work.execute(query)).scalar() or 0


async def has_first_offer(work: Work, besides: Sequence[str] = ()) -> bool:
    """Tell whether the unit's project has another offer for a first purchase, taken or not."""
    r, d, c = tables.redemptions.c, tables.codes.c, tables.coupons.c
    given_back = [str(each) for each in (State.REMOVED, State.RELEASED)]
    query = (
        select(r.id)
        .join(tables.codes, d.id == r.code_id)
        .join(tables.coupons, c.id == r.coupon_id)
        .where(
            r.project_id == work.project_id,
            r.state.not_in(given_back),
            r.id.not_in(besides),
            or_(d.first_purchase_only, c.first_purchase_only),
        )
    )
    return (await work.execute(query.limit(1))).first() is not None


async def standing(work: Work) -> list[Redemption]:
    """Return what the unit's project has now, the oldest first: active, or held for a checkout."""
    return await work.together(STAND, work.project_id)


async def _stand(items: Sequence[tuple[Work, str]]) -> list[list[Redemption]]:
    r = tables.redemptions.c
    project_ids = sorted({project_id for _, project_id in items})
    query = (
        _redemptions()
        .where(r.project_id.in_(project_ids), r.state.in_([str(each) for each in STANDING]))
        .order_by(r.id)
    )
    found: dict[str, list[Redemption]] = {}
    for row in (await items[0][0].execute(query)).mappings():
        found.setdefault(row["project_id"], []).append(_redemption(row))
    return [list(found.get(project_id, ())) for _, project_id in items]


STAND: Step[str, list[Redemption]] = Step(Order.LOOK + 1, _stand)


async def list_redemptions_before(
    work: Work, before: str | None, limit: int, *, states: Sequence[State]
) -> list[Redemption]:
    """Return what the unit's project has redeemed, the newest first."""
    r = tables.redemptions.c
    query = (
        _redemptions()
        .where(r.project_id == work.project_id, r.state.in_([str(each) for each in states]))
        .order_by(r.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(r.id < before)
    return [_redemption(row) for row in (await work.execute(query)).mappings()]


def _codes() -> Select[Any]:
    d, c = tables.codes.c, tables.coupons.c
    named = [each.label(f"coupon_{each.name}") for each in c if each.name != "id"]
    return select(tables.codes, *named).join(tables.coupons, c.id == d.coupon_id)


def _redemptions() -> Select[Any]:
    r, c = tables.redemptions.c, tables.coupons.c
    named = [each.label(f"coupon_{each.name}") for each in c if each.name != "id"]
    return select(tables.redemptions, *named).join(tables.coupons, c.id == r.coupon_id)


def coupon_of(row: Any, prefix: str = "") -> Coupon:
    """Read a coupon of a row in which its columns may be prefixed."""

    def told(name: str) -> Any:
        return row[f"{prefix}{name}"]

    asset, minimum = told("asset"), told("minimum")
    return Coupon(
        id=row["coupon_id" if prefix else "id"],
        kind=Kind(told("kind")),
        percent=Decimal(told("percent")) if told("percent") else None,
        amount=Money(told("amount"), Asset.parse(asset)) if asset else None,
        duration=Duration(told("duration")),
        product_keys=tuple(told("product_keys")),
        minimum=Money(minimum, Asset.parse(told("minimum_asset"))) if minimum else None,
        **{name: told(name) for name in _PLAIN},
    )


_PLAIN = (
    *("key", "name", "description", "credits_expire_after_days", "trial_days", "periods"),
    *("stackable", "first_purchase_only", "redemptions_max", "redemptions_per_project"),
    *("redeem_by", "redeemed", "version", "created_at", "updated_at", "archived_at"),
)


def _code(row: Any) -> PromotionCode:
    return PromotionCode(**{name: row[name] for name in PromotionCode.__slots__})


def _redemption(row: Any) -> Redemption:
    return Redemption(
        coupon=coupon_of(row, "coupon_"),
        state=State(row["state"]),
        **{name: row[name] for name in _OWN},
    )


_OWN = (
    *("project_id", "id", "code_id", "periods_left", "reference", "wallet_id"),
    *("transaction_id", "redeemed_by", "redeemed_at", "ended_at"),
)
