"""The pages of identity: sign-in, consent, invitations, and a person's own account."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.pages import account, consent, enrolling, invitation, rendering, sign_in
from auth.pages.visit import Handler, endpoint
from auth.people import People
from core import projects

_GET: tuple[tuple[str, Handler], ...] = (
    ("/sign-in", sign_in.sign_in),
    (sign_in.SECOND_FACTOR_PATH, sign_in.second_factor),
    (enrolling.PICTURE_PATH, sign_in.second_factor_picture),
    ("/sign-in/link/{token}", sign_in.link),
    (consent.PATH, consent.consent),
    (projects.invitation_path("{token}"), invitation.invitation),
    ("/account", account.account),
    (account.FACTOR_PATH, account.second_factor),
)
_POST: tuple[tuple[str, Handler], ...] = (
    ("/sign-in", sign_in.submit_sign_in),
    (sign_in.SECOND_FACTOR_PATH, sign_in.submit_second_factor),
    ("/sign-in/link/{token}", sign_in.submit_link),
    ("/sign-out", sign_in.sign_out),
    (consent.PATH, consent.decide),
    (projects.invitation_path("{token}"), invitation.accept),
    ("/account/password", account.change_password),
    (account.FACTOR_PATH, account.enable_second_factor),
    ("/account/second-factor/remove", account.remove_second_factor),
    ("/account/sessions/end", account.end_session),
    ("/account/sessions/end-others", account.end_other_sessions),
    ("/account/programs/disconnect", account.disconnect),
)


def routes(people: People) -> list[Route]:
    """Make the routes of every page."""
    return [
        Route(rendering.STYLE_PATH, rendering.style, methods=["GET"]),
        *(Route(path, endpoint(people, page), methods=["GET"]) for path, page in _GET),
        *(Route(path, endpoint(people, page), methods=["POST"]) for path, page in _POST),
    ]


def show_error(people: People) -> Callable[[Request, str], Awaitable[Response]]:
    """Make the page that tells a person why a program's request cannot go on."""

    async def show(request: Request, text: str) -> Response:
        title = "This program cannot be connected"
        return rendering.message(title, text, status=400, name=people.settings.name)

    return show
