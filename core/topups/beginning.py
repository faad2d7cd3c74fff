"""Begin to top up a wallet: look again under the rule's lock, then write the intent down."""

from core import packs, payments, projects, wallets
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.jobs import enqueue
from core.kernel.money import Money
from core.kernel.period import Window, window_end, window_start
from core.topups import events, finding, settling
from core.topups.model import CAPPED, Attempt, Rule, Spent, State, cap_reached
from core.topups.paying import pay_top_up
from core.topups.tables import attempts

WENT_BACK = "payment_went_back"


async def begin(work: Work, wallet_id: str) -> Attempt | None:
    """Begin an attempt for this wallet if one is due; None if not, or if one is open already.

    The rule's row is locked, so of all who see a wallet below its line one begins; and the table
    holds one open attempt for each wallet, whoever writes.
    """
    rule = await finding.find_rule(work, wallet_id, lock=True)
    if rule is None or not rule.is_due(work.now) or await finding.open_attempt(work, wallet_id):
        return None
    left = (await wallets.balances(work, [wallet_id]))[wallet_id].available
    if left.amount >= rule.threshold.amount:
        return None
    pack = await _pack(work, rule)
    if pack is None:
        return None
    price = times(pack.price.money, rule.quantity)
    if window := await _capped(work, rule, price):
        zone = await projects.time_zone_of(work, work.project_id)
        until = window_end(window_start(work.now, window, zone), window, zone)
        await settling.cap(work, rule, str(window), until, CAPPED)
        return None
    attempt_id = work.ids.new("top")
    row = {
        "project_id": work.project_id,
        "id": attempt_id,
        "wallet_id": wallet_id,
        "state": str(State.PAYING),
        "amount": price.amount,
        "currency": str(price.asset),
        "price_id": pack.price.external_id,
        "began_at": work.now,
    }
    if not await insert_if_absent(work, attempts, row):
        return None
    await payments.expect(work, _sale(rule, pack, attempt_id, price))
    await enqueue(work, pay_top_up, key=attempt_id, attempt_id=attempt_id)
    attempt = await finding.find_attempt(work, attempt_id)
    assert attempt, "it was just written"
    told = {"available": left.decimal, "threshold": rule.threshold.decimal}
    await events.tell_attempt(work, events.BEGUN, attempt, **told)
    return attempt


async def _pack(work: Work, rule: Rule) -> packs.Pack | None:
    """Return the pack to buy, or note why it cannot be bought."""
    if await payments.went_back(work, rule.wallet_id, rule.updated_at):
        # What took the credits was that somebody did not want to pay: it is no reason to ask again.
        await settling.pause(work, rule, WENT_BACK, "A payment for it was refunded or disputed.")
        return None
    try:
        return await packs.for_sale(work, rule.pack_key)
    except packs.PackNotOnSale as error:
        # Its new price may be on its way to the provider: try again as after a failure.
        await settling.count_failure(work, rule, error.code, str(error))
    except (packs.PackNotFound, packs.PackArchived) as error:
        await settling.pause(work, rule, error.code, str(error))
    return None


async def spent_in(work: Work, rule: Rule, window: Window) -> Spent:
    """Add up what was spent for a wallet in the day or month of the project that it is now."""
    zone = await projects.time_zone_of(work, work.project_id)
    since = window_start(work.now, window, zone)
    currency = str(rule.caps.monthly_spend.asset)
    return await finding.spent_since(work, rule.wallet_id, since, currency)


async def _capped(work: Work, rule: Rule, price: Money) -> Window | None:
    day, month = [await spent_in(work, rule, each) for each in (Window.DAY, Window.MONTH)]
    return cap_reached(rule.caps, price, day, month)


def _sale(rule: Rule, pack: packs.Pack, attempt_id: str, price: Money) -> payments.Sale:
    return payments.Sale(
        purpose=payments.Purpose.TOP_UP,
        source_id=attempt_id,
        wallet_id=rule.wallet_id,
        credits=times(pack.credits, rule.quantity),
        bonus=times(pack.bonus, rule.quantity),
        expires_after_days=pack.expires_after_days,
        price=price,
        pack_id=pack.id,
        quantity=rule.quantity,
    )


def times(money: Money, quantity: int) -> Money:
    return Money(money.amount * quantity, money.asset)
