"""Make a project together with its owner, and change what it is called and told in."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.caller import Role
from core.projects import events
from core.projects.errors import ExternalKeyTaken
from core.projects.finding import get_project
from core.projects.inviting import invite
from core.projects.members import join
from core.projects.model import Invitation, Person, Project, normal_email
from core.projects.people import find_person, get_person, stand_in
from core.projects.tables import projects


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProject:
    name: str
    external_key: str | None = None
    time_zone: str = "UTC"
    currency: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A new project, who owns it, and the invitation that waits when that is a stand-in."""

    project: Project
    owner: Person
    invitation: Invitation | None


async def create_project(
    work: Work, new: NewProject, *, owner_user_id: str | None, owner_email: str | None
) -> Created:
    """Make a project and its owner in one unit: there is never the one without the other.

    An owner whose address nobody has yet is invited, and someone of the operator's stands in until
    they accept; see docs/decisions/0005-one-owner-from-the-first-moment.md.
    """
    project_id = work.ids.new("prj")
    project = await _store(work.within(project_id), project_id, new)
    email = owner_email and normal_email(owner_email)
    if owner_user_id:
        owner: Person | None = await get_person(work, owner_user_id)
    else:
        owner = await find_person(work, email) if email else await stand_in(work)
    within = work.within(project_id)
    if owner:
        await join(within, owner.user_id, Role.OWNER)
        return Created(project=project, owner=owner, invitation=None)
    owner = await stand_in(work)
    await join(within, owner.user_id, Role.OWNER)
    assert email, "without an address there is nobody to wait for"
    invitation = await invite(within, email, Role.OWNER)
    return Created(project=project, owner=owner, invitation=invitation)


async def update_project(work: Work, changes: dict[str, str]) -> Project:
    """Change some of a project's settings: `name`, `time_zone`, `currency`, `locale`, its key."""
    before = await get_project(work)
    change = update(projects).where(projects.c.id == work.project_id)
    try:
        # A savepoint, so that Postgres can still go on when the key turns out to be taken.
        async with work.connection.begin_nested():
            await work.execute(change.values(**changes, updated_at=work.real_now))
    except IntegrityError:
        raise ExternalKeyTaken(changes["external_key"]) from None
    old = {name: getattr(before, name) for name in changes}
    await events.tell(work, events.PROJECT_UPDATED, work.project_id, before=old, after=changes)
    return await get_project(work)


async def _store(work: Work, project_id: str, new: NewProject) -> Project:
    project = Project(
        id=project_id,
        external_key=new.external_key,
        name=new.name,
        time_zone=new.time_zone,
        currency=new.currency,
        locale=new.locale,
        created_at=work.real_now,
        updated_at=work.real_now,
    )
    row = {name: getattr(project, name) for name in Project.__slots__}
    if not await insert_if_absent(work, projects, row):
        raise ExternalKeyTaken(new.external_key or "")
    told = {"name": new.name, "external_key": new.external_key, "time_zone": new.time_zone}
    await events.tell(work, events.PROJECT_CREATED, project_id, after=told)
    return project
