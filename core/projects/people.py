"""The directory of people: what projects need to know of users, told by whoever owns them."""

from sqlalchemy import ColumnElement, select

from core.db.upsert import upsert
from core.db.work import Work
from core.kernel.caller import Role
from core.projects.errors import OwnerRequired, PersonNotFound
from core.projects.model import Person, normal_email
from core.projects.tables import members, people


async def know_person(
    work: Work, user_id: str, email: str, name: str, *, is_operator: bool = False
) -> None:
    """Note a user who was created, or whose e-mail, name or platform role changed.

    An operator may stand in as the owner of a project whose owner is still to come.
    """
    row = {
        "user_id": user_id,
        "email": normal_email(email),
        "name": name,
        "is_operator": is_operator,
    }
    await upsert(work, people, row, key=["user_id"])


async def get_person(work: Work, user_id: str) -> Person:
    """Return what is known of the user. Raises PersonNotFound."""
    if person := await find_person_by_id(work, user_id):
        return person
    raise PersonNotFound(user_id)


async def find_person_by_id(work: Work, user_id: str | None) -> Person | None:
    """Return what is known of the user; nobody is nobody."""
    return await _find(work, people.c.user_id == user_id) if user_id else None


async def find_person(work: Work, email: str) -> Person | None:
    """Return who has this address, which must be in its normal form."""
    return await _find(work, people.c.email == email)


async def people_in_charge(work: Work) -> list[Person]:
    """Return the owner and the admins of this unit's project: who hears of its money."""
    query = (
        select(people.c.user_id, people.c.email, people.c.name)
        .join(members, members.c.user_id == people.c.user_id)
        .where(
            members.c.project_id == work.project_id,
            members.c.role.in_([str(Role.OWNER), str(Role.ADMIN)]),
        )
        .order_by(people.c.user_id)
    )
    return [Person(**row) for row in (await work.execute(query)).mappings()]


async def stand_in(work: Work) -> Person:
    """Return who owns what the caller makes for nobody in particular.

    The person who asks, or whom the asking program acts for; else the operator who was here
    first. Raises OwnerRequired on an installation that has no operator yet.
    """
    if person := await find_person_by_id(work, work.caller.user_id):
        return person
    if first := await _find(work, people.c.is_operator):
        return first
    raise OwnerRequired


async def _find(work: Work, condition: ColumnElement[bool]) -> Person | None:
    query = select(people.c.user_id, people.c.email, people.c.name).where(condition)
    row = (await work.execute(query.order_by(people.c.user_id).limit(1))).mappings().first()
    return Person(**row) if row else None
