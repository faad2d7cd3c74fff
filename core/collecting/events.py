"""What collection tells, each once, in the unit of the change itself. The attempt is its object."""

from typing import Any

from core import audit, messaging
from core.collecting.model import Attempt
from core.db.work import Work

BEGUN = "collection.begun"
PROCESSING = "collection.processing"
SUCCEEDED = "collection.succeeded"
FAILED = "collection.failed"
NEEDS_ACTION = "collection.needs_action"
CANCELED = "collection.canceled"
SURPLUS = "collection.surplus"


async def tell(work: Work, happened: str, attempt: Attempt, **more: Any) -> None:
    """Tell what became of an attempt."""
    told = {
        "invoice_id": attempt.invoice_id,
        "attempt_id": attempt.id,
        "turn": attempt.turn,
        "amount": attempt.amount.decimal,
        "currency": str(attempt.amount.asset),
    }
    await _publish(work, happened, attempt.id, **(told | more))


async def tell_surplus(work: Work, payment_id: str, **told: Any) -> None:
    """Tell that money came for an invoice of which nothing, or less, was due."""
    await _publish(work, SURPLUS, payment_id, **told)


async def _publish(work: Work, happened: str, object_id: str, **told: Any) -> None:
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)
