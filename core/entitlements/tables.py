"""The tables of entitlements: who holds which plan, and the exceptions made for a project."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, index_where, metadata

standings = Table(
    "entitlements_standings",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    # Another one with every change of what the project was given, and never the same again: what
    # was learnt under a stamp is right for as long as it stands here.
    Column("stamp", Key("ens"), nullable=False),
    PrimaryKeyConstraint("project_id"),
)

assignments = Table(
    "entitlements_assignments",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("asg"), nullable=False),
    Column("product_key", String(64), nullable=False),
    Column("version_id", Key("plv"), nullable=False),
    # Who holds it for the project: staff, or a subscription by its name.
    Column("source", String(80), nullable=False),
    Column("assigned_by", String(160), nullable=False),
    Column("anchor_at", Instant, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("closed_at", Instant),
    Column("closed_for", String(12)),
    # The migration that made it.
    Column("migration_id", Key("plm")),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint("ends_at > starts_at", name="it_holds_for_some_time"),
    CheckConstraint("(closed_at is null) = (closed_for is null)", name="a_closed_one_says_why"),
    CheckConstraint(
        "closed_for in ('withdrawn', 'replaced', 'migrated')", name="closed_for_is_known"
    ),
    # Never two at once for one product line, whatever the code believes.
    index_where(
        "ix_entitlements_assignments_one_open",
        "project_id",
        "product_key",
        where="closed_at is null",
        unique=True,
    ),
    index_where(
        "ix_entitlements_assignments_version",
        "version_id",
        "project_id",
        where="closed_at is null",
    ),
)

overrides = Table(
    "entitlements_overrides",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("feature_key", String(64), nullable=False),
    Column("mode", String(8), nullable=False),
    # Millionths.
    Column("most", BigInteger),
    Column("per", String(16)),
    Column("reason", String(500), nullable=False),
    Column("set_by", String(160), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    PrimaryKeyConstraint("project_id", "feature_key"),
    CheckConstraint("mode in ('grant', 'deny', 'limit')", name="mode_is_known"),
    CheckConstraint("(mode = 'limit') = (most is not null)", name="a_limit_says_how_much"),
    CheckConstraint("most >= 0", name="most_is_never_negative"),
)

turns = Table(
    "entitlements_turns",
    metadata,
    # A row to take turns by: of those who use what one meter counts, one at a time looks how much
    # is left and takes of it. It says nothing, and is never changed.
    Column("project_id", Key("prj"), nullable=False),
    Column("meter_key", String(64), nullable=False),
    PrimaryKeyConstraint("project_id", "meter_key"),
)
