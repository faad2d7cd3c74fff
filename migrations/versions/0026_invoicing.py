"""Invoices, credit notes, their numbers, who sells and buys, and what is earned of them when."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.types import instant, json, key

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    _entities()
    _billing()
    _counters()
    _invoices()
    _documents()
    _lines()
    _settlements()
    _earnings()
    _prints()
    for table in ("documents", "lines", "settlements"):
        protect(f"invoicing_{table}")
    protect("printing_prints")


def downgrade() -> None:
    raise NotImplementedError("invoices were issued; restore a backup instead")


def _entities() -> None:
    op.create_table(
        "parties_entities",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("details", json(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_parties_entities"),
    )


def _billing() -> None:
    op.create_table(
        "parties_billing",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("details", json(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_parties_billing"),
    )


def _counters() -> None:
    op.create_table(
        "invoicing_counters",
        sa.Column("entity_key", sa.String(64), nullable=False),
        sa.Column("series", sa.String(12), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("entity_key", "series", "year", name="pk_invoicing_counters"),
    )


def _invoices() -> None:
    op.create_table(
        "invoicing_invoices",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("reference", sa.String(160), nullable=False),
        sa.Column("entity_key", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.String(40)),
        sa.Column("content", json(), nullable=False),
        sa.Column("memo", sa.String(500)),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("credited", sa.BigInteger, nullable=False),
        sa.Column("applied", sa.BigInteger, nullable=False),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("returned", sa.BigInteger, nullable=False),
        sa.Column("given", sa.BigInteger, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("finalized_at", instant()),
        sa.Column("due_at", instant()),
        sa.Column("paid_at", instant()),
        sa.Column("voided_at", instant()),
        sa.Column("given_up_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_invoicing_invoices"),
        sa.CheckConstraint(
            "state <> 'draft' or number is null", name="ck_invoicing_invoices_a_draft_has_no_number"
        ),
        sa.CheckConstraint(
            "state <> 'void' or voided_at is not null",
            name="ck_invoicing_invoices_a_void_one_says_when",
        ),
        sa.CheckConstraint(
            "credited between 0 and total",
            name="ck_invoicing_invoices_no_more_is_credited_than_billed",
        ),
        sa.CheckConstraint(
            "state <> 'paid' or total - credited = applied + paid - returned - given",
            name="ck_invoicing_invoices_of_what_is_paid_nothing_is_due",
        ),
        sa.CheckConstraint(
            "state in ('draft', 'open', 'paid', 'void', 'uncollectible')",
            name="ck_invoicing_invoices_state_is_known",
        ),
        sa.CheckConstraint(
            "state not in ('open', 'paid', 'uncollectible') or number is not null",
            name="ck_invoicing_invoices_what_is_owed_has_a_number",
        ),
        sa.CheckConstraint(
            "(number is null) = (finalized_at is null)",
            name="ck_invoicing_invoices_what_was_issued_has_a_number",
        ),
    )
    op.create_index(
        "ix_invoicing_invoices_open",
        "invoicing_invoices",
        ["due_at"],
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_invoicing_invoices_reference",
        "invoicing_invoices",
        ["project_id", "reference"],
        unique=True,
        postgresql_where=sa.text("state <> 'void'"),
        sqlite_where=sa.text("state <> 'void'"),
    )


def _documents() -> None:
    op.create_table(
        "invoicing_documents",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.Column("entity_key", sa.String(64), nullable=False),
        sa.Column("series", sa.String(12), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("issued_at", instant(), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("subtotal", sa.BigInteger, nullable=False),
        sa.Column("discount", sa.BigInteger, nullable=False),
        sa.Column("net", sa.BigInteger, nullable=False),
        sa.Column("tax", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("taxes", json(), nullable=False),
        sa.Column("treatment", sa.String(16), nullable=False),
        sa.Column("tax_note", sa.String(500)),
        sa.Column("reason", sa.String(500)),
        sa.Column("seller", json(), nullable=False),
        sa.Column("buyer", json(), nullable=False),
        sa.Column("transaction_id", key()),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_invoicing_documents"),
        sa.CheckConstraint(
            "kind in ('invoice', 'credit_note')", name="ck_invoicing_documents_kind_is_known"
        ),
        sa.CheckConstraint(
            "net + tax = total", name="ck_invoicing_documents_net_and_tax_are_the_total"
        ),
        sa.CheckConstraint("sequence > 0", name="ck_invoicing_documents_numbers_begin_at_one"),
    )
    op.create_index(
        "ix_invoicing_documents_invoice", "invoicing_documents", ["project_id", "invoice_id", "id"]
    )
    op.create_index(
        "ix_invoicing_documents_number",
        "invoicing_documents",
        ["entity_key", "series", "year", "sequence"],
        unique=True,
    )


def _lines() -> None:
    op.create_table(
        "invoicing_lines",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("document_id", key(), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("line_id", key(), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("quantity", sa.String(40)),
        sa.Column("unit_amount", sa.String(40)),
        sa.Column("start_at", instant()),
        sa.Column("end_at", instant()),
        sa.Column("product_key", sa.String(64)),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("discount", sa.BigInteger, nullable=False),
        sa.Column("net", sa.BigInteger, nullable=False),
        sa.Column("tax", sa.BigInteger, nullable=False),
        sa.Column("taxes", json(), nullable=False),
        sa.Column("explanation", json(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "document_id", "position", name="pk_invoicing_lines"),
    )
    op.create_index(
        "ix_invoicing_lines_invoice", "invoicing_lines", ["project_id", "invoice_id", "line_id"]
    )


def _settlements() -> None:
    op.create_table(
        "invoicing_settlements",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.Column("reference", sa.String(160), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("wallet_id", key()),
        sa.Column("transaction_id", key(), nullable=False),
        sa.Column("settled_at", instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "invoice_id", "reference", name="pk_invoicing_settlements"
        ),
        sa.CheckConstraint(
            "kind in ('applied', 'paid', 'returned', 'given')",
            name="ck_invoicing_settlements_kind_is_known",
        ),
        sa.CheckConstraint("amount > 0", name="ck_invoicing_settlements_something_was_settled"),
    )


def _earnings() -> None:
    op.create_table(
        "invoicing_earnings",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("invoice_id", key(), nullable=False),
        sa.Column("line_id", key(), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("net", sa.BigInteger, nullable=False),
        sa.Column("recognized", sa.BigInteger, nullable=False),
        sa.Column("start_at", instant()),
        sa.Column("end_at", instant()),
        sa.Column("next_at", instant()),
        sa.PrimaryKeyConstraint(
            "project_id", "invoice_id", "line_id", name="pk_invoicing_earnings"
        ),
        sa.CheckConstraint(
            "next_at is not null or net = recognized",
            name="ck_invoicing_earnings_what_is_not_earned_will_be",
        ),
    )
    op.create_index(
        "ix_invoicing_earnings_next_at",
        "invoicing_earnings",
        ["next_at"],
        postgresql_where=sa.text("next_at is not null"),
        sqlite_where=sa.text("next_at is not null"),
    )


def _prints() -> None:
    op.create_table(
        "printing_prints",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("document_id", key(), nullable=False),
        sa.Column("renderer", sa.String(80), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("printed_at", instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "document_id", name="pk_printing_prints"),
    )
