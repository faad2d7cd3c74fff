"""The switches: how badly the network, and Stripe itself, are to behave from now on."""

from dataclasses import dataclass
from typing import Literal

Fault = Literal["", "unavailable", "error", "rate_limited", "hang"]
GivenUp = Literal["canceled", "unpaid", "past_due"]
FAULTS: tuple[Fault, ...] = ("", "unavailable", "error", "rate_limited", "hang")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Everything off is a quiet day. Kept in the sandbox's file, so a restart changes nothing."""

    webhooks_held: bool = False
    """Events are made and wait; nothing is delivered until this is off again."""
    delay_seconds: float = 0
    """How long a delivery waits before its first attempt."""
    duplicates: int = 0
    """How many further copies of every event are delivered."""
    reorder: bool = False
    """Deliveries leave in a random order, within two seconds."""
    corrupt_every: int = 0
    """Of every so many deliveries one arrives with a flipped bit first, and whole when retried."""
    balance_seconds: int = 0
    """How long after a payment its balance transaction, and with it the fee, is known."""
    settle_seconds: int = 10
    """How long a bank debit is pending."""
    refund_seconds: int = 5
    """How long a refund takes that is not instant."""
    finalize_seconds: int = 3600
    """How long the invoice of a renewal is a draft."""
    given_up: GivenUp = "canceled"
    """What becomes of a subscription when the last try to charge its invoice has failed."""
    fault: Fault = ""
    """What the next API requests meet: 503 before anything is done; `error`, a 500 after it is
    done, kept for its idempotency key as Stripe keeps it; 429; `hang`, done when the client has
    given up waiting, its key in use until then."""
    fault_times: int = 0
    """How many requests meet it."""
