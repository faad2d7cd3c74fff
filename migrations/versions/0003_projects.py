"""Projects, people, members, invitations.

Two partial unique indexes carry what must hold whatever the code believes: a project never has two
owners, and an address never has two open invitations to one project.
"""

import sqlalchemy as sa
from alembic import op

from migrations.types import instant, key

revision = "0003"
down_revision = "0002"

ROLES = "role in ('viewer', 'member', 'admin', 'owner')"


def upgrade() -> None:
    op.create_table(
        "projects_projects",
        sa.Column("id", key(), nullable=False),
        sa.Column("external_key", sa.String(120)),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3)),
        sa.Column("locale", sa.String(35)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("updated_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects_projects"),
    )
    op.create_index(
        "ix_projects_projects_external_key", "projects_projects", ["external_key"], unique=True
    )
    op.create_table(
        "projects_people",
        sa.Column("user_id", key(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("is_operator", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_projects_people"),
    )
    op.create_index("ix_projects_people_email", "projects_people", ["email"], unique=True)
    _create_members()
    _create_invitations()


def _create_members() -> None:
    op.create_table(
        "projects_members",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("user_id", key(), nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("joined_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "user_id", name="pk_projects_members"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_projects.id"], name="fk_projects_members_project_id"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["projects_people.user_id"], name="fk_projects_members_user_id"
        ),
        sa.CheckConstraint(ROLES, name="ck_projects_members_role_is_known"),
    )
    op.create_index("ix_projects_members_user_id", "projects_members", ["user_id"])
    _unique_where("ix_projects_members_one_owner", "projects_members", ["project_id"], OWNS)


def _create_invitations() -> None:
    op.create_table(
        "projects_invitations",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("id", key(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("invited_by_user_id", key()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("sent_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("accepted_at", instant()),
        sa.Column("revoked_at", instant()),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_projects_invitations"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects_projects.id"], name="fk_projects_invitations_project_id"
        ),
        sa.CheckConstraint(ROLES, name="ck_projects_invitations_role_is_known"),
        sa.CheckConstraint(
            "accepted_at is null or revoked_at is null", name="ck_projects_invitations_closes_once"
        ),
    )
    op.create_index(
        "ix_projects_invitations_token_hash", "projects_invitations", ["token_hash"], unique=True
    )
    _unique_where(
        "ix_projects_invitations_one_open", "projects_invitations", ["project_id", "email"], OPEN
    )


OWNS = "role = 'owner'"
OPEN = "accepted_at is null and revoked_at is null"


def _unique_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    raise NotImplementedError("people are not un-invited by a migration; restore a backup instead")
