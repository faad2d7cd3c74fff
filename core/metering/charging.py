"""Charge usage: record an event and take its price from a wallet, or do neither.

Of several units that charge one event, the first to insert its rows goes on and the others wait
for it; then they find what it did. Nothing is decided on a row that was only looked at.
"""

from dataclasses import dataclass

from core import ledger, wallets
from core.db.work import Work
from core.kernel.errors import EngineError
from core.kernel.money import Money
from core.metering import charges, events, meters, recording
from core.metering.charges import Charge
from core.metering.errors import EventConflict, MeterNotChargeable
from core.metering.model import CHARGEABLE, Event, Meter, Reading, price_of, try_read


@dataclass(frozen=True, slots=True)
class Charged:
    """A charge, what its wallet has left now, and whether it had been made before."""

    charge: Charge
    available: Money
    duplicate: bool


async def charge(work: Work, event: Event, wallet_id: str | None) -> Charged:
    """Charge the event unless it was charged before; then return that charge.

    An event that was recorded with the same content and never charged is charged now. Raises
    InsufficientFunds with the shortfall, and then nothing is recorded either.
    """
    meter = await meters.find(work, event.meter_key)
    if meter.aggregation not in CHARGEABLE:
        raise MeterNotChargeable(meter.key, str(meter.aggregation))
    reading = try_read(event, meter, work.now)
    if isinstance(reading, Reading) and await recording.insert_new(work, [reading]):
        return await _take(work, reading.event_id, reading.quantity, meter, wallet_id)
    # A new statement, hence a new snapshot: whoever recorded the event has committed by now.
    before = (await recording.recorded(work, [event.event_id])).get(event.event_id)
    if before is None:
        assert isinstance(reading, EngineError), "an event that was not inserted is recorded"
        raise reading
    if before.content != event.content:
        raise EventConflict(event.event_id)
    if first := await charges.find(work, event.event_id):
        return await _found(work, first)
    return await _take(work, event.event_id, before.quantity, meter, wallet_id)


async def _take(
    work: Work, event_id: str, quantity: int, meter: Meter, wallet_id: str | None
) -> Charged:
    """Claim the charge, then post it. What is claimed is given up when the posting is refused."""
    wallet = await _wallet(work, meter, wallet_id)
    amount = price_of(event_id, quantity, meter)
    transaction = amount.amount and ledger.flows.CHARGE.draw(
        work, amount, reference=f"usage:{event_id}", source=wallet.id, memo=meter.name
    )
    made = Charge(
        event_id=event_id,
        quantity=quantity,
        amount=amount,
        wallet_id=wallet.id,
        transaction_id=transaction.id if transaction else None,
    )
    if not await charges.claim(work, made):
        first = await charges.find(work, event_id)
        assert first, "a charge that could not be claimed is there"
        return await _found(work, first)
    if transaction:
        await ledger.post(work, transaction)
    work.record("charged", event_id)
    await events.usage_charged(work, made, meter)
    return Charged(made, await _available(work, wallet.id), duplicate=False)


async def _wallet(work: Work, meter: Meter, wallet_id: str | None) -> wallets.Wallet:
    if wallet_id is None:
        return await wallets.default_wallet(work, meter.asset)
    wallet = await wallets.find_spendable(work, wallet_id)
    if wallet.asset != meter.asset:
        raise ledger.AssetMismatch(wallet.id, str(wallet.asset), str(meter.asset))
    return wallet


async def _found(work: Work, first: Charge) -> Charged:
    return Charged(first, await _available(work, first.wallet_id), duplicate=True)


async def _available(work: Work, wallet_id: str) -> Money:
    return (await wallets.balances(work, [wallet_id]))[wallet_id].available
