"""The tables of dunning: campaigns, runs with their steps and their log, and what is renewed."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, index_where, json_column, metadata

campaigns = Table(
    "dunning_campaigns",
    metadata,
    Column("key", String(64), nullable=False),
    # What it is for; nothing of whatever no other one is for.
    Column("product_key", String(64)),
    Column("terms", json_column(), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("key"),
    CheckConstraint("(key = 'default') = (product_key is null)", name="the_default_is_for_all"),
    index_where(
        "ix_dunning_campaigns_product_key",
        "product_key",
        where="product_key is not null",
        unique=True,
    ),
)
"""The platform's own, so that no project leads the key."""

runs = Table(
    "dunning_runs",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("dun"), nullable=False),
    Column("invoice_id", Key("invc"), nullable=False),
    Column("subscription_id", Key("sub")),
    Column("state", String(9), nullable=False),
    Column("outcome", String(16)),
    Column("campaign_key", String(64), nullable=False),
    # As the campaign was when it began: what is changed later counts for later runs.
    Column("terms", json_column(), nullable=False),
    Column("failed_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    # The last thing that a bank said, in its words.
    Column("reason", String(500)),
    # With which method it was tried last, since when an attempt is under way, and which method was
    # declined for good: that one is not tried again.
    Column("method_id", Key("pmt")),
    Column("asked_at", Instant),
    Column("refused_method_id", Key("pmt")),
    Column("refused_at", Instant),
    # Counts the lines of its log.
    Column("logged", Integer, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("suspended_at", Instant),
    Column("closed_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint("state in ('open', 'suspended', 'closed')", name="state_is_known"),
    CheckConstraint("(state = 'closed') = (closed_at is not null)", name="what_is_over_is_closed"),
    CheckConstraint("(closed_at is null) = (outcome is null)", name="what_is_over_says_how"),
    CheckConstraint(
        "state <> 'suspended' or suspended_at is not null", name="a_suspension_has_begun"
    ),
    # One at a time for each invoice, whatever the code believes.
    index_where(
        "ix_dunning_runs_one_open",
        "project_id",
        "invoice_id",
        where="closed_at is null",
        unique=True,
    ),
    Index("ix_dunning_runs_invoice", "project_id", "invoice_id", "id"),
)

steps = Table(
    "dunning_steps",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("run_id", Key("dun"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("tone", String(6)),
    Column("due_at", Instant, nullable=False),
    Column("done_at", Instant),
    # `done`, or why not.
    Column("result", String(24)),
    PrimaryKeyConstraint("project_id", "run_id", "number"),
    CheckConstraint("kind in ('attempt', 'notice', 'end', 'close')", name="kind_is_known"),
    CheckConstraint("(kind = 'notice') = (tone is not null)", name="a_notice_has_a_tone"),
    CheckConstraint("(done_at is null) = (result is null)", name="what_is_done_says_how"),
    index_where(
        "ix_dunning_steps_due",
        "due_at",
        "project_id",
        "run_id",
        "number",
        where="done_at is null",
    ),
)

log = Table(
    "dunning_log",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("run_id", Key("dun"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", String(24), nullable=False),
    # The step that it came of; nothing where it was told from outside.
    Column("step", Integer),
    # As whoever collects names it.
    Column("attempt_id", String(64)),
    Column("done_by", String(160), nullable=False),
    Column("told", json_column(), nullable=False),
    PrimaryKeyConstraint("project_id", "run_id", "number"),
)

renewals = Table(
    "dunning_renewals",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("subscription_id", Key("sub"), nullable=False),
    # With the subscription the key: of each renewal it is told once.
    Column("renews_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("result", String(24)),
    PrimaryKeyConstraint("project_id", "subscription_id", "renews_at"),
    CheckConstraint("(done_at is null) = (result is null)", name="what_is_done_says_how"),
    index_where(
        "ix_dunning_renewals_due",
        "due_at",
        "project_id",
        "subscription_id",
        where="done_at is null",
    ),
)

pages = Table(
    "dunning_pages",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    # The page on which a card is left at present: however often a link is opened, there is one.
    Column("checkout_id", Key("chk")),
    Column("opened_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id"),
)
