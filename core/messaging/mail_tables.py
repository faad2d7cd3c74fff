"""Mails that wait to be sent, and what became of the others."""

from sqlalchemy import CheckConstraint, Column, Integer, PrimaryKeyConstraint, String, Table, Text

from core.db.schema import Instant, Key, index_where, metadata

mails = Table(
    "messaging_mails",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("mal"), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("address", String(254), nullable=False),
    # What a mail says may let its reader in. It is blanked as soon as nobody will send it again.
    Column("subject", String(300), nullable=False),
    Column("text", Text),
    Column("html", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("attempt", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("buried_at", Instant),
    Column("error", String(200)),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint("sent_at is null or buried_at is null", name="ends_once"),
    CheckConstraint(
        "(sent_at is null and buried_at is null) or (text is null and html is null)",
        name="is_blank_once_it_ends",
    ),
    index_where(
        "ix_messaging_mails_waiting",
        "due_at",
        "id",
        where="sent_at is null and buried_at is null",
    ),
)
