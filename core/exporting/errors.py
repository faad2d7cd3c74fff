"""Why a meter's usage is not exported."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class UsageExportNotFound(EngineError):
    """The usage of meter {meter_key} was never exported. Call start_usage_export to have it so."""

    code = "usage_export_not_found"
    kind = Kind.NOT_FOUND
    meter_key: str


@dataclass(eq=False)
class UsageExportRunning(EngineError):
    """The usage of meter {meter_key} is exported on other terms. Call stop_usage_export first."""

    code = "usage_export_running"
    kind = Kind.CONFLICT
    meter_key: str


@dataclass(eq=False)
class EventNameTaken(EngineError):
    """Meter {meter_key} is exported as {event_name}. Two meters would be added up as one there."""

    code = "event_name_taken"
    kind = Kind.CONFLICT
    event_name: str
    meter_key: str


@dataclass(eq=False)
class MeterNotExportable(EngineError):
    """Meter {meter_key} cannot be exported: {reason}."""

    code = "meter_not_exportable"
    kind = Kind.REFUSED
    meter_key: str
    reason: str
