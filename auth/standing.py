"""What a person may do now: asked again at every use, so that whoever is removed is out at once."""

from dataclasses import dataclass

from auth import users
from core import projects
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role


@dataclass(frozen=True, slots=True)
class Standing:
    """A role in the project, or a platform role; never both."""

    role: Role | None
    platform_role: PlatformRole | None


async def standing(work: Work, user_id: str, project_id: str | None) -> Standing | None:
    """Return the person's authority in the project, or over all projects when it is None.

    None for whoever is disabled, gone, or no longer a member. Staff keep their platform role in
    every project.
    """
    user = await users.find_user(work, user_id)
    if user is None or user.disabled_at is not None:
        return None
    if user.platform_role is not None:
        return Standing(None, user.platform_role)
    role = await projects.role_of(work, user_id, project_id) if project_id else None
    return Standing(role, None) if role else None
