"""The authorization request (RFC 6749 §4.1.1, OAuth 2.1 §4.1.1) and its answer (§4.1.2, RFC 9207).

The order matters. The client and its redirect URI are established first; until then an error is
shown on a page, because redirecting would make this server a relay to wherever a stranger likes.
A request that passes becomes a pending row, which one browser may answer once within ten minutes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from authlib.common.urls import add_params_to_uri
from sqlalchemy import Row, insert, or_, select, update

from auth import codes, grants, redirects, tables
from auth.asking import Asked
from auth.clients import Client, mark_used
from auth.errors import AuthorizationRequestGone
from auth.grants import Grant
from auth.standing import standing
from core import audit
from core.db.work import Work
from core.operations.errors import NotAllowed, invalid

LIFETIME = timedelta(minutes=10)
requests = tables.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A request that waits for a person. Names are what the client says of itself: untrusted."""

    id: str
    client_id: str
    client_name: str
    client_host: str | None
    """The host that vouches for the client, when its id is a document there."""
    redirect_uri: str
    redirect_host: str
    """Where the browser will be sent: the one thing the client cannot make up."""
    loopback_only: bool
    """It lives on the person's own machine, where any program can claim to be it."""
    scopes: tuple[str, ...]
    resource: str
    prompt: str
    created_at: datetime
    expires_at: datetime


async def begin_authorization(work: Work, issuer: str, client: Client, asked: Asked) -> Pending:
    """Keep a request that `asking.read` found good, for the consent page to load."""
    pending_id = work.ids.new("arq")
    row = {
        "id": pending_id,
        "issuer": issuer,
        "client_id": client.id,
        "client_name": client.name,
        "redirect_uri": asked.redirect_uri,
        "loopback_only": all(map(redirects.is_loopback, client.redirect_uris)),
        "state": asked.state,
        "code_challenge": asked.code_challenge,
        "scopes": list(asked.scopes),
        "resource": asked.resource,
        "prompt": asked.prompt,
        "created_at": work.real_now,
        "expires_at": work.real_now + LIFETIME,
    }
    await work.execute(insert(requests), row)
    return await load_pending(work, pending_id)


async def load_pending(work: Work, pending_id: str) -> Pending:
    """Return a request that still waits. Raises AuthorizationRequestGone."""
    row = await _waiting(work, pending_id)
    host = urlsplit(row.client_id).hostname if row.client_id.startswith("https://") else None
    return Pending(
        id=row.id,
        client_id=row.client_id,
        client_name=row.client_name,
        client_host=host,
        redirect_uri=row.redirect_uri,
        redirect_host=redirects.host_of(row.redirect_uri),
        loopback_only=row.loopback_only,
        scopes=tuple(row.scopes),
        resource=row.resource,
        prompt=row.prompt,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


async def bind_pending(work: Work, pending_id: str, browser: bytes) -> None:
    """Tie the request to one browser, by a digest of its cookie. Raises AuthorizationRequestGone.

    The first browser that shows the request owns it. A link that somebody sends to another
    person, to have them approve it, is gone there.
    """
    tied = await work.execute(
        update(requests)
        .where(
            requests.c.id == pending_id,
            requests.c.decided_at.is_(None),
            requests.c.expires_at > work.real_now,
            or_(requests.c.browser.is_(None), requests.c.browser == browser),
        )
        .values(browser=browser)
    )
    if tied.rowcount != 1:
        raise AuthorizationRequestGone


async def grant(
    work: Work,
    pending_id: str,
    user_id: str,
    *,
    scopes: Collection[str],
    project_id: str | None = None,
    all_projects: bool = False,
) -> str:
    """Allow what was asked for, or part of it, and return the URL that takes the code back.

    The token is for one project where the person has a role, or for all projects, which only
    staff may choose. Raises AuthorizationRequestGone, InvalidRequest and NotAllowed.
    """
    row = await _decide(work, pending_id)
    chosen = tuple(each for each in row.scopes if each in scopes)
    if not chosen or len(chosen) != len(set(scopes)):
        raise invalid("scopes", "must be some of the scopes that were asked for")
    if (project_id is None) != all_projects:
        raise invalid("project_id", "is required, unless all projects are chosen")
    if await standing(work, user_id, project_id) is None:
        needed = "a platform role" if all_projects else "a role in the project"
        raise NotAllowed("authorize", needed)
    given = Grant(
        id=work.ids.new("gra"),
        user_id=user_id,
        client_id=row.client_id,
        client_name=row.client_name,
        project_id=project_id,
        scopes=chosen,
        resource=row.resource,
        created_at=work.real_now,
        last_used_at=work.real_now,
    )
    await grants.create(work, given)
    await mark_used(work, row.client_id)
    code = await codes.issue(
        work, given, redirect_uri=row.redirect_uri, code_challenge=row.code_challenge
    )
    details = {"client_id": row.client_id, "scopes": list(chosen), "resource": row.resource}
    await audit.record(grants.about(work, project_id), "authorization.granted", given.id, **details)
    work.record("granted", given.id)
    return back(row.redirect_uri, row.issuer, row.state, code=code)


async def deny(work: Work, pending_id: str) -> str:
    """Refuse the request, and return the URL that tells the client so (RFC 6749 §4.1.2.1)."""
    row = await _decide(work, pending_id)
    await audit.record(work, "authorization.denied", row.id, client_id=row.client_id)
    return back(row.redirect_uri, row.issuer, row.state, error="access_denied")


def back(redirect_uri: str, issuer: str, state: str | None, **answer: str) -> str:
    """Make the URL back to the client, with `iss` whatever the answer is (RFC 9207 §2)."""
    parameters = answer | ({} if state is None else {"state": state}) | {"iss": issuer}
    url: str = add_params_to_uri(redirect_uri, parameters)
    return url


async def _decide(work: Work, pending_id: str) -> Row[tuple[object, ...]]:
    """Take the request for good: of two answers at once, one finds it gone."""
    row = await _waiting(work, pending_id)
    taken = await work.execute(
        update(requests)
        .where(requests.c.id == pending_id, requests.c.decided_at.is_(None))
        .values(decided_at=work.real_now)
    )
    if taken.rowcount != 1:
        raise AuthorizationRequestGone
    return row


async def _waiting(work: Work, pending_id: str) -> Row[tuple[object, ...]]:
    try:
        rows = await work.execute(
            select(requests).where(
                requests.c.id == pending_id,
                requests.c.decided_at.is_(None),
                requests.c.expires_at > work.real_now,
            )
        )
        row = rows.one_or_none()
    except ValueError:
        row = None
    if row is None:
        raise AuthorizationRequestGone
    return row
