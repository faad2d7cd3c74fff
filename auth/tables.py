"""The authorization server's tables. No token, code or secret is in them: only SHA-256 digests.

These are platform tables. A token must be found by its digest alone, before anybody knows which
project it belongs to, so `project_id` cannot lead their keys.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from core.db.schema import Instant, Key, json_column, metadata

CLIENT_ID_MAX = 300

clients = Table(
    "auth_clients",
    metadata,
    Column("id", String(CLIENT_ID_MAX), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("name", String(120), nullable=False),
    Column("redirect_uris", json_column(), nullable=False),
    Column("auth_method", String(24), nullable=False),
    Column("secret_hash", LargeBinary(32)),
    Column("jwks", json_column()),
    Column("jwks_uri", String(2000)),
    Column("scopes", json_column(), nullable=False),
    Column("project_id", Key("prj")),
    Column("role", String(12)),
    Column("platform_role", String(12)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    PrimaryKeyConstraint("id"),
    Index("ix_auth_clients_expires_at", "expires_at"),
)

documents = Table(
    "auth_documents",
    metadata,
    Column("url", String(2000), nullable=False),
    Column("body", json_column(), nullable=False),
    Column("fetched_at", Instant, nullable=False),
    Column("fresh_until", Instant, nullable=False),
    PrimaryKeyConstraint("url"),
    Index("ix_auth_documents_fresh_until", "fresh_until"),
)

requests = Table(
    "auth_requests",
    metadata,
    Column("id", Key("arq"), nullable=False),
    Column("issuer", String(300), nullable=False),
    Column("client_id", String(CLIENT_ID_MAX), nullable=False),
    Column("client_name", String(120), nullable=False),
    Column("redirect_uri", String(2000), nullable=False),
    Column("loopback_only", Boolean, nullable=False),
    Column("state", Text),
    Column("code_challenge", String(43), nullable=False),
    Column("scopes", json_column(), nullable=False),
    Column("resource", String(400), nullable=False),
    Column("prompt", String(16), nullable=False),
    Column("browser", LargeBinary(32)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("decided_at", Instant),
    PrimaryKeyConstraint("id"),
    Index("ix_auth_requests_expires_at", "expires_at"),
)

grants = Table(
    "auth_grants",
    metadata,
    Column("id", Key("gra"), nullable=False),
    Column("user_id", Key("usr"), nullable=False),
    Column("client_id", String(CLIENT_ID_MAX), nullable=False),
    Column("client_name", String(120), nullable=False),
    Column("project_id", Key("prj")),
    Column("scopes", json_column(), nullable=False),
    Column("resource", String(400), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_because", String(40)),
    PrimaryKeyConstraint("id"),
    Index("ix_auth_grants_user_id", "user_id"),
    Index("ix_auth_grants_client_id", "client_id"),
)

codes = Table(
    "auth_codes",
    metadata,
    Column("hash", LargeBinary(32), nullable=False),
    Column("grant_id", Key("gra"), nullable=False),
    Column("redirect_uri", String(2000), nullable=False),
    Column("code_challenge", String(43), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("redeemed_at", Instant),
    PrimaryKeyConstraint("hash"),
    ForeignKeyConstraint(["grant_id"], ["auth_grants.id"]),
    Index("ix_auth_codes_expires_at", "expires_at"),
)

access_tokens = Table(
    "auth_access_tokens",
    metadata,
    Column("hash", LargeBinary(32), nullable=False),
    Column("grant_id", Key("gra")),
    Column("client_id", String(CLIENT_ID_MAX), nullable=False),
    Column("scopes", json_column(), nullable=False),
    Column("resource", String(400), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    PrimaryKeyConstraint("hash"),
    ForeignKeyConstraint(["grant_id"], ["auth_grants.id"]),
    Index("ix_auth_access_tokens_expires_at", "expires_at"),
)

refresh_tokens = Table(
    "auth_refresh_tokens",
    metadata,
    Column("hash", LargeBinary(32), nullable=False),
    Column("grant_id", Key("gra"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("rotated_at", Instant),
    PrimaryKeyConstraint("hash"),
    ForeignKeyConstraint(["grant_id"], ["auth_grants.id"]),
    Index("ix_auth_refresh_tokens_expires_at", "expires_at"),
)

assertions = Table(
    "auth_assertions",
    metadata,
    Column("hash", LargeBinary(32), nullable=False),
    Column("expires_at", Instant, nullable=False),
    PrimaryKeyConstraint("hash"),
    Index("ix_auth_assertions_expires_at", "expires_at"),
)
