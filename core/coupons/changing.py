"""Make, change and archive coupons, and give out the codes they are had by."""

import secrets
from dataclasses import replace
from typing import Any

from sqlalchemy import update

from core.coupons import events, finding, tables
from core.coupons.errors import CouponArchived, CouponKeyTaken, PromotionCodeTaken
from core.coupons.model import Coupon, PromotionCode
from core.db.upsert import insert_if_absent
from core.db.work import Work

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""What a code that we make is of: nothing that is read as another."""
GROUPS, GROUP = 3, 4
"""Twelve letters of thirty: nobody guesses one of a million such codes in a million years."""


async def create(work: Work, coupon: Coupon) -> Coupon:
    """Write a coupon. Its key names it for ever."""
    if not await insert_if_absent(work, tables.coupons, _row_of(coupon)):
        raise CouponKeyTaken(coupon.key)
    await events.tell_coupon(work, events.COUPON_CREATED, coupon)
    return coupon


async def change(work: Work, coupon_key: str, changes: dict[str, Any]) -> Coupon:
    """Change its name or its limits. What was redeemed stays redeemed, and its terms never change.

    A limit below what was redeemed already means that no more are.
    """
    before = await finding.find(work, coupon_key, lock=True)
    if before.archived_at:
        raise CouponArchived(coupon_key)
    after = replace(before, **changes, version=before.version + 1, updated_at=work.now)
    await _write(work, before, after, changes)
    await events.tell_coupon(work, events.COUPON_UPDATED, after, before)
    return after


async def archive(work: Work, coupon_key: str) -> Coupon:
    """Give it no longer. Archived twice is archived; who redeemed it keeps it."""
    before = await finding.find(work, coupon_key, lock=True)
    if before.archived_at:
        return before
    after = replace(before, archived_at=work.now, version=before.version + 1, updated_at=work.now)
    await _write(work, before, after, {"archived_at": work.now})
    await events.tell_coupon(work, events.COUPON_ARCHIVED, after, before)
    return after


async def _write(work: Work, before: Coupon, after: Coupon, changes: dict[str, Any]) -> None:
    # Only what changes is written: the counter beside it is whoever redeems'.
    c = tables.coupons.c
    guarded = update(tables.coupons).where(c.id == before.id, c.version == before.version)
    values = changes | {"version": after.version, "updated_at": after.updated_at}
    written = await work.execute(guarded.values(values))
    assert written.rowcount == 1, "the coupon is locked"
    work.record("changed", after.id)


def _row_of(coupon: Coupon) -> dict[str, Any]:
    plain = {name: getattr(coupon, name) for name in Coupon.__slots__}
    amount, minimum = coupon.amount, coupon.minimum
    return plain | {
        "kind": str(coupon.kind),
        "percent": str(coupon.percent) if coupon.percent else None,
        "amount": amount and amount.amount,
        "asset": str(amount.asset) if amount else None,
        "duration": str(coupon.duration),
        "product_keys": list(coupon.product_keys),
        "minimum": minimum and minimum.amount,
        "minimum_asset": str(minimum.asset) if minimum else None,
    }


def new_code() -> str:
    """Make a code that people can read to each other, and that nobody guesses."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


async def give_out(work: Work, coupon: Coupon, code: PromotionCode) -> PromotionCode:
    """Write a code for a coupon that is still given. The coupon stays so until the commit."""
    current = await finding.find(work, coupon.key, lock=True)
    if current.archived_at:
        raise CouponArchived(coupon.key)
    row = {name: getattr(code, name) for name in PromotionCode.__slots__}
    row["folded"] = finding.folded(code.code)
    if not await insert_if_absent(work, tables.codes, row):
        raise PromotionCodeTaken
    await events.tell_code(work, events.CODE_CREATED, code, current)
    return code


async def deactivate(work: Work, promotion_code_id: str) -> tuple[PromotionCode, Coupon]:
    """Have nobody redeem it any more. Deactivated twice is deactivated; what was redeemed stays."""
    code, coupon = await finding.code_by_id(work, promotion_code_id, lock=True)
    if code.deactivated_at:
        return code, coupon
    d = tables.codes.c
    await work.execute(update(tables.codes).where(d.id == code.id).values(deactivated_at=work.now))
    ended = replace(code, deactivated_at=work.now)
    await events.tell_code(work, events.CODE_DEACTIVATED, ended, coupon)
    return ended, coupon
