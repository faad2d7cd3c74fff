"""What is not found of what a project pays with."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class MethodNotFound(EngineError):
    """There is no payment method {method_id} here. Call list_payment_methods to see which are."""

    code = "payment_method_not_found"
    kind = Kind.NOT_FOUND
    method_id: str
