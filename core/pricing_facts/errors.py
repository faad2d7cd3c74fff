"""Why a property is not defined."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class PropertyTaken(EngineError):
    """The property {property} of {of} is defined already, and otherwise. It keeps its meaning."""

    code = "pricing_property_taken"
    kind = Kind.CONFLICT
    of: str
    property: str
