"""Why auto top-up is not there, or cannot be set."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind
from core.kernel.money import Money


@dataclass(eq=False)
class AutoTopUpNotFound(EngineError):
    """Auto top-up was never set for wallet {wallet_id}. Call enable_auto_top_up to have it."""

    code = "auto_top_up_not_found"
    kind = Kind.NOT_FOUND
    wallet_id: str


@dataclass(eq=False)
class NoPaymentMethod(EngineError):
    """This project has kept no payment method. Keep one with create_payment_method_setup."""

    code = "no_payment_method"
    kind = Kind.REFUSED


@dataclass(eq=False)
class CapBelowPrice(EngineError):
    """{field} allows {cap}, and one top-up costs {price}, so there would never be one."""

    code = "cap_below_price"
    kind = Kind.REFUSED
    field: str
    cap: Money
    price: Money
