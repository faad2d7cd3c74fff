"""Metering: what is used, and what that costs. See README.md."""

from core.metering.charging import Charged, charge
from core.metering.deduplicating import Status, Verdict
from core.metering.errors import (
    EventConflict,
    MeterKeyTaken,
    MeterNotChargeable,
    MeterNotFound,
)
from core.metering.model import Aggregation, Event, Meter
from core.metering.proof import PROTECTED, prove
from core.metering.recording import record

__all__ = [
    "PROTECTED",
    "Aggregation",
    "Charged",
    "Event",
    "EventConflict",
    "Meter",
    "MeterKeyTaken",
    "MeterNotChargeable",
    "MeterNotFound",
    "Status",
    "Verdict",
    "charge",
    "prove",
    "record",
]
