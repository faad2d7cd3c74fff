"""The table of test clocks."""

from sqlalchemy import CheckConstraint, Column, Integer, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, metadata

clocks = Table(
    "clocks_clocks",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("shows_at", Instant, nullable=False),
    # Where it is being advanced to, and by which advance; the last one's figures stay.
    Column("goal_at", Instant),
    Column("advance_id", Key("adv")),
    Column("steps", Integer, nullable=False),
    Column("stopped_because", String(500)),
    # By real time.
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id"),
    CheckConstraint("shows_at <= goal_at", name="it_only_goes_forward"),
    CheckConstraint("goal_at is null or advance_id is not null", name="an_advance_has_a_goal"),
)
