"""Consent: a person decides what a program may do for them, where, and for which project.

The page tells what the program says of itself apart from what is known of it. The decision is
bound to the browser that first saw the request, to a form of ours, and to who is signed in; saying
no is as easy as saying yes.
"""

from dataclasses import dataclass

from starlette.responses import HTMLResponse, RedirectResponse, Response

from auth import authorize
from auth.authorize import Pending
from auth.errors import AuthorizationRequestGone
from auth.opaque import hash_of
from auth.pages import rendering
from auth.pages.visit import Visit
from auth.users import User
from core import projects
from core.db.work import Work
from core.kernel.ids import is_id
from core.operations import InvalidRequest, NotAllowed
from core.operations.scopes import IN_PLAIN_WORDS
from core.projects import Membership, ProjectNotFound

PATH = "/oauth/consent"
ALL_PROJECTS = "all"
SIGN_IN_AGAIN = "login"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the person, and what they may choose from."""

    pending: Pending
    memberships: list[Membership]


async def consent(visit: Visit) -> Response:
    question = await _ask(visit)
    if visit.user is None or _must_sign_in_again(visit, question.pending):
        return visit.go_sign_in()
    return _show(visit, question)


async def decide(visit: Visit) -> Response:
    """Grant or deny. What was not asked for, and what is not the person's, is refused."""
    question = await _ask(visit)
    pending = question.pending
    if visit.field("decision") != "allow":
        async with visit.people.database.begin(visit.caller) as work:
            return _back(await authorize.deny(work, pending.id))
    if visit.user is None or _must_sign_in_again(visit, pending):
        return visit.go_sign_in()
    try:
        async with visit.people.database.begin(visit.caller) as work:
            return _back(await _grant(work, visit, visit.user, pending))
    except InvalidRequest:
        error = "Choose at least one permission, and the project it is for."
        return _show(visit, question, error=error)
    except (NotAllowed, ProjectNotFound):
        return _show(visit, question, error="You have no role in that project.")


async def _ask(visit: Visit) -> Question:
    """Load the request for the browser that owns it. Raises AuthorizationRequestGone."""
    pending_id = visit.request.query_params.get("request", "")
    if not is_id("arq", pending_id):
        raise AuthorizationRequestGone
    async with visit.people.database.begin(visit.caller) as work:
        pending = await authorize.load_pending(work, pending_id)
        await authorize.bind_pending(work, pending.id, hash_of(visit.form_secret))
        user_id = visit.user.id if visit.user else None
        memberships = await projects.memberships_of(work, user_id) if user_id else []
    return Question(pending, memberships)


def _must_sign_in_again(visit: Visit, pending: Pending) -> bool:
    """The program asked that the person proves who they are, and they have not since."""
    if pending.prompt != SIGN_IN_AGAIN or visit.session is None:
        return False
    proved_at = visit.session.authenticated_at
    return proved_at is None or proved_at < pending.created_at


async def _grant(work: Work, visit: Visit, user: User, pending: Pending) -> str:
    """Take the decision. Raises InvalidRequest, NotAllowed and ProjectNotFound."""
    chosen = visit.field("project_id")
    if user.platform_role and chosen == "one":
        chosen = visit.field("named_project_id").strip()
    everything = chosen == ALL_PROJECTS
    if not everything:
        if not is_id("prj", chosen):
            raise ProjectNotFound(chosen)
        await projects.find_project(work, chosen, None)
    return await authorize.grant(
        work,
        pending.id,
        user.id,
        scopes=set(visit.fields("scope")),
        project_id=None if everything else chosen,
        all_projects=everything,
    )


def _back(url: str) -> RedirectResponse:
    """Send the browser to the redirect URI that was checked when the request was made."""
    return RedirectResponse(url, 303, headers=rendering.HEADERS)


def _show(visit: Visit, question: Question, *, error: str | None = None) -> HTMLResponse:
    pending = question.pending
    return visit.show(
        "consent.html",
        status=400 if error else 200,
        form_target=rendering.form_target(pending.redirect_uri),
        pending=pending,
        memberships=question.memberships,
        scopes=[(scope, IN_PLAIN_WORDS[scope]) for scope in pending.scopes],
        changes=[scope for scope in pending.scopes if scope.endswith(":write")],
        action=f"{PATH}?request={pending.id}",
        switch=rendering.quoted(f"{PATH}?request={pending.id}"),
        error=error,
    )
