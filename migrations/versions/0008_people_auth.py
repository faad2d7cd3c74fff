"""People: users, passwords, second factors, sessions, sign-in links, and API keys."""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, json, key

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _create_people()
    _create_second_factors()
    _create_sessions()
    _create_links_and_failures()
    _create_api_keys()


def _create_people() -> None:
    op.create_table(
        "auth_users",
        sa.Column("id", key(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("platform_role", sa.String(12)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("disabled_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_auth_users"),
        sa.UniqueConstraint("email", name="uq_auth_users_email"),
        sa.CheckConstraint(
            "platform_role in ('operator', 'auditor')",
            name=op.f("ck_auth_users_platform_role_is_known"),
        ),
    )
    op.create_table(
        "auth_passwords",
        sa.Column("user_id", key(), nullable=False),
        sa.Column("hash", sa.String(300), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_auth_passwords"),
    )


def _create_second_factors() -> None:
    op.create_table(
        "auth_second_factors",
        sa.Column("user_id", key(), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("confirmed_at", instant()),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_auth_second_factors"),
    )
    op.create_table(
        "auth_recovery_codes",
        sa.Column("user_id", key(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("used_at", instant()),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name="pk_auth_recovery_codes"),
    )


def _create_sessions() -> None:
    op.create_table(
        "auth_sessions",
        sa.Column("id", key(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", key(), nullable=False),
        sa.Column("started_at", instant(), nullable=False),
        sa.Column("authenticated_at", instant()),
        sa.Column("last_seen_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("host_cookie", sa.Boolean, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auth_sessions"),
        sa.UniqueConstraint("secret_hash", name="uq_auth_sessions_secret_hash"),
    )
    op.create_index("ix_auth_sessions_user_id", "auth_sessions", ["user_id"])
    op.create_index("ix_auth_sessions_expires_at", "auth_sessions", ["expires_at"])


def _create_links_and_failures() -> None:
    op.create_table(
        "auth_sign_in_links",
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", key(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("used_at", instant()),
        sa.PrimaryKeyConstraint("token_hash", name="pk_auth_sign_in_links"),
    )
    op.create_index("ix_auth_sign_in_links_user_id", "auth_sign_in_links", ["user_id"])
    op.create_table(
        "auth_sign_in_failures",
        sa.Column("account", sa.String(80), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_failed_at", instant(), nullable=False),
        sa.Column("locked_until", instant()),
        sa.PrimaryKeyConstraint("account", name="pk_auth_sign_in_failures"),
        sa.CheckConstraint(
            "failures >= 0", name=op.f("ck_auth_sign_in_failures_failures_are_never_negative")
        ),
    )


def _create_api_keys() -> None:
    op.create_table(
        "auth_api_keys",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("scopes", json(), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("created_by", sa.String(160), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("secret_made_at", instant(), nullable=False),
        sa.Column("expires_at", instant()),
        sa.Column("revoked_at", instant()),
        sa.Column("last_used_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_auth_api_keys"),
        sa.CheckConstraint(
            "role in ('viewer', 'member', 'admin', 'auditor', 'operator')",
            name=op.f("ck_auth_api_keys_role_is_never_owner"),
        ),
    )
    op.create_table(
        "auth_api_key_secrets",
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("project_id", key(), nullable=False),
        sa.Column("key_id", key(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant()),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_auth_api_key_secrets"),
    )
    op.create_index("ix_auth_api_key_secrets_key", "auth_api_key_secrets", ["project_id", "key_id"])


def downgrade() -> None:
    op.drop_table("auth_api_key_secrets")
    op.drop_table("auth_api_keys")
    op.drop_table("auth_sign_in_failures")
    op.drop_table("auth_sign_in_links")
    op.drop_table("auth_sessions")
    op.drop_table("auth_recovery_codes")
    op.drop_table("auth_second_factors")
    op.drop_table("auth_passwords")
    op.drop_table("auth_users")
