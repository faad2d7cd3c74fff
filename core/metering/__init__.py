"""Metering: what is used, and what that costs. See README.md."""

from core.metering.aggregating import (
    TRANSACTIONS_MAX,
    aggregate,
    aggregate_groups,
    aggregate_windows,
    transactions,
)
from core.metering.charging import Charged, charge
from core.metering.choosing import told_apart
from core.metering.meters import by_key as find_meters
from core.metering.meters import find as find_meter
from core.metering.received import Place, Received, received, used_since
from core.metering.recording import record
from core.metering.rollups import SPLIT
from core.metering.summarizing import ROWS_MAX as SUMMARY_ROWS_MAX
from core.metering.summarizing import Row as UsageRow
from core.metering.summarizing import summarize
from core.metering.totals import Used, spent, used_by_meter
from core.usage import (
    AGE_MAX,
    BUCKET_SECONDS,
    Aggregation,
    Event,
    EventConflict,
    LevelForgotten,
    Meter,
    MeterArchived,
    MeterKeyTaken,
    MeterNotChargeable,
    MeterNotFound,
    PropertiesTooLarge,
    PropertyMissing,
    PropertyNotNumeric,
    QuantityBelowZero,
    QuantityNotRead,
    QuantityOutOfRange,
    Status,
    SummaryTooLarge,
    TooManyTransactions,
    UsageBilled,
    Verdict,
)

__all__ = [
    "AGE_MAX",
    "BUCKET_SECONDS",
    "SPLIT",
    "SUMMARY_ROWS_MAX",
    "TRANSACTIONS_MAX",
    "Aggregation",
    "Charged",
    "Event",
    "EventConflict",
    "LevelForgotten",
    "Meter",
    "MeterArchived",
    "MeterKeyTaken",
    "MeterNotChargeable",
    "MeterNotFound",
    "Place",
    "PropertiesTooLarge",
    "PropertyMissing",
    "PropertyNotNumeric",
    "QuantityBelowZero",
    "QuantityNotRead",
    "QuantityOutOfRange",
    "Received",
    "Status",
    "SummaryTooLarge",
    "TooManyTransactions",
    "UsageBilled",
    "UsageRow",
    "Used",
    "Verdict",
    "aggregate",
    "aggregate_groups",
    "aggregate_windows",
    "charge",
    "find_meter",
    "find_meters",
    "received",
    "record",
    "spent",
    "summarize",
    "told_apart",
    "transactions",
    "used_by_meter",
    "used_since",
]
