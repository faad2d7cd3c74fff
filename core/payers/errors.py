"""What is not found of a project's customer, and what cannot be shown."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class MethodNotFound(EngineError):
    """There is no payment method {method_id} here. Call list_payment_methods to see which are."""

    code = "payment_method_not_found"
    kind = Kind.NOT_FOUND
    method_id: str


@dataclass(eq=False)
class NoCustomer(EngineError):
    """This project has never paid nor left a payment method, so there is nothing to show."""

    code = "no_customer"
    kind = Kind.REFUSED
