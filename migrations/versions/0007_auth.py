"""Auth: clients, authorization requests, grants, and the digests of codes and tokens.

Nothing here lets anybody in: every code, token and secret is kept as its SHA-256 digest.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _create_clients()
    _create_requests()
    _create_grants()
    _create_codes()
    _create_tokens()
    op.create_table(
        "auth_assertions",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_auth_assertions"),
    )
    op.create_index("ix_auth_assertions_expires_at", "auth_assertions", ["expires_at"])


def _create_clients() -> None:
    op.create_table(
        "auth_clients",
        sa.Column("id", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("redirect_uris", json(), nullable=False),
        sa.Column("auth_method", sa.String(24), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32)),
        sa.Column("jwks", json()),
        sa.Column("jwks_uri", sa.String(2000)),
        sa.Column("scopes", json(), nullable=False),
        sa.Column("project_id", key()),
        sa.Column("role", sa.String(12)),
        sa.Column("platform_role", sa.String(12)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant()),
        sa.Column("revoked_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_auth_clients"),
    )
    op.create_index("ix_auth_clients_expires_at", "auth_clients", ["expires_at"])
    op.create_table(
        "auth_documents",
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("body", json(), nullable=False),
        sa.Column("fetched_at", instant(), nullable=False),
        sa.Column("fresh_until", instant(), nullable=False),
        sa.PrimaryKeyConstraint("url", name="pk_auth_documents"),
    )
    op.create_index("ix_auth_documents_fresh_until", "auth_documents", ["fresh_until"])


def _create_requests() -> None:
    op.create_table(
        "auth_requests",
        sa.Column("id", key(), nullable=False),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("client_name", sa.String(120), nullable=False),
        sa.Column("redirect_uri", sa.String(2000), nullable=False),
        sa.Column("loopback_only", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("code_challenge", sa.String(43), nullable=False),
        sa.Column("scopes", json(), nullable=False),
        sa.Column("resource", sa.String(400), nullable=False),
        sa.Column("prompt", sa.String(16), nullable=False),
        sa.Column("browser", sa.LargeBinary(32)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("decided_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_auth_requests"),
    )
    op.create_index("ix_auth_requests_expires_at", "auth_requests", ["expires_at"])


def _create_grants() -> None:
    op.create_table(
        "auth_grants",
        sa.Column("id", key(), nullable=False),
        sa.Column("user_id", key(), nullable=False),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("client_name", sa.String(120), nullable=False),
        sa.Column("project_id", key()),
        sa.Column("scopes", json(), nullable=False),
        sa.Column("resource", sa.String(400), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("last_used_at", instant(), nullable=False),
        sa.Column("revoked_at", instant()),
        sa.Column("revoked_because", sa.String(40)),
        sa.PrimaryKeyConstraint("id", name="pk_auth_grants"),
    )
    op.create_index("ix_auth_grants_user_id", "auth_grants", ["user_id"])
    op.create_index("ix_auth_grants_client_id", "auth_grants", ["client_id"])


def _create_codes() -> None:
    op.create_table(
        "auth_codes",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("grant_id", key(), nullable=False),
        sa.Column("redirect_uri", sa.String(2000), nullable=False),
        sa.Column("code_challenge", sa.String(43), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("redeemed_at", instant()),
        sa.PrimaryKeyConstraint("hash", name="pk_auth_codes"),
        sa.ForeignKeyConstraint(["grant_id"], ["auth_grants.id"], name="fk_auth_codes_grant_id"),
    )
    op.create_index("ix_auth_codes_expires_at", "auth_codes", ["expires_at"])


def _create_tokens() -> None:
    op.create_table(
        "auth_access_tokens",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("grant_id", key()),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("scopes", json(), nullable=False),
        sa.Column("resource", sa.String(400), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("revoked_at", instant()),
        sa.PrimaryKeyConstraint("hash", name="pk_auth_access_tokens"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["auth_grants.id"], name="fk_auth_access_tokens_grant_id"
        ),
    )
    op.create_index("ix_auth_access_tokens_expires_at", "auth_access_tokens", ["expires_at"])
    op.create_table(
        "auth_refresh_tokens",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("grant_id", key(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("rotated_at", instant()),
        sa.PrimaryKeyConstraint("hash", name="pk_auth_refresh_tokens"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["auth_grants.id"], name="fk_auth_refresh_tokens_grant_id"
        ),
    )
    op.create_index("ix_auth_refresh_tokens_expires_at", "auth_refresh_tokens", ["expires_at"])


def downgrade() -> None:
    for table in (
        "auth_assertions",
        "auth_refresh_tokens",
        "auth_access_tokens",
        "auth_codes",
        "auth_grants",
        "auth_requests",
        "auth_documents",
        "auth_clients",
    ):
        op.drop_table(table)
