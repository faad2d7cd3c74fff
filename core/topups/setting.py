"""Set a wallet's rule, or switch it off."""

from core import checkouts, jobs, packs, payers, payments, wallets
from core.db.upsert import upsert
from core.db.work import Work
from core.kernel.money import LARGEST, Money
from core.operations.errors import invalid
from core.operations.fields import money
from core.operations.given import given
from core.topups import events, finding
from core.topups.beginning import times
from core.topups.errors import AutoTopUpNotFound, CapBelowPrice, NoPaymentMethod
from core.topups.model import Caps, Rule, RuleState, State
from core.topups.paying import pay_top_up
from core.topups.shapes import EnableAutoTopUp
from core.topups.tables import rules


async def set_rule(work: Work, wanted: EnableAutoTopUp) -> Rule:
    """Have the wallet topped up by this rule from now on; what came before is forgotten."""
    wallet = await wallets.find(work, wanted.wallet_id)
    pack = await packs.for_sale(work, wanted.pack_key)
    if wallet.asset != pack.credits.asset:
        raise checkouts.WalletHoldsAnother(wallet.id, str(wallet.asset), str(pack.credits.asset))
    caps = _caps(wanted, _price(pack, wanted.quantity))
    await _require_method(work, wanted.method_id)
    before = await finding.find_rule(work, wallet.id, lock=True)
    row = {
        "project_id": work.project_id,
        "wallet_id": wallet.id,
        "state": str(RuleState.ON),
        "threshold": money(wanted.threshold, wallet.asset, "threshold").amount,
        "asset": str(wallet.asset),
        "pack_key": pack.key,
        "quantity": wanted.quantity,
        "method_id": wanted.method_id,
        "currency": str(caps.monthly_spend.asset),
        "daily_count_max": caps.daily_count,
        "monthly_count_max": caps.monthly_count,
        "daily_spend_max": caps.daily_spend and caps.daily_spend.amount,
        "monthly_spend_max": caps.monthly_spend.amount,
        "failures": 0,
        "rests_until": None,
        "rests_for": None,
        "paused_for": None,
        "set_by": work.caller.subject[:160],
        "created_at": before.created_at if before else work.now,
        "updated_at": work.now,
    }
    await upsert(work, rules, row, key=["project_id", "wallet_id"])
    await _resume(work, wallet.id)
    work.record("set", wallet.id)
    told = wanted.model_dump(mode="json", exclude={"project_id", "external_key", "wallet_id"})
    await events.tell(work, events.SET, wallet.id, **told)
    return await _found(work, wallet.id)


async def disable_rule(work: Work, wallet_id: str) -> Rule:
    """Begin nothing more for the wallet. What the provider was asked already goes on."""
    wallet = await wallets.find(work, wallet_id)
    rule = await finding.find_rule(work, wallet.id, lock=True)
    if rule is None:
        raise AutoTopUpNotFound(wallet_id)
    if rule.state is not RuleState.OFF:
        off = {"state": str(RuleState.OFF), "paused_for": None, "updated_at": work.now}
        await finding.change_rule(work, rule, rests_until=None, rests_for=None, **off)
        work.record("disabled", wallet_id)
        await events.tell(work, events.DISABLED, wallet_id)
    return await _found(work, wallet_id)


async def _found(work: Work, wallet_id: str) -> Rule:
    rule = await finding.find_rule(work, wallet_id)
    assert rule, "it was just written"
    return rule


async def _resume(work: Work, wallet_id: str) -> None:
    """Have an attempt that was given up with its outcome unknown looked after again."""
    attempt = await finding.open_attempt(work, wallet_id)
    if attempt and attempt.state is State.PAYING:
        await jobs.again(work, pay_top_up, attempt.id)


async def _require_method(work: Work, method_id: str | None) -> None:
    if await payers.method_for(work, method_id):
        return
    if method_id:
        raise payers.MethodNotFound(method_id)
    raise NoPaymentMethod


def _price(pack: packs.Pack, quantity: int) -> Money:
    if max(pack.price.money.amount, pack.credits.amount) * quantity > LARGEST:
        raise invalid("quantity", "makes more than can be counted")
    price = times(pack.price.money, quantity)
    if limits := given(payments.Limits):
        limits.require(price)
    return price


def _caps(wanted: EnableAutoTopUp, price: Money) -> Caps:
    """Read the caps; one that could never allow a single top-up is a mistake."""
    most: dict[str, Money | None] = {}
    for field in ("daily_spend_max", "monthly_spend_max"):
        sent: str | None = getattr(wanted, field)
        most[field] = cap = money(sent, price.asset, field) if sent else None
        if cap and cap.amount < price.amount:
            raise CapBelowPrice(field, cap, price)
    monthly = most["monthly_spend_max"]
    assert monthly, "it is required"
    return Caps(
        daily_count=wanted.daily_count_max,
        monthly_count=wanted.monthly_count_max,
        daily_spend=most["daily_spend_max"],
        monthly_spend=monthly,
    )
