"""The mails that projects send. They say no more than their reader needs."""

from core.db.work import Work
from core.messaging import mailing
from core.projects.finding import get_project
from core.projects.model import Invitation
from core.projects.people import find_person_by_id


def invitation_path(token: str) -> str:
    """Return the path, below the public URL, of the page where an invitation is accepted."""
    return f"/invitation/{token}"


_TEXT = """{greeting}

To accept, open this page. It works once, until {until} UTC:

{link}

If you did not expect this mail, do nothing: without you it has no effect.
"""


async def send_invitation(work: Work, invitation: Invitation, token: str) -> None:
    """Leave the mail to be sent once this unit is committed."""
    project = await get_project(work)
    inviter = await find_person_by_id(work, invitation.invited_by_user_id)
    who = f"{inviter.name} invites you" if inviter else "You are invited"
    await mailing.send(
        work,
        invitation.email,
        subject=f"{who} to {project.name}",
        text=_TEXT.format(
            greeting=f"{who} to the project “{project.name}”, with the role {invitation.role}.",
            until=f"{invitation.expires_at:%-d %B %Y, %H:%M}",
            link=mailing.PUBLIC_URL + invitation_path(token),
        ),
        purpose="invitation",
        expires_at=invitation.expires_at,
    )
