"""The tables of projects and people. Private to this slice.

`external_key` of a project and `token_hash` of an invitation are unique over all projects: both
are how a project is found in the first place. `projects_people` belongs to no project.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from core.db.schema import Instant, Key, index_where, metadata

projects = Table(
    "projects_projects",
    metadata,
    Column("id", Key("prj"), nullable=False),
    Column("external_key", String(120)),
    Column("name", String(120), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("currency", String(3)),
    Column("locale", String(35)),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_projects_projects_external_key", "external_key", unique=True),
)

people = Table(
    "projects_people",
    metadata,
    Column("user_id", Key("usr"), nullable=False),
    Column("email", String(254), nullable=False),
    Column("name", String(120), nullable=False),
    # Who may stand in as the owner of a project that was made for somebody who is not here yet.
    Column("is_operator", Boolean, nullable=False),
    PrimaryKeyConstraint("user_id"),
    Index("ix_projects_people_email", "email", unique=True),
)

members = Table(
    "projects_members",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("user_id", Key("usr"), nullable=False),
    Column("role", String(12), nullable=False),
    Column("joined_at", Instant, nullable=False),
    PrimaryKeyConstraint("project_id", "user_id"),
    ForeignKeyConstraint(["project_id"], ["projects_projects.id"]),
    ForeignKeyConstraint(["user_id"], ["projects_people.user_id"]),
    CheckConstraint("role in ('viewer', 'member', 'admin', 'owner')", name="role_is_known"),
    Index("ix_projects_members_user_id", "user_id"),
    # Never two owners, whatever the code believes. Never none is the code's part: nothing takes
    # the role from one member except by giving it to another in the same unit.
    index_where("ix_projects_members_one_owner", "project_id", where="role = 'owner'", unique=True),
)

invitations = Table(
    "projects_invitations",
    metadata,
    Column("project_id", Key("prj"), nullable=False),
    Column("id", Key("ivt"), nullable=False),
    Column("email", String(254), nullable=False),
    Column("role", String(12), nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False),
    Column("invited_by_user_id", Key("usr")),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("revoked_at", Instant),
    PrimaryKeyConstraint("project_id", "id"),
    ForeignKeyConstraint(["project_id"], ["projects_projects.id"]),
    CheckConstraint("role in ('viewer', 'member', 'admin', 'owner')", name="role_is_known"),
    CheckConstraint("accepted_at is null or revoked_at is null", name="closes_once"),
    Index("ix_projects_invitations_token_hash", "token_hash", unique=True),
    index_where(
        "ix_projects_invitations_one_open",
        "project_id",
        "email",
        where="accepted_at is null and revoked_at is null",
        unique=True,
    ),
)
