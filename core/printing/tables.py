"""What was printed: the hash of each document's page, as it was set first."""

from sqlalchemy import Column, LargeBinary, PrimaryKeyConstraint, String, Table

from core.db.schema import Instant, Key, metadata

prints = Table(
    "printing_prints",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("document_id", Key("doc"), nullable=False),
    Column("renderer", String(80), nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("printed_at", Instant, nullable=False),
    # Covers every column before it, in their order; the proof recomputes it.
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "document_id"),
)
