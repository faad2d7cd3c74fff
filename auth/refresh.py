"""Refresh tokens (RFC 6749 §6) that rotate: each works once, and a second use ends the family.

Strict on purpose, without a grace period: of two parties holding one refresh token, at least one
stole it, and nothing shows which (RFC 9700 §4.14.2). A program that sends the same refresh twice
at once signs in again, which costs a click; a thief who is given a grace period costs more.
"""

from sqlalchemy import select, update

from auth import grants, opaque, tables
from auth.errors import InvalidGrantError, InvalidScopeError, OAuth2Error, invalid_target
from auth.grants import Grant
from core import audit
from core.db.work import Work

refresh_tokens = tables.refresh_tokens


async def rotate(
    work: Work, token: str, *, client_id: str, scope: str | None, resource: str | None
) -> tuple[Grant, tuple[str, ...]] | OAuth2Error:
    """Use the token up, and return its grant with the scopes of the next access token.

    An error is returned where the revocation it caused must be kept, and raised where nothing was
    written. Narrower scopes may be asked for; the family keeps what it was granted.
    """
    found = await work.execute(
        select(refresh_tokens).where(refresh_tokens.c.hash == opaque.hash_of(token))
    )
    row = found.one_or_none()
    if row is None:
        raise InvalidGrantError("The refresh token is unknown.")
    grant = await grants.lock(work, row.grant_id)
    if grant.client_id != client_id:
        raise InvalidGrantError("The refresh token was issued to another client.")
    work = grants.about(work, grant.project_id)
    if grant.revoked_at is not None:
        raise InvalidGrantError("The refresh token is revoked.")
    if not await _take(work, row.hash):
        await grants.revoke(work, grant.id, "refresh_reused")
        return InvalidGrantError("The refresh token was used before; its family is revoked.")
    if row.expires_at <= work.real_now:
        raise InvalidGrantError("The refresh token has expired.")
    if resource is not None and resource != grant.resource:
        raise invalid_target()
    scopes = narrowed(grant.scopes, scope)
    await grants.touch(work, grant.id)
    await audit.record(work, "token.issued", grant.id, by="refresh_token")
    return grant, scopes


def narrowed(granted: tuple[str, ...], asked: str | None) -> tuple[str, ...]:
    """Return the scopes asked for, all of which must have been granted (RFC 6749 §6)."""
    if asked is None:
        return granted
    wanted = dict.fromkeys(asked.split())
    wanted.pop("offline_access", None)
    if not wanted or not wanted.keys() <= set(granted):
        raise InvalidScopeError("The scope goes beyond what was granted.")
    return tuple(wanted)


async def _take(work: Work, token_hash: bytes) -> bool:
    taken = await work.execute(
        update(refresh_tokens)
        .where(refresh_tokens.c.hash == token_hash, refresh_tokens.c.rotated_at.is_(None))
        .values(rotated_at=work.real_now)
    )
    return taken.rowcount == 1
