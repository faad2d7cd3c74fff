"""Redeem promotion codes: each limit holds whoever races for the last one.

Who redeems locks the project first, then counts: the project's own redemptions, the code's, the
coupon's, in this order everywhere. Each count is an update under its limit whose row count is
checked, so that of ten who read that one is left exactly one gets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, or_, update

from core import ledger, payments, projects, wallets
from core.coupons import deciding, events, finding, tables
from core.coupons.deciding import Facts, Reason
from core.coupons.model import Coupon, Kind, PromotionCode, Redemption, State
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.money import Money

SOURCE = "coupon"
PRIORITY = 90
"""Spent before what was paid for, as all that is given away."""
REDEEMED_BY_MAX = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a code is redeemed for: whatever is billed next, or one thing that is held for it."""

    wallet_id: str | None = None
    """Where credits go; None for the project's own wallet that holds them."""
    reference: str | None = None
    price: Money | None = None
    """Of the one purchase that it is held for, until it is known what becomes of that."""


async def redeem(work: Work, typed: str, wanted: Wanted) -> Redemption:
    """Redeem a code for the unit's project, or raise why not. Credits are granted at once."""
    # First: who waits for the lock must see what was redeemed, and paid, before the wait was over.
    await projects.lock_project(work)
    code, coupon = await finding.by_code(work, typed)
    facts = await facts_about(work, coupon)
    if price := wanted.price:
        # A purchase is a bill of its own, on which nothing else stands.
        facts = replace(facts, standing=())
    reason = deciding.why_not(code, coupon, facts)
    if reason is None and price:
        reason = deciding.why_not_for(price, coupon)
    if reason:
        raise deciding.refused(reason)
    await _count(work, code, coupon)
    discount_id = work.ids.new("dsc")
    row: dict[str, Any] = {
        "project_id": work.project_id,
        "id": discount_id,
        "coupon_id": coupon.id,
        "code_id": code.id,
        "state": str(State.RESERVED if price else State.ACTIVE),
        "periods_left": coupon.periods_at_first,
        "reference": wanted.reference,
        "redeemed_by": work.caller.subject[:REDEEMED_BY_MAX],
        "redeemed_at": work.now,
    }
    if coupon.kind is Kind.CREDITS:
        row |= await _grant(work, coupon, discount_id, wanted.wallet_id)
    await work.execute(insert(tables.redemptions), row)
    redeemed = await finding.redemption(work, discount_id)
    await events.tell_redemption(work, events.REDEEMED, redeemed)
    return redeemed


async def facts_about(work: Work, coupon: Coupon, freed: Sequence[Redemption] = ()) -> Facts:
    """Read what the decision needs to know of the unit's project, once `freed` is given back."""
    standing = await finding.standing(work)
    redeemed = await finding.times_redeemed(work, coupon.id)
    besides = [each.id for each in freed]
    return Facts(
        now=work.now,
        redeemed=redeemed - sum(each.coupon.id == coupon.id for each in freed),
        has_bought=await payments.has_bought(work) or await finding.has_first_offer(work, besides),
        standing=[each.coupon for each in standing if each.is_on_bills],
    )


async def _count(work: Work, code: PromotionCode, coupon: Coupon) -> None:
    """Count the redemption against every limit, or raise which has no room for it."""
    own, d, c = tables.customers.c, tables.codes.c, tables.coupons.c
    first = {"project_id": work.project_id, "coupon_id": coupon.id, "redeemed": 0}
    await insert_if_absent(work, tables.customers, first)
    mine = (
        own.project_id == work.project_id,
        own.coupon_id == coupon.id,
        own.redeemed < coupon.redemptions_per_project,
    )
    await _add(work, tables.customers, mine, Reason.USED_BY_PROJECT)
    is_live = (d.id == code.id, d.deactivated_at.is_(None), *_room_in(d, work.now))
    await _add(work, tables.codes, is_live, Reason.USED_UP)
    is_given = (c.id == coupon.id, c.archived_at.is_(None), *_room_in(c, work.now))
    await _add(work, tables.coupons, is_given, Reason.USED_UP)


def _room_in(column: Any, now: datetime) -> tuple[Any, ...]:
    """Say that a limit has room, and that its time is not over."""
    return (
        or_(column.redemptions_max.is_(None), column.redeemed < column.redemptions_max),
        or_(column.redeem_by.is_(None), column.redeem_by > now),
    )


async def _add(work: Work, table: Table, room: tuple[Any, ...], reason: Reason) -> None:
    counted = update(table).where(*room).values(redeemed=table.c.redeemed + 1)
    if (await work.execute(counted)).rowcount != 1:
        raise deciding.refused(reason)


async def release(work: Work, redemption: Redemption) -> bool:
    """Give back what was held for something that came to nothing. False when it is not held."""
    r, own = tables.redemptions.c, tables.customers.c
    this = (r.project_id == work.project_id, r.id == redemption.id, r.state == str(State.RESERVED))
    released = {"state": str(State.RELEASED), "ended_at": work.now}
    if (await work.execute(update(tables.redemptions).where(*this).values(released))).rowcount != 1:
        return False
    mine = own.project_id == work.project_id, own.coupon_id == redemption.coupon.id
    counts: tuple[tuple[Table, tuple[Any, ...]], ...] = (
        (tables.customers, mine),
        (tables.codes, (tables.codes.c.id == redemption.code_id,)),
        (tables.coupons, (tables.coupons.c.id == redemption.coupon.id,)),
    )
    for table, where in counts:
        await work.execute(update(table).where(*where).values(redeemed=table.c.redeemed - 1))
    after = await finding.redemption(work, redemption.id)
    await events.tell_redemption(work, events.RELEASED, after)
    return True


async def _grant(
    work: Work, coupon: Coupon, discount_id: str, wallet_id: str | None
) -> dict[str, Any]:
    """Put the credits into a wallet, under a reference that is booked once for ever."""
    assert coupon.amount is not None, "the table holds it for its kind"
    amount = coupon.amount
    if wallet_id is None:
        wallet = await wallets.default_wallet(work, amount.asset)
    else:
        wallet = await wallets.find(work, wallet_id)
    if wallet.asset != amount.asset:
        raise wallets.AssetsDiffer(str(amount.asset), str(wallet.asset))
    days = coupon.credits_expire_after_days
    expires_at = work.now + timedelta(days=days) if days else ledger.NEVER
    gift = ledger.flows.GRANT.draw(
        work,
        amount,
        reference=f"coupon:{discount_id}",
        target=wallet.id,
        memo=f"Coupon {coupon.key}",
        terms=ledger.Terms(SOURCE, PRIORITY, expires_at),
    )
    return {
        "state": str(State.GRANTED),
        "periods_left": 0,
        "wallet_id": wallet.id,
        "transaction_id": await wallets.deposit(work, gift, wallet.id, amount),
        "ended_at": work.now,
    }
