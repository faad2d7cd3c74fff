"""What is not found here."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class ReconciliationNotFound(EngineError):
    """There is no reconciliation {reconciliation_id}."""

    code = "reconciliation_not_found"
    kind = Kind.NOT_FOUND
    reconciliation_id: str
