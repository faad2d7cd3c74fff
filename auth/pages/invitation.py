"""Accept an invitation: the one way in for someone new, who sets a name and a password here."""

from dataclasses import replace

from starlette.responses import Response

from auth import passwords, signing_in
from auth.pages import rendering
from auth.pages.sign_in import go_on
from auth.pages.visit import Visit
from auth.passwords import require_fit
from auth.people_errors import EmailTaken, PasswordUnfit
from auth.users import User, create_user, find_by_email, person
from core import projects
from core.kernel.caller import ANONYMOUS
from core.operations.perform import Call
from core.projects import Offer, invitation_operations

DOOR = "pages"
NAME_MAX = 120


async def invitation(visit: Visit) -> Response:
    """Show what the invitation is for, and what it takes to accept it."""
    offer, invited = await _peek(visit)
    return _show(visit, offer, invited)


async def accept(visit: Visit) -> Response:
    offer, invited = await _peek(visit)
    if visit.user:
        return await _accept_as(visit)
    if invited:
        return visit.go_sign_in()
    return await _join(visit, offer)


async def _accept_as(visit: Visit) -> Response:
    """Accept for who is signed in. The operation refuses whoever was not invited."""
    arguments = {"token": visit.request.path_params["token"]}
    call = Call(caller=visit.caller, arguments=arguments, door=DOOR)
    (await visit.people.gate.perform(invitation_operations.accept_invitation, call)).unwrap()
    return visit.go("/account?done=joined")


async def _join(visit: Visit, offer: Offer) -> Response:
    """Make the person, their password, their place and their session, all or nothing.

    The token proves that they read the invited address's mail, so the address needs no other proof.
    """
    name, password = " ".join(visit.field("name").split()), visit.field("password")
    if not name or len(name) > NAME_MAX or rendering.plain(name) != name:
        return _show(visit, offer, None, error="Enter your name, as others should see it.")
    try:
        require_fit(password, name=name, email=offer.invitation.email)
    except PasswordUnfit as error:
        return _show(visit, offer, None, error=str(error), given_name=name)
    hashed = await visit.people.passwords.hash(password)
    token = visit.request.path_params["token"]
    try:
        async with visit.people.database.begin(ANONYMOUS) as work:
            offer = await projects.peek(work, token)
            user = await create_user(work, email=offer.invitation.email, name=name)
            theirs = replace(work, caller=person(user))
            await passwords.keep_hash(theirs, user.id, hashed)
            await projects.accept(theirs, token, user.id)
            started = await signing_in.begin(visit.people, theirs, user, visit.browser)
    except EmailTaken:
        return visit.go_sign_in()
    return go_on(visit, started)


async def _peek(visit: Visit) -> tuple[Offer, User | None]:
    """Return the invitation, and who has its address already. Raises InvitationNotFound."""
    async with visit.people.database.read(ANONYMOUS) as work:
        offer = await projects.peek(work, visit.request.path_params["token"])
        return offer, await find_by_email(work, offer.invitation.email)


def _show(
    visit: Visit,
    offer: Offer,
    invited: User | None,
    *,
    error: str | None = None,
    given_name: str = "",
) -> Response:
    path = visit.request.url.path
    return visit.show(
        "invitation.html",
        status=400 if error else 200,
        offer=offer,
        known=invited is not None,
        mine=visit.user is not None and visit.user.email == offer.invitation.email,
        action=path,
        sign_in=f"/sign-in?next={rendering.quoted(path)}",
        given_name=given_name,
        error=error,
    )
