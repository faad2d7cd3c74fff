"""Charge usage: record an event and take its price from a wallet, or do neither.

The call may share its unit with others, so whatever can refuse it comes before whatever writes:
look up, price, post, and only then write the event and its charge. Of several units that charge
one event at once, all but one find its rows taken, are rolled back, and then find what it did.
"""

from dataclasses import dataclass
from typing import NamedTuple

from core import claims, ledger, wallets
from core.db.together import Collided
from core.db.work import Work
from core.kernel.errors import EngineError
from core.kernel.money import Money
from core.metering import charges, events, meters, recording, rollups
from core.metering.charges import Charge
from core.usage import (
    CHARGEABLE,
    Event,
    EventConflict,
    Meter,
    MeterNotChargeable,
    QuantityBelowZero,
    Reading,
    bucket_of,
    price_of,
    try_read,
)


@dataclass(frozen=True, slots=True)
class Charged:
    """A charge, what its wallet has left now, and whether it had been made before."""

    charge: Charge
    available: Money
    duplicate: bool


class Use(NamedTuple):
    """What is to be charged: its reading if it is new, and how much its meter read of it."""

    event: Event
    reading: Reading | None
    quantity: int
    meter: Meter
    wallet_id: str | None
    recorded: recording.Recorded | None = None


async def charge(work: Work, event: Event, wallet_id: str | None) -> Charged:
    """Charge the event unless it was charged before; then return that charge.

    An event that was recorded with the same content and never charged is charged now, unless an
    invoice bills the time in which it occurred (UsageBilled). Raises InsufficientFunds with the
    shortfall, and then nothing is recorded either.
    """
    meter = await meters.find(work, event.meter_key)
    if meter.aggregation not in CHARGEABLE:
        raise MeterNotChargeable(meter.key, str(meter.aggregation))
    before = await work.together(recording.LOOK_UP, event.event_id)
    if before is None:
        reading = try_read(event, meter, work.now)
        if isinstance(reading, EngineError):
            raise reading
        return await _take(work, Use(event, reading, reading.quantity, meter, wallet_id))
    if before.content != event.content:
        raise EventConflict(event.event_id)
    first = await work.together(charges.FIND, (event.event_id, before.quantity))
    if first is not None:
        left = (await wallets.balances(work, [first.wallet_id]))[first.wallet_id]
        return Charged(first, left.available, duplicate=True)
    named = claims.Named(meter.id, event.event_id, before.occurred_at)
    await work.together(claims.UNCLAIMED, named)
    return await _take(work, Use(event, None, before.quantity, meter, wallet_id, before))


async def _take(work: Work, use: Use) -> Charged:
    """Post the charge, then write what was charged, and the event too if it is new."""
    event, reading, quantity, meter, wallet_id, recorded = use
    if quantity < 0:
        # Credits are granted by whoever may grant them; they are never the price of an event.
        raise QuantityBelowZero(event.event_id)
    wallet = await _wallet(work, meter, wallet_id)
    amount = price_of(event.event_id, quantity, meter)
    posted = await _post(work, event, amount, wallet, meter)
    made = Charge(
        event_id=event.event_id,
        quantity=quantity,
        amount=amount,
        wallet_id=wallet.id,
        transaction_id=posted.transaction.id if posted else None,
    )
    if posted:
        available = Money(posted.available, amount.asset)
    else:
        available = (await wallets.balances(work, [wallet.id]))[wallet.id].available
    if reading is not None:
        await work.together(recording.WRITE, reading)
    await work.leave(charges.CLAIM, made)
    await work.leave(rollups.SPENT, rollups.Spend(wallet.id, amount))
    if recorded is not None:
        bucket = bucket_of(recorded.occurred_at)
        await work.leave(rollups.CHARGED, rollups.ChargedLater(meter.id, bucket, quantity))
    work.record("charged", event.event_id)
    await events.usage_charged(work, made, meter)
    return Charged(made, available, duplicate=False)


async def _post(
    work: Work, event: Event, amount: Money, wallet: wallets.Wallet, meter: Meter
) -> ledger.Accepted | None:
    """Take the price, if there is one: a transaction moves something."""
    if not amount.amount:
        return None
    transaction = ledger.flows.CHARGE.draw(
        work, amount, reference=f"usage:{event.event_id}", source=wallet.id, memo=meter.name
    )
    try:
        [outcome] = await ledger.post(work, transaction)
    except ledger.ReferenceReused as taken:
        # Somebody charged this event, from another wallet, since we looked for its charge.
        raise Collided from taken
    if isinstance(outcome, ledger.Duplicate):
        raise Collided
    return outcome


async def _wallet(work: Work, meter: Meter, wallet_id: str | None) -> wallets.Wallet:
    if wallet_id is None:
        return await wallets.default_wallet(work, meter.asset)
    wallet = await wallets.find_spendable(work, wallet_id)
    if wallet.asset != meter.asset:
        raise ledger.AssetMismatch(wallet.id, str(wallet.asset), str(meter.asset))
    return wallet
