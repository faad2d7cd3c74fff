"""What is told of subscriptions that the provider bills, beside what subscriptions tell."""

from core import audit, messaging
from core.db.schema import PLATFORM
from core.db.work import Work

UNMATCHED = "provider_subscription.unmatched"
BOOKED = "provider_invoice.booked"


async def tell_unmatched(
    work: Work, provider_id: str, customer_id: str, problem: str, reason: str
) -> None:
    """Tell staff that something is billed there which nobody has here."""
    told = {
        "provider_id": provider_id,
        "customer_id": customer_id,
        "problem": problem,
        "reason": reason,
    }
    platform = work.within(PLATFORM)
    await messaging.publish(platform, UNMATCHED, provider_id, told)
    await audit.record(platform, UNMATCHED, provider_id, **told)
