"""Hold a discount for a checkout: redeemed when the page is asked for, given back if it expires.

What becomes of the page is looked at when its time is over, daily while a payment takes days, and
whenever the project redeems another code. The page and the payment are ours to read; nobody is
called outside.
"""

from datetime import timedelta

from sqlalchemy import update

from core import checkouts, jobs, payments, projects
from core.checkouts import PromotionCodeRefused, PromotionCodeUnknown
from core.coupons import events, finding, tables
from core.coupons.discounting import BillLine, apply
from core.coupons.model import Redemption, State
from core.coupons.redeeming import Wanted, redeem, release
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.money import Money

HOURS = 24
"""A page is closed an hour before, by whoever follows it."""
DAYS_MAX = 40
"""No payment takes longer. After that what is held stays held, and counts as redeemed."""
MONEY_CAME = (payments.Status.SUCCEEDED, payments.Status.UNDERPAID)
"""Of less than what was left to pay operators decide, and the code is no longer free for others."""


class PackReductions(checkouts.Reductions):
    """Makes credit packs cheaper by promotion codes."""

    async def hold(
        self, work: Work, code: str, *, checkout_id: str, price: Money
    ) -> checkouts.Reduced:
        """Redeem the code for this checkout alone. Codes that came to nothing are free again."""
        await settle_all(work)
        try:
            held = await redeem(work, code, Wanted(reference=checkout_id, price=price))
        except (PromotionCodeUnknown, PromotionCodeRefused) as refusal:
            refusal.field = "promotion_code"
            raise
        line = BillLine(id=checkout_id, amount=price)
        left = apply([line], [held.coupon.discount(held.id)]).total
        await _look_later(work, held.id, turn=1)
        return checkouts.Reduced(price=Money(left, price.asset), discount_id=held.id)


async def settle_all(work: Work) -> None:
    """Use or release what the unit's project holds for pages that are over, before it redeems."""
    await projects.lock_project(work)
    for each in await _held(work):
        await settle(work, each)


async def came_to_nothing(work: Work) -> list[Redemption]:
    """Return what `settle_all` would release: for whoever asks, and changes nothing."""
    found = []
    for each in await _held(work):
        checkout = await checkouts.find(work, each.reference or "")
        paid = await payments.find(work, checkout.payment_id or "")
        if _is_nothing(checkout, paid):
            found.append(each)
    return found


async def _held(work: Work) -> list[Redemption]:
    return [each for each in await finding.standing(work) if each.state is State.RESERVED]


def _is_nothing(checkout: checkouts.Checkout, paid: payments.PaymentRecord) -> bool:
    still = (payments.Status.PENDING, *MONEY_CAME)
    return checkout.state.is_final and paid.status not in still


async def settle(work: Work, held: Redemption) -> bool:
    """Use or release what is held for a checkout of the unit's project. False if it is too early.

    Page and payment are locked, so that nobody pays between the look and the release. Who pays
    after it pays less than the price.
    """
    assert held.reference is not None, "it is held for something"
    checkout = await checkouts.find(work, held.reference, lock=True)
    paid = await payments.find(work, checkout.payment_id or "", lock=True)
    if paid.status in MONEY_CAME:
        await _use(work, held, Money(checkout.discount or 0, paid.sale.price.asset))
        return True
    if _is_nothing(checkout, paid):
        if await release(work, held):
            await checkouts.give_up(work, checkout)
        return True
    return False


async def _use(work: Work, held: Redemption, off: Money) -> None:
    r = tables.redemptions.c
    this = (r.project_id == work.project_id, r.id == held.id, r.state == str(State.RESERVED))
    used = {"state": str(State.USED), "periods_left": 0, "ended_at": work.now}
    if (await work.execute(update(tables.redemptions).where(*this).values(used))).rowcount != 1:
        return
    row = {
        "project_id": work.project_id,
        "redemption_id": held.id,
        "period": held.reference,
        "amount": off.amount,
        "asset": str(off.asset),
        "used_at": work.now,
    }
    await insert_if_absent(work, tables.uses, row)
    await events.tell_redemption(work, events.USED_UP, await finding.redemption(work, held.id))


@jobs.job("settle_discount")
async def settle_discount(work: Work, *, discount_id: str, turn: int) -> None:
    """Look what became of the checkout that a discount is held for, and again tomorrow if need be.

    Whoever of the project redeems has the same done before.
    """
    held = await finding.redemption(work, discount_id)
    if held.state is not State.RESERVED or await settle(work, held):
        return
    if turn < DAYS_MAX:
        await _look_later(work, discount_id, turn=turn + 1)


async def _look_later(work: Work, discount_id: str, *, turn: int) -> None:
    later = work.real_now + timedelta(hours=HOURS)
    key = f"{discount_id}:{turn}"
    told = {"discount_id": discount_id, "turn": turn}
    await jobs.enqueue(work, settle_discount, key=key, run_at=later, **told)
