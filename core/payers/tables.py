"""The tables of payers: each project's customer at the provider, and the methods it has kept."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, String, Table, UniqueConstraint

from core.db.schema import Instant, Key, json_column, metadata

customers = Table(
    "payers_customers",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    # How many customers the project has had: one that is deleted there is followed by another.
    Column("generation", Integer, nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("default_method", String(255)),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Column("seen_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "generation"),
    Index("ix_payers_customers_external_id", "external_id"),
)

methods = Table(
    "payers_methods",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("pmt"), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("customer_id", String(255), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("brand", String(40)),
    Column("last4", String(4)),
    Column("expiry_month", Integer),
    Column("expiry_year", Integer),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("detached_at", Instant),
    # What was asked for and is not done yet, and why the last such wish was refused.
    Column("default_wanted_at", Instant),
    Column("detach_wanted_at", Instant),
    Column("refusal", json_column()),
    PrimaryKeyConstraint("project_id", "id"),
    UniqueConstraint("project_id", "external_id"),
    Index("ix_payers_methods_external_id", "external_id"),
)
