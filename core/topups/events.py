"""What auto top-up tells, each once, in the unit of the change itself."""

from typing import Any

from core import audit, messaging
from core.db.work import Work
from core.topups.model import Attempt

SET = "wallet.auto_top_up_set"
DISABLED = "wallet.auto_top_up_disabled"
BEGUN = "wallet.auto_top_up_begun"
SUCCEEDED = "wallet.auto_top_up_succeeded"
FAILED = "wallet.auto_top_up_failed"
NEEDS_ACTION = "wallet.auto_top_up_needs_action"
CANCELED = "wallet.auto_top_up_canceled"
CAPPED = "wallet.auto_top_up_capped"
PAUSED = "wallet.auto_top_up_paused"


async def tell(work: Work, happened: str, wallet_id: str, **told: Any) -> None:
    """Publish what happened to a wallet's auto top-up, and note it in the trail."""
    await messaging.publish(work, happened, wallet_id, told)
    await audit.record(work, happened, wallet_id, **told)


async def tell_attempt(work: Work, happened: str, attempt: Attempt, **more: Any) -> None:
    """Tell what became of one attempt."""
    told = {
        "top_up_id": attempt.id,
        "amount": attempt.price.decimal,
        "currency": str(attempt.price.asset),
    }
    await tell(work, happened, attempt.wallet_id, **(told | more))
