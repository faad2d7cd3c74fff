"""What is not found of a project's payments, and what cannot be done with it."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind
from core.kernel.money import Money


@dataclass(eq=False)
class PaymentNotFound(EngineError):
    """There is no payment {payment_id} in this project. Call list_payments to see which there are.

    A checkout that nobody has tried to pay has none yet.
    """

    code = "payment_not_found"
    kind = Kind.NOT_FOUND
    payment_id: str


@dataclass(eq=False)
class PaidTwice(EngineError):
    """{payment_id} is paid already, and the provider has taken {provider_payment_id} for it too.

    Give one of them back at the provider.
    """

    code = "paid_twice"
    kind = Kind.CONFLICT
    payment_id: str
    provider_payment_id: str


@dataclass(eq=False)
class PaidInAnotherCurrency(EngineError):
    """{payment_id} was to be paid in {asset}, and the provider has taken {received} for it.

    Nothing was booked, because what it is worth is not known. Give it back at the provider.
    """

    code = "paid_in_another_currency"
    kind = Kind.CONFLICT
    payment_id: str
    asset: str
    received: Money
