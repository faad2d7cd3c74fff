"""What metering tells whoever listens, in the unit of the change itself."""

from collections.abc import Mapping

from core import audit, messaging
from core.db.work import Work
from core.kernel.quantity import as_text
from core.metering.charges import Charge
from core.usage import Meter

METER_CREATED = "meter.created"
USAGE_RECORDED = "usage.recorded"
USAGE_CHARGED = "usage.charged"


async def meter_created(work: Work, meter: Meter) -> None:
    facts = {
        "meter_key": meter.key,
        "price": format(meter.price, "f"),
        "asset": str(meter.asset),
    }
    await audit.record(work, METER_CREATED, meter.id, after=facts)
    await messaging.publish(work, METER_CREATED, meter.id, facts)


async def usage_recorded(work: Work, accepted: Mapping[str, int]) -> None:
    """Tell of a batch as a whole: how many events each meter took. One row, however many."""
    facts = {"accepted": sum(accepted.values()), "by_meter": dict(accepted)}
    await messaging.publish(work, USAGE_RECORDED, work.project_id, facts)


async def usage_charged(work: Work, charge: Charge, meter: Meter) -> None:
    facts = {
        "event_id": charge.event_id,
        "meter_key": meter.key,
        "quantity": as_text(charge.quantity),
        "amount": charge.amount.decimal,
        "asset": str(charge.amount.asset),
        "wallet_id": charge.wallet_id,
        "transaction_id": charge.transaction_id,
    }
    await messaging.publish(work, USAGE_CHARGED, charge.event_id, facts)
