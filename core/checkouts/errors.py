"""Why there is no checkout, or not for this."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class CheckoutNotFound(EngineError):
    """There is no checkout {checkout_id} in this project."""

    code = "checkout_not_found"
    kind = Kind.NOT_FOUND
    checkout_id: str


@dataclass(eq=False)
class WalletHoldsAnother(EngineError):
    """The pack's credits are {pack_asset}, and wallet {wallet_id} holds {wallet_asset}.

    Name a wallet that holds {pack_asset}, or none for the project's own.
    """

    code = "wallet_holds_another"
    kind = Kind.REFUSED
    wallet_id: str
    wallet_asset: str
    pack_asset: str


@dataclass(eq=False)
class ReturnUrlNotAllowed(EngineError):
    """{field} must begin with one of: {allowed}. Leave it out to come back here."""

    code = "return_url_not_allowed"
    kind = Kind.INVALID
    field: str
    allowed: str


@dataclass(eq=False)
class PromotionCodeUnknown(EngineError):
    """There is no such promotion code. Codes are read without regard to case and hyphens."""

    # Told of codes that are another project's, too: which those are is nobody's business.
    code = "promotion_code_unknown"
    kind = Kind.NOT_FOUND
    field: str = "code"


@dataclass(eq=False)
class PromotionCodeRefused(EngineError):
    """The promotion code cannot be redeemed: {explanation}."""

    code = "promotion_code_refused"
    kind = Kind.REFUSED
    reason: str
    explanation: str
    field: str = "code"
