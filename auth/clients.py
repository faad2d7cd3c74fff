"""Clients: programs that may ask for tokens (RFC 6749 §2), by whichever way we know them.

registered   by themselves, over RFC 7591; forgotten when they are not used for 30 days
document     by a URL of theirs, which is their id; see `cimd.py`. Nothing is stored but a copy
service      by an operator, for client_credentials; acts for itself with the role it was given
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from auth import grants, opaque, remembering, tables, tokens
from auth.client_metadata import ClientMetadata, public_keys
from core import audit
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations.errors import invalid
from core.operations.scopes import SCOPES

UNUSED_LIFETIME = timedelta(days=30)
clients = tables.clients


class ClientKind(StrEnum):
    REGISTERED = "registered"
    DOCUMENT = "document"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    id: str
    kind: ClientKind
    name: str
    """Untrusted text for everyone but services."""
    redirect_uris: tuple[str, ...]
    auth_method: str
    secret_hash: bytes | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    scopes: tuple[str, ...] = ()
    """What it asks for when it names none; for a service, all that it may ask for."""
    project_id: str | None = None
    role: Role | None = None
    platform_role: PlatformRole | None = None

    @property
    def is_public(self) -> bool:
        """Tell whether it can keep no secret, so that anybody may claim to be it."""
        return self.auth_method == "none"


def of_metadata(client_id: str, kind: ClientKind, metadata: ClientMetadata) -> Client:
    return Client(
        id=client_id,
        kind=kind,
        name=metadata.client_name or "A program without a name",
        redirect_uris=tuple(metadata.redirect_uris),
        auth_method=metadata.token_endpoint_auth_method,
        jwks=metadata.jwks,
        jwks_uri=metadata.jwks_uri,
        scopes=metadata.scopes,
    )


def is_document_id(client_id: str) -> bool:
    """Tell whether the id is the URL of a document that describes the program (see `cimd`)."""
    return client_id.startswith("https://")


async def find(work: Work, client_id: str) -> Client | None:
    """Return a client of our own tables, unless it was revoked or has expired."""
    rows = await work.execute(
        select(clients).where(
            clients.c.id == client_id,
            clients.c.revoked_at.is_(None),
            or_(clients.c.expires_at.is_(None), clients.c.expires_at > work.real_now),
        )
    )
    row = rows.one_or_none()
    return _client(row) if row else None


async def is_shut_out(work: Work, client_id: str) -> bool:
    """Tell whether a program was revoked, wherever else it may be described."""
    query = select(clients.c.id).where(clients.c.id == client_id, clients.c.revoked_at.is_not(None))
    return (await work.execute(query)).first() is not None


async def keep(work: Work, client: Client, *, forget_unused: bool) -> None:
    """Store a client. `forget_unused` gives it 30 days to be used for the first time."""
    row = {
        "id": client.id,
        "kind": str(client.kind),
        "name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "auth_method": client.auth_method,
        "secret_hash": client.secret_hash,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "scopes": list(client.scopes),
        "project_id": client.project_id,
        "role": client.role and str(client.role),
        "platform_role": client.platform_role and str(client.platform_role),
        "created_at": work.real_now,
        "expires_at": work.real_now + UNUSED_LIFETIME if forget_unused else None,
    }
    await work.execute(insert(clients), row)


async def mark_used(work: Work, client_id: str) -> None:
    """Keep a client for good: a person has let it in."""
    used = update(clients).where(clients.c.id == client_id, clients.c.expires_at.is_not(None))
    await work.execute(used.values(expires_at=None))


async def register_service(
    work: Work,
    *,
    name: str,
    scopes: Sequence[str],
    project_id: str | None = None,
    role: Role | None = None,
    platform_role: PlatformRole | None = None,
    jwks: dict[str, Any] | None = None,
) -> tuple[str, str | None]:
    """Add a service that signs in by itself; return its id and, without keys, its secret, once.

    It has a role in one project, never owner, or a platform role. With `jwks` it signs
    assertions (private_key_jwt) and there is no secret that could leak.
    """
    if (role is None) == (platform_role is None) or (role is None) != (project_id is None):
        raise invalid("role", "must be a role in one project, or a platform role")
    if role is Role.OWNER:
        raise invalid("role", "must not be owner: people own projects")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise invalid("scopes", "must name one or more known scopes")
    if jwks is not None:
        public_keys(jwks)
    secret = None if jwks is not None else tokens.new_secret(tokens.CLIENT_PREFIX)
    client = Client(
        id=work.ids.new("svc"),
        kind=ClientKind.SERVICE,
        name=name,
        redirect_uris=(),
        auth_method="private_key_jwt" if secret is None else "client_secret_basic",
        secret_hash=opaque.hash_of(secret) if secret else None,
        jwks=jwks,
        scopes=tuple(dict.fromkeys(scopes)),
        project_id=project_id,
        role=role,
        platform_role=platform_role,
    )
    await keep(work, client, forget_unused=False)
    by_role = str(role or platform_role)
    await audit.record(work, "service.registered", client.id, role=by_role, scopes=[*client.scopes])
    work.record("registered", client.id)
    return client.id, secret


async def revoke(work: Work, client_id: str) -> bool:
    """Shut a program out: no new tokens, and those it has stop at once."""
    # Requests before clients before grants: the order in which a consent takes them.
    asked = tables.requests
    waiting = update(asked).where(asked.c.client_id == client_id, asked.c.decided_at.is_(None))
    await work.execute(waiting.values(decided_at=work.real_now))
    shut = update(clients).where(clients.c.id == client_id, clients.c.revoked_at.is_(None))
    known = (await work.execute(shut.values(revoked_at=work.real_now))).rowcount == 1
    if not known and is_document_id(client_id):
        known = await _shut_out_document(work, client_id)
    ended = await grants.revoke_client(work, client_id, "client_revoked")
    if known or ended:
        work.after_commit(remembering.forget_all)
        await audit.record(work, "client.revoked", client_id, grants=ended)
    return known


async def _shut_out_document(work: Work, client_id: str) -> bool:
    """Remember a program that lives elsewhere, so that its document lets it in no more."""
    row = {
        "id": client_id,
        "kind": str(ClientKind.DOCUMENT),
        "name": client_id[:120],
        "redirect_uris": [],
        "auth_method": "none",
        "scopes": [],
        "created_at": work.real_now,
        "revoked_at": work.real_now,
    }
    return await insert_if_absent(work, clients, row)


def _client(row: Row[Any]) -> Client:
    return Client(
        id=row.id,
        kind=ClientKind(row.kind),
        name=row.name,
        redirect_uris=tuple(row.redirect_uris),
        auth_method=row.auth_method,
        secret_hash=row.secret_hash,
        jwks=row.jwks,
        jwks_uri=row.jwks_uri,
        scopes=tuple(row.scopes),
        project_id=row.project_id,
        role=row.role and Role(row.role),
        platform_role=row.platform_role and PlatformRole(row.platform_role),
    )
