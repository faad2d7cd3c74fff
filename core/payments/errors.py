"""Why a payment, or whoever carries it, says no.

What Stripe said is passed on in its own words as `reason`; they are written for customers and hold
no secret. `provider_code` is its stable word for the same thing, to decide by.
"""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind
from core.kernel.money import Money


@dataclass(eq=False)
class PaymentDeclined(EngineError):
    """The payment was declined: {reason} Pay with another method, or ask the bank."""

    code = "payment_declined"
    kind = Kind.PAYMENT_REQUIRED
    reason: str
    provider_code: str
    """Such as card_declined, expired_card, authentication_required."""
    decline_code: str | None = None
    """The bank's own word, such as insufficient_funds; often there is none."""
    payment_id: str | None = None
    """The provider's payment that failed. It can still be cancelled, and may be paid later."""
    method_id: str | None = None

    @property
    def needs_customer(self) -> bool:
        """Whether the bank asks for the customer: a link where it is paid in person may succeed."""
        return "authentication_required" in {self.provider_code, self.decline_code}


@dataclass(eq=False)
class ProviderRefused(EngineError):
    """The payment provider refused this: {reason} What it objects to: {param}."""

    code = "provider_refused"
    kind = Kind.REFUSED
    reason: str
    provider_code: str | None = None
    param: str = "the request"
    """The provider's name of the field it objects to, where it names one."""


@dataclass(eq=False)
class ProviderKeyReused(EngineError):
    """The payment provider has seen this attempt before, with other contents. Nothing was done."""

    code = "provider_key_reused"
    kind = Kind.CONFLICT


@dataclass(eq=False)
class ProviderObjectMissing(EngineError):
    """The payment provider knows no {object_id}."""

    code = "provider_object_missing"
    kind = Kind.NOT_FOUND
    object_id: str
    param: str | None = None
    """Where we named it, if not as the object that was asked for."""


@dataclass(eq=False)
class ProviderUnavailable(EngineError):
    """The payment provider does not answer at present. Try again in {retry_after} seconds.

    What was asked may have happened: ask again with the same key, and it happens once.
    """

    code = "provider_unavailable"
    kind = Kind.BUSY
    retry_after: int = 5


@dataclass(eq=False)
class ProviderFailed(ProviderUnavailable):
    """The payment provider failed at this and gives the same answer to the same key for a day.

    What was asked may have happened: look for it before trying with another key. It can be tried
    again in {retry_after} seconds.
    """

    code = "provider_failed"
    retry_after: int = 60


@dataclass(eq=False)
class ProviderKeyRefused(EngineError):
    """The payment provider does not accept this installation's key. Its operator must renew it."""

    code = "provider_key_refused"
    kind = Kind.BUSY
    retry_after: int = 300


@dataclass(eq=False)
class CurrencyNotTaken(EngineError):
    """Payments in {asset} are not taken. Use one of: {taken}."""

    code = "currency_not_taken"
    kind = Kind.REFUSED
    asset: str
    taken: str


@dataclass(eq=False)
class AmountTooSmall(EngineError):
    """{amount} is less than the least that can be paid, {least}."""

    code = "amount_too_small"
    kind = Kind.REFUSED
    amount: Money
    least: Money


@dataclass(eq=False)
class AmountTooLarge(EngineError):
    """{amount} is more than the most that can be paid at once, {most}."""

    code = "amount_too_large"
    kind = Kind.REFUSED
    amount: Money
    most: Money


@dataclass(eq=False)
class AmountNotPayable(EngineError):
    """{amount} cannot be paid exactly: amounts of this currency are whole multiples of {step}."""

    code = "amount_not_payable"
    kind = Kind.REFUSED
    amount: Money
    step: Money
