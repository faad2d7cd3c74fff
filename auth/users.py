"""Users: the people who sign in. One person is one e-mail address, however it is spelled."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from auth import remembering
from auth.people_errors import EmailTaken, NotAnOperator
from auth.people_tables import users
from core import audit, projects
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.caller import Caller, CallerKind, PlatformRole
from core.operations.scopes import SCOPES


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: str
    email: str
    name: str
    platform_role: PlatformRole | None
    created_at: datetime
    disabled_at: datetime | None


def person(user: User) -> Caller:
    """Return the caller that a signed-in person is: all scopes, for they sit at the keyboard.

    Bound to no project: staff see the platform, and everyone else asks about themselves only.
    """
    return Caller(
        kind=CallerKind.USER,
        subject=user.id,
        platform_role=user.platform_role,
        scopes=frozenset(SCOPES),
        user_id=user.id,
        label=user.name,
    )


async def create_user(
    work: Work, *, email: str, name: str, platform_role: PlatformRole | None = None
) -> User:
    """Add a person, who cannot sign in until a password is set or a sign-in link is made."""
    user_id = work.ids.new("usr")
    row = {
        "id": user_id,
        "email": projects.normal_email(email),
        "name": name,
        "platform_role": platform_role and str(platform_role),
        "created_at": work.real_now,
    }
    if not await insert_if_absent(work, users, row):
        raise EmailTaken
    is_operator = platform_role is PlatformRole.OPERATOR
    await projects.know_person(work, user_id, email, name, is_operator=is_operator)
    await audit.record(work, "user.created", user_id, platform_role=row["platform_role"])
    work.record("created", user_id)
    return User(
        id=user_id,
        email=projects.normal_email(email),
        name=name,
        platform_role=platform_role,
        created_at=work.real_now,
        disabled_at=None,
    )


async def find_by_email(work: Work, email: str) -> User | None:
    query = select(users).where(users.c.email == projects.normal_email(email.strip()))
    return _user((await work.execute(query)).one_or_none())


async def find_user(work: Work, user_id: str) -> User | None:
    return _user((await work.execute(select(users).where(users.c.id == user_id))).one_or_none())


async def ensure_first_operator(work: Work, email: str, name: str) -> str:
    """Return the id of the operator with this address, made now if nobody has it.

    Raises NotAnOperator when somebody else has it: a link must not let them in as themselves.
    """
    if user := await find_by_email(work, email):
        if user.platform_role is not PlatformRole.OPERATOR or user.disabled_at:
            raise NotAnOperator
        return user.id
    role = PlatformRole.OPERATOR
    return (await create_user(work, email=email, name=name, platform_role=role)).id


async def disable_user(work: Work, user_id: str) -> None:
    """Shut a person out. Their sessions stop at once, because each look-up asks for this."""
    shut = update(users).where(users.c.id == user_id, users.c.disabled_at.is_(None))
    if (await work.execute(shut.values(disabled_at=work.real_now))).rowcount:
        await audit.record(work, "user.disabled", user_id)
        work.after_commit(remembering.forget_all)


def _user(row: Row[Any] | None) -> User | None:
    if row is None:
        return None
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        platform_role=PlatformRole(row.platform_role) if row.platform_role else None,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
