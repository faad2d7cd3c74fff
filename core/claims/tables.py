"""The tables of claims: which meters of a project are billed, and which of their usage, by whom.

What is claimed is only ever inserted.
"""

from sqlalchemy import CheckConstraint, Column, LargeBinary, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, metadata, never_overlapping

meters = Table(
    "claims_meters",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("meter_id", Key("mtr"), nullable=False),
    # Since when usage of the meter is billed in arrears. The row is locked by whoever claims usage
    # for a bill, and shared by whoever charges what was recorded before: one waits for the other.
    Column("since_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "meter_id"),
)

claims = Table(
    "claims_claims",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("meter_id", Key("mtr"), nullable=False),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    # Whose invoices bill what was used of the meter in this time: no one else's do.
    Column("claimed_by", String(40), nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "meter_id", "start_at"),
    CheckConstraint("start_at < end_at", name="a_claim_lasts"),
    never_overlapping(
        "claims_never_overlap", "project_id", "meter_id", starts="start_at", ends="end_at"
    ),
)
