"""People's tables: who they are, how they prove it, where they are signed in, and their API keys.

A secret is never a column: what people and programs hold is stored as a hash, and the seed of a
second factor is sealed with a key that the database does not have.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from core.db.schema import Instant, Key, json_column, metadata

users = Table(
    "auth_users",
    metadata,
    Column("id", Key("usr"), primary_key=True),
    # In its normal form, so that two spellings of one address are one person.
    Column("email", String(254), nullable=False),
    Column("name", String(120), nullable=False),
    Column("platform_role", String(12)),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    UniqueConstraint("email"),
    CheckConstraint("platform_role in ('operator', 'auditor')", name="platform_role_is_known"),
)

passwords = Table(
    "auth_passwords",
    metadata,
    Column("user_id", Key("usr"), primary_key=True),
    Column("hash", String(300), nullable=False),
    Column("changed_at", Instant, nullable=False),
)

second_factors = Table(
    "auth_second_factors",
    metadata,
    Column("user_id", Key("usr"), primary_key=True),
    Column("sealed_seed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    # The newest thirty-second step whose code was taken: no code is taken twice.
    Column("last_step", BigInteger, nullable=False),
)

recovery_codes = Table(
    "auth_recovery_codes",
    metadata,
    Column("user_id", Key("usr"), nullable=False),
    Column("code_hash", LargeBinary(32), nullable=False),
    Column("used_at", Instant),
    PrimaryKeyConstraint("user_id", "code_hash"),
)

sessions = Table(
    "auth_sessions",
    metadata,
    Column("id", Key("ses"), primary_key=True),
    Column("secret_hash", LargeBinary(32), nullable=False),
    Column("user_id", Key("usr"), nullable=False),
    Column("started_at", Instant, nullable=False),
    # Null while a second factor is still asked for: such a session opens nothing else.
    Column("authenticated_at", Instant),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # Whether its cookie was set with the __Host- prefix, and so may be read from no other name.
    Column("host_cookie", Boolean, nullable=False),
    Column("address", String(64), nullable=False),
    Column("program", String(200), nullable=False),
    UniqueConstraint("secret_hash"),
    Index("ix_auth_sessions_user_id", "user_id"),
    Index("ix_auth_sessions_expires_at", "expires_at"),
)

sign_in_links = Table(
    "auth_sign_in_links",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("user_id", Key("usr"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("ix_auth_sign_in_links_user_id", "user_id"),
)

sign_in_failures = Table(
    "auth_sign_in_failures",
    metadata,
    Column("account", String(80), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_failed_at", Instant, nullable=False),
    Column("locked_until", Instant),
    CheckConstraint("failures >= 0", name="failures_are_never_negative"),
)

api_keys = Table(
    "auth_api_keys",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("key"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("role", String(12), nullable=False),
    Column("scopes", json_column(), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("created_by", String(160), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("secret_made_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    CheckConstraint(
        "role in ('viewer', 'member', 'admin', 'auditor', 'operator')", name="role_is_never_owner"
    ),
)

api_key_secrets = Table(
    "auth_api_key_secrets",
    metadata,
    # Found by its hash before the project is known, so the project does not lead this key.
    Column("secret_hash", LargeBinary(32), primary_key=True),
    Column("project_id", Key("prj"), nullable=False),
    Column("key_id", Key("key"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Index("ix_auth_api_key_secrets_key", "project_id", "key_id"),
)
