"""Projects and the people in them. See README.md for what must always be true."""

from core.projects.accepting import Offer, accept, peek
from core.projects.errors import (
    InvitationClosed,
    InvitationNotFound,
    InvitedAnother,
    MemberNotFound,
    PersonNotFound,
    ProjectNotFound,
)
from core.projects.finding import (
    find_project,
    get_project,
    list_projects,
    lock_project,
    memberships_of,
    role_of,
    time_zone_of,
)
from core.projects.letters import invitation_path
from core.projects.model import (
    Invitation,
    Member,
    Membership,
    Project,
    normal_email,
    time_zones,
)
from core.projects.people import know_person, people_in_charge

__all__ = [
    "Invitation",
    "InvitationClosed",
    "InvitationNotFound",
    "InvitedAnother",
    "Member",
    "MemberNotFound",
    "Membership",
    "Offer",
    "PersonNotFound",
    "Project",
    "ProjectNotFound",
    "accept",
    "find_project",
    "get_project",
    "invitation_path",
    "know_person",
    "list_projects",
    "lock_project",
    "memberships_of",
    "normal_email",
    "peek",
    "people_in_charge",
    "role_of",
    "time_zone_of",
    "time_zones",
]
