"""Why something is not sold so. Nothing was changed then."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class QuantityForNothing(EngineError):
    """{field} names no recurring item of {plan_key}. It has: {items}."""

    code = "quantity_for_nothing"
    kind = Kind.INVALID
    field: str
    plan_key: str
    items: list[str]
