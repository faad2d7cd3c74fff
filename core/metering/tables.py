"""The tables of metering. Usage and charges are only ever inserted; a trigger enforces it.

Meters belong to the platform, so no project leads their keys. No foreign keys on the hot tables:
recording looks its meters up first, and a charge is written in the unit that wrote its event.
Why usage is in two tables, and sums in two more: docs/decisions/0013-usage-tables.md.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.months import by_month, index_by_time
from core.db.schema import Instant, Key, json_column, metadata

meters = Table(
    "metering_meters",
    metadata,
    Column("id", Key("mtr"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("aggregation", String(16), nullable=False),
    Column("unit", String(40), nullable=False),
    Column("property", String(64)),
    # An exact decimal as text: a price may be finer than its asset, and no float may touch it.
    Column("price", String(40), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    # Of which windows the maxima are added up.
    Column("per_window", String(8)),
    PrimaryKeyConstraint("id"),
    CheckConstraint(
        "aggregation in ('count', 'sum', 'average', 'max', 'unique', 'last', 'weighted_sum', "
        "'bucketed_max')",
        name="aggregation_is_known",
    ),
    CheckConstraint(
        "(aggregation = 'bucketed_max') = (per_window is not null)", name="maxima_are_of_a_window"
    ),
    Index("ix_metering_meters_key", "key", unique=True),
)

event_ids = Table(
    "metering_event_ids",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    # What the meter read from the event, in millionths: its price can be told from this alone.
    Column("quantity", BigInteger, nullable=False),
    # A hash of what was sent: the same id with another content is a conflict, not a duplicate.
    Column("content", LargeBinary(16), nullable=False),
    # Covers every column before it, in their order; the proof recomputes it.
    Column("digest", LargeBinary(16), nullable=False),
    # The id alone decides what is a duplicate, in whichever months its deliveries say it occurred.
    PrimaryKeyConstraint("project_id", "event_id"),
    index_by_time("ix_metering_event_ids_received_at", "received_at"),
)

events = Table(
    "metering_events",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("meter_id", Key("mtr"), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    # The event's place among those received in the same unit.
    Column("position", Integer, nullable=False),
    # Quarter hours since 1970: every zone's hours, days and months begin on one.
    Column("bucket", Integer, nullable=False),
    # What the meter read from the event, in millionths; below zero where a level went down, or
    # something was taken back.
    Column("quantity", BigInteger, nullable=False),
    Column("properties", json_column(), nullable=False),
    # The hash that stands beside the event's id, too.
    Column("content", LargeBinary(16), nullable=False),
    # Covers every column before it, in their order; the proof recomputes it.
    Column("digest", LargeBinary(16), nullable=False),
    # In the order of arrival, in which events are listed and their index grows at one end only.
    PrimaryKeyConstraint("project_id", "received_at", "position", "event_id", "occurred_at"),
    Index("ix_metering_events_project_id_meter_id_bucket", "project_id", "meter_id", "bucket"),
    **by_month("occurred_at"),
)

rollups = Table(
    "metering_rollups",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("meter_id", Key("mtr"), nullable=False),
    Column("bucket", Integer, nullable=False),
    Column("event_count", BigInteger, nullable=False),
    # The sum of the quantities is high * 10^9 + low: one number could not hold it.
    Column("quantity_high", BigInteger, nullable=False),
    Column("quantity_low", BigInteger, nullable=False),
    Column("max_quantity", BigInteger, nullable=False),
    # The event that occurred last; of several at one instant, the one that was received last.
    Column("last_quantity", BigInteger, nullable=False),
    Column("last_occurred_at", Instant, nullable=False),
    Column("last_received_at", Instant, nullable=False),
    Column("last_position", Integer, nullable=False),
    Column("last_event_id", String(128), nullable=False),
    # Of these events, those that were charged: what is billed in arrears is the rest.
    Column("charged_count", BigInteger, nullable=False, server_default="0"),
    Column("charged_high", BigInteger, nullable=False, server_default="0"),
    Column("charged_low", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("project_id", "meter_id", "bucket"),
)

spend = Table(
    "metering_spend",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("wallet_id", Key("wal"), nullable=False),
    Column("asset", String(20), nullable=False),
    # The quarter hour in which it was charged, whenever the usage occurred.
    Column("bucket", Integer, nullable=False),
    Column("charge_count", BigInteger, nullable=False),
    Column("amount_high", BigInteger, nullable=False),
    Column("amount_low", BigInteger, nullable=False),
    PrimaryKeyConstraint("project_id", "wallet_id", "asset", "bucket"),
    Index("ix_metering_spend_project_id_bucket", "project_id", "bucket"),
)

charges = Table(
    "metering_charges",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("transaction_id", Key("txn")),
    Column("wallet_id", Key("wal"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("asset", String(20), nullable=False),
    Column("charged_at", Instant, nullable=False),
    # Covers every column before it, in their order; the proof recomputes it.
    Column("digest", LargeBinary(16), nullable=False),
    # Usage is charged at most once, ever, whoever asks and whatever has become of the event.
    PrimaryKeyConstraint("project_id", "event_id"),
    CheckConstraint(
        "(amount = 0) = (transaction_id is null)",
        name="only_what_costs_nothing_has_no_transaction",
    ),
)
