"""The tables of exporting: which meters are exported, and what became of each event's copy."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.months import index_by_time
from core.db.schema import Instant, Key, index_where, json_column, metadata

exports = Table(
    "exporting_exports",
    metadata,
    Column("meter_id", Key("mtr"), nullable=False),
    Column("meter_key", String(64), nullable=False),
    Column("name", String(120), nullable=False),
    Column("formula", String(8), nullable=False),
    # What the provider calls the usage, and what it asks for it if we have it make a price.
    Column("event_name", String(100), nullable=False),
    Column("currency", String(20)),
    Column("tiers", json_column()),
    Column("state", String(8), nullable=False),
    Column("paused_for", String(64)),
    Column("version", Integer, nullable=False),
    Column("started_by", String(160), nullable=False),
    # Only what is received from then on is exported.
    Column("since", Instant, nullable=False),
    # All that was received before is exported, but for what is committed late.
    Column("exported_until", Instant, nullable=False),
    Column("swept_at", Instant, nullable=False),
    # How far the provider knows it: its meter, product and price, and what came of telling it last.
    Column("provider_meter", String(255)),
    Column("product", String(255)),
    Column("price", String(255)),
    Column("sync_state", String(8), nullable=False),
    Column("sync_code", String(64)),
    Column("sync_reason", String(500)),
    Column("synced_at", Instant),
    # What the provider reported of what it could not count.
    Column("reported_errors", BigInteger, nullable=False),
    Column("reported_at", Instant),
    Column("report", String(500)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("meter_id"),
    CheckConstraint("state in ('on', 'paused', 'off')", name="state_is_known"),
    CheckConstraint("(state = 'paused') = (paused_for is not null)", name="a_pause_says_why"),
    CheckConstraint("sync_state in ('waiting', 'synced', 'refused')", name="sync_state_is_known"),
    CheckConstraint("(currency is null) = (tiers is null)", name="a_price_has_a_currency"),
    # Two meters under one name would be added up as one.
    Index("ix_exporting_exports_event_name", "event_name", unique=True),
    Index("ix_exporting_exports_meter_key", "meter_key"),
    Index("ix_exporting_exports_provider_meter", "provider_meter"),
)

copies = Table(
    "exporting_copies",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("meter_id", Key("mtr"), nullable=False),
    # What the provider knows the event by: the same for ever, made of the two columns of the key.
    Column("identifier", Key("use"), nullable=False),
    # What was said of it the first time, so that whoever says it again says the same.
    Column("event_name", String(100), nullable=False),
    Column("customer", String(255), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("state", String(8), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("code", String(64)),
    Column("reason", String(500)),
    PrimaryKeyConstraint("project_id", "event_id"),
    CheckConstraint("state in ('waiting', 'sent', 'rejected')", name="state_is_known"),
    CheckConstraint("(state = 'waiting') = (closed_at is null)", name="what_is_over_is_closed"),
    CheckConstraint("(state = 'rejected') = (code is not null)", name="a_rejection_says_why"),
    # The provider's reports name an event by its identifier alone.
    Index("ix_exporting_copies_identifier", "identifier"),
    index_by_time("ix_exporting_copies_asked_at", "asked_at"),
    index_where("ix_exporting_copies_waiting", "meter_id", "project_id", where="state = 'waiting'"),
    index_where(
        "ix_exporting_copies_rejected",
        "closed_at",
        "project_id",
        "event_id",
        where="state = 'rejected'",
    ),
)
