"""Sign in, sign out, the one-time link, and the second factor."""

from starlette.responses import Response

from auth import links, sessions, signing_in, totp
from auth.pages import enrolling, rendering
from auth.pages.visit import Visit
from auth.people_errors import TooManyAttempts
from auth.users import find_user
from core.kernel.caller import ANONYMOUS

SECOND_FACTOR_PATH = "/sign-in/second-factor"
WRONG = "That e-mail address and password do not belong together."
WRONG_CODE = "That code is not right, or was used before. Wait for the next one and try again."


async def sign_in(visit: Visit) -> Response:
    """Show the form; it is shown to who is signed in too, who may have to prove it again."""
    return visit.show("sign_in.html", next=visit.next, email="")


async def submit_sign_in(visit: Visit) -> Response:
    email, password = visit.field("email"), visit.field("password")
    try:
        started = await signing_in.by_password(visit.people, email, password, visit.browser)
    except TooManyAttempts as error:
        page = {"next": visit.next, "email": email, "error": str(error)}
        response = visit.show("sign_in.html", status=429, **page)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    if started is None:
        page = {"next": visit.next, "email": email, "error": WRONG}
        return visit.show("sign_in.html", status=401, **page)
    await _end_old(visit)
    return go_on(visit, started)


def go_on(visit: Visit, started: signing_in.Started) -> Response:
    """Set the new cookie, and ask for the second factor before anything else."""
    path = visit.next
    if started.halfway:
        path = f"{SECOND_FACTOR_PATH}?next={rendering.quoted(path)}"
    return visit.signed_in(visit.go(path), started)


async def _end_old(visit: Visit) -> None:
    """The session this browser had ends: one browser, one session."""
    if visit.session and visit.user:
        async with visit.people.database.begin(visit.caller) as work:
            await sessions.revoke(work, visit.user.id, visit.session.id)


async def sign_out(visit: Visit) -> Response:
    await _end_old(visit)
    return visit.signed_out(visit.go("/sign-in"))


async def link(visit: Visit) -> Response:
    """Show a button. Looking at a link must not use it up."""
    async with visit.people.database.read(ANONYMOUS) as work:
        if not await links.is_open(work, visit.request.path_params["token"]):
            return _spent(visit)
    return visit.show("sign_in_link.html")


async def submit_link(visit: Visit) -> Response:
    token = visit.request.path_params["token"]
    started = await signing_in.by_link(visit.people, token, visit.browser)
    if started is None:
        return _spent(visit)
    await _end_old(visit)
    return go_on(visit, started)


def _spent(visit: Visit) -> Response:
    text = "It was used, has expired, or was replaced by a newer one. Ask for another link."
    title = "This sign-in link no longer works"
    return rendering.message(title, text, status=404, name=visit.name)


async def second_factor(visit: Visit) -> Response:
    """Ask for a code, or, where a factor is required and there is none yet, set one up."""
    people = visit.people
    async with people.database.read(ANONYMOUS) as work:
        waiting = await sessions.halfway(work, visit.request.cookies)
        known = waiting is not None and await totp.has_factor(work, waiting.user_id)
    if waiting is None:
        return visit.go(f"/sign-in?next={rendering.quoted(visit.next)}")
    if known:
        return visit.show("second_factor.html", next=visit.next)
    return await enrolling.show(visit, waiting.user_id, action=SECOND_FACTOR_PATH)


async def submit_second_factor(visit: Visit) -> Response:
    people, code = visit.people, visit.field("code")
    async with people.database.read(ANONYMOUS) as work:
        waiting = await sessions.halfway(work, visit.request.cookies)
        known = waiting is not None and await totp.has_factor(work, waiting.user_id)
    if waiting is None:
        return visit.go(f"/sign-in?next={rendering.quoted(visit.next)}")
    if not known:
        return await _enrol(visit, waiting)
    try:
        started = await signing_in.by_second_factor(people, waiting, code, visit.browser)
    except TooManyAttempts as error:
        page = visit.show("second_factor.html", status=429, next=visit.next, error=str(error))
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    if started is None:
        return visit.show("second_factor.html", status=401, next=visit.next, error=WRONG_CODE)
    return go_on(visit, started)


async def _enrol(visit: Visit, waiting: sessions.Session) -> Response:
    """Take the first code of a new factor; the session is whole from then on."""
    codes = await enrolling.confirm(visit, waiting.user_id)
    if codes is None:
        return await enrolling.show(
            visit, waiting.user_id, action=SECOND_FACTOR_PATH, error=WRONG_CODE
        )
    async with visit.people.database.begin(ANONYMOUS) as work:
        user = await find_user(work, waiting.user_id)
        finished = user and await signing_in.finish(work, user, waiting, visit.browser)
    if not finished:
        return visit.go("/sign-in")
    return visit.signed_in(enrolling.show_codes(visit, codes), finished)


async def second_factor_picture(visit: Visit) -> Response:
    """The QR code of a factor that is being set up, for the person who sets it up alone."""
    async with visit.people.database.read(ANONYMOUS) as work:
        waiting = await sessions.halfway(work, visit.request.cookies)
    session = visit.session or waiting
    return await enrolling.picture(visit, session.user_id if session else None)
