"""Authorization codes (RFC 6749 §4.1.2): one minute, one use, and a second use ends the family."""

from datetime import timedelta

from sqlalchemy import insert, select, update

from auth import grants, opaque, pkce, tables, tokens
from auth.errors import InvalidGrantError, OAuth2Error, invalid_target
from auth.grants import Grant
from core import audit
from core.db.work import Work

LIFETIME = timedelta(seconds=60)
codes = tables.codes


async def issue(work: Work, grant: Grant, *, redirect_uri: str, code_challenge: str) -> str:
    code = tokens.new_secret(tokens.CODE_PREFIX)
    row = {
        "hash": opaque.hash_of(code),
        "grant_id": grant.id,
        "redirect_uri": redirect_uri,
        "code_challenge": code_challenge,
        "created_at": work.real_now,
        "expires_at": work.real_now + LIFETIME,
    }
    await work.execute(insert(codes), row)
    return code


async def redeem(
    work: Work,
    code: str,
    *,
    client_id: str,
    verifier: str | None,
    redirect_uri: str | None,
    resource: str | None,
) -> Grant | OAuth2Error:
    """Redeem the code for its grant, or say why not.

    An error is returned, not raised, when what was written must be kept: a code that comes twice
    has been stolen from somebody, and whichever of the two came first, its tokens end here
    (RFC 6749 §4.1.2, OAuth 2.1 §4.1.3). A wrong verifier does not use the code up: whoever
    intercepts a code could otherwise deny it to its owner, and cannot guess 256 bits in a minute.
    """
    found = await work.execute(select(codes).where(codes.c.hash == opaque.hash_of(code)))
    row = found.one_or_none()
    if row is None:
        return InvalidGrantError("The code is unknown.")
    grant = await grants.lock(work, row.grant_id)
    if grant.client_id != client_id:
        return InvalidGrantError("The code was issued to another client.")
    work = grants.about(work, grant.project_id)
    if not await _take(work, row.hash):
        await grants.revoke(work, grant.id, "code_reused")
        return InvalidGrantError("The code was used before; its tokens are revoked.")
    if row.expires_at <= work.real_now or grant.revoked_at is not None:
        return InvalidGrantError("The code has expired.")
    # From here a refusal is raised and gives the code back, with the unit that took it.
    pkce.verify(verifier, row.code_challenge)
    if redirect_uri is not None and redirect_uri != row.redirect_uri:
        raise InvalidGrantError("redirect_uri is not the one the code was sent to.")
    if resource is not None and resource != grant.resource:
        raise invalid_target()
    await audit.record(work, "token.issued", grant.id, by="authorization_code")
    return grant


async def _take(work: Work, code_hash: bytes) -> bool:
    """Mark the code used; only one of any number of racing requests gets True."""
    taken = await work.execute(
        update(codes)
        .where(codes.c.hash == code_hash, codes.c.redeemed_at.is_(None))
        .values(redeemed_at=work.real_now)
    )
    return taken.rowcount == 1
