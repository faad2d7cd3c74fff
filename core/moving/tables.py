"""The table of migrations. They belong to the platform: one is about all who hold a version."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, index_where, metadata

migrations = Table(
    "moving_migrations",
    metadata,
    Column("id", Key("plm"), nullable=False),
    Column("from_version_id", Key("plv"), nullable=False),
    Column("to_version_id", Key("plv"), nullable=False),
    Column("state", String(8), nullable=False),
    # How many held the version when it was asked for, and how many of them have been moved.
    Column("total", Integer, nullable=False),
    Column("moved", Integer, nullable=False),
    # Assignments that are made later are left alone.
    Column("before_id", Key("asg"), nullable=False),
    # All projects up to this one have been looked at.
    Column("reached", Key("prj")),
    Column("asked_by", String(160), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    PrimaryKeyConstraint("id"),
    CheckConstraint("state in ('running', 'finished')", name="state_is_known"),
    CheckConstraint(
        "(state = 'finished') = (finished_at is not null)", name="what_is_finished_says_when"
    ),
    CheckConstraint("moved >= 0", name="moved_is_never_negative"),
    # Of one version at most one is under way.
    index_where(
        "ix_moving_migrations_one_running",
        "from_version_id",
        where="state = 'running'",
        unique=True,
    ),
    Index("ix_moving_migrations_from_version_id", "from_version_id", "created_at"),
)
