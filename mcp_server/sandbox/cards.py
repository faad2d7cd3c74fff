"""Stripe's published test cards and bank accounts, and how each of them behaves.

No other number is accepted anywhere: a real card typed into a page of the sandbox by mistake is
refused and kept nowhere. Source: https://docs.stripe.com/testing.
"""

from dataclasses import dataclass
from typing import Literal

Asks = Literal["never", "on_session", "until_set_up", "always"]
"""When the bank asks its customer. `on_session` is a card that was set up elsewhere before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Why a bank says no, in the words that Stripe passes on."""

    code: str
    decline_code: str | None = None
    message: str = "Your card was declined."


GENERIC = Decline(code="card_declined", decline_code="generic_decline")
INSUFFICIENT = Decline(
    code="card_declined",
    decline_code="insufficient_funds",
    message="Your card has insufficient funds.",
)
AUTHENTICATION = Decline(
    code="authentication_required",
    decline_code="authentication_required",
    message="Your card was declined. This transaction requires authentication.",
)
NOT_AUTHENTICATED = Decline(
    code="payment_intent_authentication_failure",
    message="We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again.",
)
RETURNED = Decline(
    code="insufficient_funds",
    message="The customer's account has insufficient funds to cover this payment.",
)
CLOSED = Decline(code="account_closed", message="The customer's bank account has been closed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a payment method behaves, and what is seen of it."""

    name: str
    """The end of `pm_card_…` and `tok_…`, or of `pm_usBankAccount_…`."""
    number: str
    about: str
    """For people who choose one on the payment page."""
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    kind: Literal["card", "us_bank_account", "sepa_debit"] = "card"
    decline: Decline | None = None
    declines_when_saved: bool = True
    """Whether the bank also refuses to have it saved."""
    asks: Asks = "never"
    dispute: Literal["", "fraudulent", "product_not_received", "inquiry"] = ""
    refund: Literal["", "pending", "fails"] = ""
    available_now: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _declines(name: str, number: str, about: str, *, code: str, message: str) -> Behaviour:
    return Behaviour(
        name=name, number=number, about=about, decline=Decline(code=code, message=message)
    )


def _refuses(name: str, number: str, decline_code: str, about: str) -> Behaviour:
    decline = Decline(code="card_declined", decline_code=decline_code)
    return Behaviour(name=name, number=number, about=about, decline=decline)


CARDS = (
    Behaviour(name="visa", number="4242424242424242", about="Pays"),
    Behaviour(name="visa_debit", number="4000056655665556", about="Pays", funding="debit"),
    Behaviour(name="mastercard", number="5555555555554444", about="Pays", brand="mastercard"),
    Behaviour(name="amex", number="378282246310005", about="Pays", brand="amex"),
    Behaviour(name="discover", number="6011111111111117", about="Pays", brand="discover"),
    Behaviour(name="us", number="4000000000000000", about="Pays"),
    Behaviour(name="gb", number="4000008260000000", about="Pays", country="GB"),
    Behaviour(name="de", number="4000002760000016", about="Pays", country="DE"),
    Behaviour(
        name="bypassPending",
        number="4000000000000077",
        about="Pays; the money is available at once",
        available_now=True,
    ),
    Behaviour(
        name="chargeDeclined", number="4000000000000002", about="Is declined", decline=GENERIC
    ),
    Behaviour(
        name="chargeDeclinedInsufficientFunds",
        number="4000000000009995",
        about="Has insufficient funds",
        decline=INSUFFICIENT,
    ),
    _refuses("chargeDeclinedLostCard", "4000000000009987", "lost_card", "Was lost"),
    _refuses("chargeDeclinedStolenCard", "4000000000009979", "stolen_card", "Was stolen"),
    _refuses(
        "chargeDeclinedVelocityLimitExceeded",
        "4000000000006975",
        "card_velocity_exceeded",
        "Was used too often",
    ),
    _refuses("chargeDeclinedFraudulent", "4100000000000019", "fraudulent", "Is blocked as fraud"),
    _declines(
        "chargeDeclinedExpiredCard",
        "4000000000000069",
        "Has expired",
        code="expired_card",
        message="Your card has expired.",
    ),
    _declines(
        "chargeDeclinedIncorrectCvc",
        "4000000000000127",
        "Has another security code",
        code="incorrect_cvc",
        message="Your card's security code is incorrect.",
    ),
    _declines(
        "chargeDeclinedProcessingError",
        "4000000000000119",
        "Meets an error at the bank",
        code="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
    ),
    Behaviour(
        name="chargeCustomerFail",
        number="4000000000000341",
        about="Can be saved, and is declined when it is charged",
        decline=GENERIC,
        declines_when_saved=False,
    ),
    Behaviour(
        name="authenticationRequiredOnSetup",
        number="4000002500003155",
        about="Asks for 3-D Secure, unless it was saved with it before",
        asks="until_set_up",
    ),
    Behaviour(
        name="authenticationRequired",
        number="4000002760003184",
        about="Always asks for 3-D Secure",
        asks="always",
    ),
    Behaviour(
        name="authenticationRequiredSetupForOffSession",
        number="4000003800000446",
        about="Asks for 3-D Secure while its owner is present",
        asks="on_session",
    ),
    Behaviour(
        name="threeDSecure2Required",
        number="4000000000003220",
        about="Always asks for 3-D Secure 2",
        asks="always",
    ),
    Behaviour(
        name="authenticationRequiredChargeDeclinedInsufficientFunds",
        number="4000008260003178",
        about="Asks for 3-D Secure, and has insufficient funds",
        decline=INSUFFICIENT,
        asks="always",
        declines_when_saved=False,
    ),
    Behaviour(
        name="threeDSecureRequiredChargeDeclined",
        number="4000008400001629",
        about="Asks for 3-D Secure, and is declined",
        decline=GENERIC,
        asks="always",
        declines_when_saved=False,
    ),
    Behaviour(
        name="createDispute",
        number="4000000000000259",
        about="Pays, and is disputed as fraud",
        dispute="fraudulent",
    ),
    Behaviour(
        name="createDisputeProductNotReceived",
        number="4000000000002685",
        about="Pays, and is disputed: nothing was received",
        dispute="product_not_received",
    ),
    Behaviour(
        name="createDisputeInquiry",
        number="4000000000001976",
        about="Pays, and the bank inquires",
        dispute="inquiry",
    ),
    Behaviour(
        name="pendingRefund",
        number="4000000000007726",
        about="Pays; a refund is pending first",
        refund="pending",
    ),
    Behaviour(
        name="refundFail",
        number="4000000000005126",
        about="Pays; a refund succeeds, and fails later",
        refund="fails",
    ),
)
BANKS = (
    Behaviour(name="success", number="000123456789", about="Settles later", kind="us_bank_account"),
    Behaviour(
        name="insufficientFunds",
        number="000222222227",
        about="Fails later",
        kind="us_bank_account",
        decline=RETURNED,
        declines_when_saved=False,
    ),
    Behaviour(
        name="accountClosed",
        number="000111111113",
        about="Fails later",
        kind="us_bank_account",
        decline=CLOSED,
        declines_when_saved=False,
    ),
    Behaviour(
        name="sepaSuccess", number="AT321904300235473204", about="Settles later", kind="sepa_debit"
    ),
    Behaviour(
        name="sepaSuccessOther",
        number="AT611904300234573201",
        about="Settles later",
        kind="sepa_debit",
    ),
    Behaviour(
        name="sepaFails",
        number="AT861904300235473202",
        about="Fails later",
        kind="sepa_debit",
        decline=RETURNED,
        declines_when_saved=False,
    ),
)
BY_NAME = {each.name: each for each in (*CARDS, *BANKS)}
BY_NUMBER = {each.number: each for each in (*CARDS, *BANKS)}


def by_number(typed: str) -> Behaviour | None:
    """Find the published card of a number as people type it."""
    return BY_NUMBER.get("".join(typed.split()).replace("-", "").upper())


def by_published_name(name: str) -> Behaviour | None:
    """Find what `pm_card_visa`, `tok_visa` or `pm_usBankAccount_success` names."""
    for prefix in ("pm_card_visa_", "tok_visa_", "pm_card_", "pm_usBankAccount_", "tok_"):
        if name.startswith(prefix) and (found := BY_NAME.get(name.removeprefix(prefix))):
            return found
    return None
