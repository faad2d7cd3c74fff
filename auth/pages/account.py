"""A person's own account: password, second factor, where they are signed in, and their programs."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from auth import grants, passwords, sessions, throttling, totp
from auth.pages import enrolling
from auth.pages.visit import HOME, Visit
from auth.passwords import require_fit
from auth.people_errors import PasswordUnfit, TooManyAttempts
from auth.sessions import Session
from auth.users import User
from core import projects
from core.kernel.ids import is_id

FACTOR_PATH = "/account/second-factor"
DONE = {
    "joined": "You are a member now.",
    "password": "Your password was changed, and every other session was ended.",
    "session": "The session was ended.",
    "sessions": "Every other session was ended.",
    "program": "The program was disconnected. Its tokens stopped working at once.",
    "factor": "You are no longer asked for a second factor.",
}
"""What is said after a form was taken. The address carries the word alone, never the text."""

Signed = Callable[[Visit, User, Session], Awaitable[Response]]


def signed(handler: Signed) -> Callable[[Visit], Awaitable[Response]]:
    """Make a page that asks for a sign-in first."""

    async def answer(visit: Visit) -> Response:
        if visit.user is None or visit.session is None:
            return visit.go_sign_in() if visit.request.method == "GET" else visit.go("/sign-in")
        return await handler(visit, visit.user, visit.session)

    return answer


@signed
async def account(visit: Visit, user: User, session: Session) -> Response:
    return await _show(visit, user, session)


@signed
async def change_password(visit: Visit, user: User, session: Session) -> Response:
    """Set a password. Whoever has one proves it; every other session ends."""
    people, new = visit.people, visit.field("new_password")
    try:
        require_fit(new, name=user.name, email=user.email)
        proved = await _prove_password(visit, user)
    except (PasswordUnfit, TooManyAttempts) as error:
        return await _show(visit, user, session, error=str(error))
    if not proved:
        return await _show(visit, user, session, error="The present password is not right.")
    hashed = await people.passwords.hash(new)
    async with people.database.begin(visit.caller) as work:
        await throttling.forgive(work, _account(visit, user))
        await passwords.keep_hash(work, user.id, hashed)
        await sessions.revoke_others(work, user.id, session.id)
        if visit.field("programs"):
            await grants.revoke_all_of(work, user.id, "password_changed")
    return visit.go(f"{HOME}?done=password")


async def _prove_password(visit: Visit, user: User) -> bool:
    """Check the present password, throttled as a sign-in is. True when there is none to check."""
    people, account = visit.people, _account(visit, user)
    async with people.database.begin(visit.caller) as work:
        kept = await passwords.kept_hash(work, user.id)
        if kept is None:
            return True
        await throttling.take_attempt(work, account)
    return await people.passwords.verify(kept, visit.field("password"))


def _account(visit: Visit, user: User) -> str:
    return throttling.account_of(visit.people.database.digest_key, user.email)


@signed
async def second_factor(visit: Visit, user: User, session: Session) -> Response:
    """Show how to set up a second factor; who has one already is sent back."""
    async with visit.people.database.read(visit.caller) as work:
        if await totp.has_factor(work, user.id):
            return visit.go(HOME)
    return await enrolling.show(visit, user.id, action=FACTOR_PATH)


@signed
async def enable_second_factor(visit: Visit, user: User, session: Session) -> Response:
    """Take the first code. A form that was sent twice, or left open elsewhere, comes too late."""
    async with visit.people.database.read(visit.caller) as work:
        if await totp.has_factor(work, user.id):
            return visit.go(HOME)
    codes = await enrolling.confirm(visit, user.id)
    if codes is None:
        error = "That code is not right. Check the clock of your phone and try the next one."
        return await enrolling.show(visit, user.id, action=FACTOR_PATH, error=error)
    return enrolling.show_codes(visit, codes)


@signed
async def remove_second_factor(visit: Visit, user: User, session: Session) -> Response:
    """Stop asking for a second factor, once it was proved this one last time."""
    people, account = visit.people, f"second:{user.id}"
    try:
        async with people.database.begin(visit.caller) as work:
            await throttling.take_attempt(work, account)
    except TooManyAttempts as error:
        return await _show(visit, user, session, error=str(error))
    async with people.database.begin(visit.caller) as work:
        if await people.second_factors.prove(work, user.id, visit.field("code")):
            await throttling.forgive(work, account)
            await totp.remove(work, user.id)
            return visit.go(f"{HOME}?done=factor")
    return await _show(visit, user, session, error="That code is not right.")


@signed
async def end_session(visit: Visit, user: User, session: Session) -> Response:
    async with visit.people.database.begin(visit.caller) as work:
        if is_id("ses", asked := visit.field("session_id")):
            await sessions.revoke(work, user.id, asked)
    return visit.go(f"{HOME}?done=session")


@signed
async def end_other_sessions(visit: Visit, user: User, session: Session) -> Response:
    async with visit.people.database.begin(visit.caller) as work:
        await sessions.revoke_others(work, user.id, session.id)
    return visit.go(f"{HOME}?done=sessions")


@signed
async def disconnect(visit: Visit, user: User, session: Session) -> Response:
    """Revoke what a program was allowed, if this person allowed it."""
    asked = visit.field("grant_id")
    async with visit.people.database.begin(visit.caller) as work:
        mine = {grant.id for grant in await grants.list_for(work, user.id)}
        if asked in mine:
            await grants.revoke(work, asked, "disconnected")
    return visit.go(f"{HOME}?done=program")


async def _show(
    visit: Visit, user: User, session: Session, *, error: str | None = None
) -> Response:
    async with visit.people.database.read(visit.caller) as work:
        memberships = await projects.memberships_of(work, user.id)
        page: dict[str, Any] = {
            "memberships": memberships,
            "project_names": {each.project_id: each.project_name for each in memberships},
            "sessions": await sessions.list_sessions(work, user.id),
            "programs": await grants.list_for(work, user.id),
            "has_password": await passwords.kept_hash(work, user.id) is not None,
            "has_factor": await totp.has_factor(work, user.id),
            "codes_left": await totp.recovery_codes_left(work, user.id),
        }
    done = DONE.get(visit.request.query_params.get("done", ""))
    return visit.show(
        "account.html",
        status=400 if error else 200,
        present=session.id,
        done=done,
        error=error,
        factor_required=visit.people.require_second_factor,
        **page,
    )
