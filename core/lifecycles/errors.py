"""Why the life of a subscription does not go the way it was asked to. Nothing was changed then."""

from dataclasses import dataclass
from datetime import datetime

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class NotInState(EngineError):
    """{subscription_id} is {state}. It can {verb} only from: {allowed}."""

    code = "subscription_not_in_state"
    kind = Kind.REFUSED
    subscription_id: str
    state: str
    verb: str
    allowed: list[str]

    def __str__(self) -> str:
        allowed = ", ".join(self.allowed)
        return f"{self.subscription_id} is {self.state}. To {self.verb} it must be: {allowed}."


@dataclass(eq=False)
class CancellationScheduled(EngineError):
    """{subscription_id} ends at {ends_at} already. Call reactivate_subscription to keep it."""

    code = "cancellation_scheduled"
    kind = Kind.CONFLICT
    subscription_id: str
    ends_at: datetime


@dataclass(eq=False)
class NothingChanges(EngineError):
    """{subscription_id} has this plan in this quantity already, and nothing else is set."""

    code = "nothing_changes"
    kind = Kind.REFUSED
    subscription_id: str


@dataclass(eq=False)
class PaymentOutstanding(EngineError):
    """{subscription_id} has bills that nobody paid. Pay them, and it goes on by itself."""

    code = "payment_outstanding"
    kind = Kind.REFUSED
    subscription_id: str
