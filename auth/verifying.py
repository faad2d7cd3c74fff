"""From an access token to the `Caller` it stands for (RFC 6750, RFC 8707 §2).

Nothing is in the token itself: all of it is looked up, and `auth.identity` believes it for at most
a second. A token that was revoked, a member who was removed and a person who was disabled are out
at once in the process where that was done, and within a second in every other.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from auth import clients, grants, opaque, resources, tables
from auth.grants import Grant
from auth.refusals import CredentialExpired, CredentialRevoked, WrongAudience
from auth.standing import standing
from core.db.work import Work
from core.kernel.caller import Caller, CallerKind
from core.kernel.ids import derived


@dataclass(frozen=True, slots=True)
class LiveToken:
    """An access token that is good now, with who it stands for."""

    caller: Caller
    resource: str
    created_at: datetime
    expires_at: datetime


async def verify(work: Work, token: str, resource: str) -> Caller:
    """Return who calls with this token at the URL `resource`. Raises Unauthenticated.

    The token must have been issued for that URL or one above it: a token for the HTTP API is
    worth nothing at the MCP endpoint, and one for another server is worth nothing at all.
    """
    live = await find_live(work, token)
    if not resources.covers(live.resource, resource):
        raise WrongAudience
    return live.caller


async def find_live(work: Work, token: str) -> LiveToken:
    """Return the holder of a token that is good now. Raises Unauthenticated, with the reason."""
    kept = tables.access_tokens
    found = await work.execute(select(kept).where(kept.c.hash == opaque.hash_of(token)))
    row = found.one_or_none()
    if row is None or row.revoked_at is not None:
        raise CredentialRevoked
    if row.expires_at <= work.real_now:
        raise CredentialExpired
    scopes = frozenset(row.scopes)
    if row.grant_id is None:
        caller = await _service(work, row.client_id, scopes)
    else:
        caller = await _agent(work, await grants.find(work, row.grant_id), scopes)
    if caller is None:
        raise CredentialRevoked
    return LiveToken(caller, row.resource, row.created_at, row.expires_at)


async def _agent(work: Work, grant: Grant, scopes: frozenset[str]) -> Caller | None:
    """A program that acts for a person, with no more than the person may do now.

    Its subject stays the same when the person signs in again, so that a call repeated with its
    idempotency key after that is still the same call.
    """
    if grant.revoked_at is not None:
        return None
    place = await standing(work, grant.user_id, grant.project_id)
    if place is None:
        return None
    return Caller(
        kind=CallerKind.AGENT,
        subject=derived("agt", grant.user_id, grant.client_id),
        project_id=grant.project_id,
        role=place.role,
        platform_role=place.platform_role,
        scopes=scopes,
        user_id=grant.user_id,
        client_id=grant.client_id,
        label=grant.client_name,
    )


async def _service(work: Work, client_id: str, scopes: frozenset[str]) -> Caller | None:
    client = await clients.find(work, client_id)
    if client is None:
        return None
    return Caller(
        kind=CallerKind.SERVICE,
        subject=client.id,
        project_id=client.project_id,
        role=client.role,
        platform_role=client.platform_role,
        scopes=scopes & frozenset(client.scopes),
        client_id=client.id,
        label=client.name,
    )
