"""Use what a project has redeemed: for whoever bills. Each billed period takes one, once."""

from typing import Any

from sqlalchemy import case, or_, update

from core.coupons import events, finding, tables
from core.coupons.discounting import Discount
from core.coupons.errors import DiscountNotActive
from core.coupons.model import Coupon, Kind, Redemption, State
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.money import Asset, Money


async def active(
    work: Work, project_id: str, *, currency: Asset | None = None, reference: str | None = None
) -> list[Discount]:
    """Return what is taken off the project's next bill, in the order it was redeemed.

    `currency` leaves out what is in another one, which a bill would refuse; `reference` is what is
    billed, and leaves out what is for something else. Hand it to `apply`, and `consume` each of
    which something came.
    """
    found = await finding.standing(work.within(project_id))
    return [
        each.coupon.discount(each.id)
        for each in found
        if _is_for(each, reference)
        and each.is_on_bills
        and (currency is None or _is_in(each.coupon, currency))
    ]


async def without_end(work: Work, project_id: str) -> set[str]:
    """Return those discounts that no number of periods uses up: to take one once more is free."""
    found = await finding.standing(work.within(project_id))
    return {each.id for each in found if each.is_on_bills and each.periods_left is None}


async def trials(work: Work, project_id: str, product_key: str) -> list[Redemption]:
    """Return what makes the project's trial of this product longer, in the order redeemed."""
    found = await finding.standing(work.within(project_id))
    return [
        each
        for each in found
        if _is_for(each, None)
        and each.coupon.kind is Kind.TRIAL
        and (not each.coupon.product_keys or product_key in each.coupon.product_keys)
    ]


def _is_for(redemption: Redemption, reference: str | None) -> bool:
    return redemption.state is State.ACTIVE and redemption.reference in {None, reference}


def _is_in(coupon: Coupon, currency: Asset) -> bool:
    return all(each.asset == currency for each in (coupon.amount, coupon.minimum) if each)


async def consume(
    work: Work, discount_id: str, *, period: str, amount: Money | None = None
) -> bool:
    """Take one period of a discount of the unit's project. False when this period did before.

    `period` names what is billed, once for ever: `sub_…:2026-11-01`, or an invoice. `amount` is
    what came off. Raises DiscountNotActive when no period is left, or it was removed.
    """
    row = {
        "project_id": work.project_id,
        "redemption_id": discount_id,
        "period": period,
        "amount": amount and amount.amount,
        "asset": str(amount.asset) if amount else None,
        "used_at": work.now,
    }
    if not await insert_if_absent(work, tables.uses, row):
        return False
    r = tables.redemptions.c
    is_left = (
        r.project_id == work.project_id,
        r.id == discount_id,
        r.state == str(State.ACTIVE),
        or_(r.periods_left.is_(None), r.periods_left > 0),
    )
    is_last = r.periods_left == 1
    values: dict[str, Any] = {
        "periods_left": r.periods_left - 1,
        "state": case((is_last, str(State.USED)), else_=r.state),
        "ended_at": case((is_last, work.now), else_=r.ended_at),
    }
    taken = await work.execute(update(tables.redemptions).where(*is_left).values(values))
    after = await finding.redemption(work, discount_id)
    if taken.rowcount != 1:
        raise DiscountNotActive(discount_id, str(after.state))
    if after.state is State.USED:
        await events.tell_redemption(work, events.USED_UP, after)
    return True


async def remove(work: Work, discount_id: str) -> Redemption:
    """Take a discount from the unit's project. Removed twice is removed; it stays counted."""
    before = await finding.redemption(work, discount_id, lock=True)
    if before.state is State.REMOVED:
        return before
    if before.state is not State.ACTIVE:
        raise DiscountNotActive(discount_id, str(before.state))
    r = tables.redemptions.c
    this = (r.project_id == work.project_id, r.id == discount_id, r.state == str(State.ACTIVE))
    ended = {"state": str(State.REMOVED), "ended_at": work.now}
    removed = await work.execute(update(tables.redemptions).where(*this).values(ended))
    assert removed.rowcount == 1, "the redemption is locked"
    after = await finding.redemption(work, discount_id)
    await events.tell_redemption(work, events.REMOVED, after)
    return after
