"""Token revocation (RFC 7009): a client gives back what it no longer needs.

Giving back a refresh token ends its whole family; giving back an access token ends that token. A
token that is unknown, or another client's, is answered like one that was revoked (§2.2), and so
nobody learns whether it exists.
"""

from sqlalchemy import select, update

from auth import grants, opaque, remembering, tables
from auth.clients import Client
from core import audit
from core.db.work import Work


async def give_back(work: Work, client: Client, token: str) -> None:
    """Revoke the token if it is the client's own."""
    token_hash = opaque.hash_of(token)
    if not await _refresh_family(work, client, token_hash):
        await _access_token(work, client, token_hash)


async def _refresh_family(work: Work, client: Client, token_hash: bytes) -> bool:
    kept = tables.refresh_tokens
    found = await work.execute(select(kept.c.grant_id).where(kept.c.hash == token_hash))
    grant_id = found.scalar_one_or_none()
    if grant_id is None:
        return False
    grant = await grants.lock(work, grant_id)
    if grant.client_id == client.id:
        about = grants.about(work, grant.project_id)
        await grants.revoke(about, grant_id, "given_back")
    return True


async def _access_token(work: Work, client: Client, token_hash: bytes) -> None:
    kept = tables.access_tokens
    ended = await work.execute(
        update(kept)
        .where(
            kept.c.hash == token_hash,
            kept.c.client_id == client.id,
            kept.c.revoked_at.is_(None),
        )
        .values(revoked_at=work.real_now)
        .returning(kept.c.grant_id)
    )
    if row := ended.one_or_none():
        work.after_commit(remembering.forget_all)
        await audit.record(work, "token.revoked", row.grant_id or client.id, by=client.id)
