"""The tables of invoicing.

What is still decided about (invoices, counters, earnings) is apart from what was issued, which is
only ever inserted: documents with their numbers and snapshots, their lines, and what was settled.
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

from core.db.schema import Instant, Key, index_where, json_column, metadata

counters = Table(
    "invoicing_counters",
    metadata,
    Column("entity_key", String(64), nullable=False),
    Column("series", String(12), nullable=False),
    Column("year", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("entity_key", "series", "year"),
)

invoices = Table(
    "invoicing_invoices",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("invc"), nullable=False),
    Column("reference", String(160), nullable=False),
    Column("entity_key", String(64), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("number", String(40)),
    # Lines and discounts as they were drawn up. What was issued of them stands in `lines`.
    Column("content", json_column(), nullable=False),
    Column("memo", String(500)),
    # Whose it is, where a subscription is billed.
    Column("subscription_id", Key("sub")),
    Column("total", BigInteger, nullable=False),
    Column("credited", BigInteger, nullable=False),
    Column("applied", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("given", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finalized_at", Instant),
    Column("due_at", Instant),
    Column("paid_at", Instant),
    Column("voided_at", Instant),
    Column("given_up_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint(
        "state in ('draft', 'open', 'paid', 'void', 'uncollectible')", name="state_is_known"
    ),
    CheckConstraint(
        "(number is null) = (finalized_at is null)", name="what_was_issued_has_a_number"
    ),
    CheckConstraint("state <> 'draft' or number is null", name="a_draft_has_no_number"),
    CheckConstraint(
        "state not in ('open', 'paid', 'uncollectible') or number is not null",
        name="what_is_owed_has_a_number",
    ),
    CheckConstraint("credited between 0 and total", name="no_more_is_credited_than_billed"),
    CheckConstraint("state <> 'void' or voided_at is not null", name="a_void_one_says_when"),
    CheckConstraint(
        "state <> 'paid' or total - credited = applied + paid - returned - given",
        name="of_what_is_paid_nothing_is_due",
    ),
    # One thing is billed once, whoever bills it again; anew, where that was void.
    index_where(
        "ix_invoicing_invoices_reference",
        "project_id",
        "reference",
        where="state <> 'void'",
        unique=True,
    ),
    index_where("ix_invoicing_invoices_open", "due_at", where="state = 'open'"),
)

documents = Table(
    "invoicing_documents",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    # Of an invoice its own id, of a credit note one of its own: the 128 bits without a noun.
    Column("id", Key("doc"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("invoice_id", Key("invc"), nullable=False),
    Column("entity_key", String(64), nullable=False),
    Column("series", String(12), nullable=False),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("number", String(40), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("asset", String(20), nullable=False),
    Column("subtotal", BigInteger, nullable=False),
    Column("discount", BigInteger, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    # Each tax by its name, its percentage and its amount, and why it is so.
    Column("taxes", json_column(), nullable=False),
    Column("treatment", String(16), nullable=False),
    Column("tax_note", String(500)),
    Column("reason", String(500)),
    # Who sold and who bought, as both were on that day.
    Column("seller", json_column(), nullable=False),
    Column("buyer", json_column(), nullable=False),
    Column("transaction_id", Key("txn")),
    # Covers every column before it, in their order; the proof recomputes it.
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint("kind in ('invoice', 'credit_note')", name="kind_is_known"),
    CheckConstraint("sequence > 0", name="numbers_begin_at_one"),
    CheckConstraint("net + tax = total", name="net_and_tax_are_the_total"),
    Index("ix_invoicing_documents_number", "entity_key", "series", "year", "sequence", unique=True),
    Index("ix_invoicing_documents_invoice", "project_id", "invoice_id", "id"),
)

lines = Table(
    "invoicing_lines",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("document_id", Key("doc"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("line_id", Key("lin"), nullable=False),
    Column("invoice_id", Key("invc"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("description", String(200), nullable=False),
    Column("quantity", String(40)),
    Column("unit_amount", String(40)),
    Column("start_at", Instant),
    Column("end_at", Instant),
    Column("product_key", String(64)),
    Column("amount", BigInteger, nullable=False),
    Column("discount", BigInteger, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("taxes", json_column(), nullable=False),
    Column("explanation", json_column(), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "document_id", "position"),
    Index("ix_invoicing_lines_invoice", "project_id", "invoice_id", "line_id"),
)

settlements = Table(
    "invoicing_settlements",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("invoice_id", Key("invc"), nullable=False),
    # The one business fact that it is: a payment, a credit note, a wallet that paid.
    Column("reference", String(160), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("wallet_id", Key("wal")),
    Column("transaction_id", Key("txn"), nullable=False),
    Column("settled_at", Instant, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    PrimaryKeyConstraint("project_id", "invoice_id", "reference"),
    CheckConstraint("kind in ('applied', 'paid', 'returned', 'given')", name="kind_is_known"),
    CheckConstraint("amount > 0", name="something_was_settled"),
)

earnings = Table(
    "invoicing_earnings",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("invoice_id", Key("invc"), nullable=False),
    Column("line_id", Key("lin"), nullable=False),
    Column("asset", String(20), nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("recognized", BigInteger, nullable=False),
    Column("start_at", Instant),
    Column("end_at", Instant),
    # When more of it is earned; nothing where all of it is.
    Column("next_at", Instant),
    PrimaryKeyConstraint("project_id", "invoice_id", "line_id"),
    CheckConstraint("next_at is not null or net = recognized", name="what_is_not_earned_will_be"),
    index_where("ix_invoicing_earnings_next_at", "next_at", where="next_at is not null"),
)
