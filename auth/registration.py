"""Dynamic client registration (RFC 7591): a program introduces itself and is given an id.

Anybody may do this, so it proves nothing: the consent page shows the name as a claim. A client
that is not let in by anybody within 30 days is forgotten.
"""

from dataclasses import replace
from typing import Any

import orjson

from auth import client_metadata, clients, opaque, tokens
from auth.client_metadata import ClientMetadata
from auth.clients import Client, ClientKind
from auth.errors import OAuth2Error, invalid_client_metadata
from auth.settings import AuthSettings
from core import audit
from core.db.work import Work
from core.kernel import cards

BYTES_MAX = 32_768


def read(body: bytes, settings: AuthSettings) -> ClientMetadata:
    """Read a registration request (RFC 7591 §3.1)."""
    try:
        members = orjson.loads(body) if len(body) <= BYTES_MAX and b"\\u0000" not in body else None
    except orjson.JSONDecodeError:
        members = None
    if not isinstance(members, dict):
        raise invalid_client_metadata("The body must be one JSON object, and not a large one.")
    if cards.sent(members):
        raise invalid_client_metadata("A member looks like a payment card number.")
    if members.get("software_statement"):
        # RFC 7591 §3.2.2: a statement we do not check must not look as if it counted.
        raise OAuth2Error(
            error="invalid_software_statement", description="Software statements are not accepted."
        )
    # RFC 7591 §2: what a client that leaves it out has asked for.
    default = {"token_endpoint_auth_method": "client_secret_basic"}
    given = {name: value for name, value in members.items() if value is not None}
    return client_metadata.read(default | given, settings)


async def register(work: Work, metadata: ClientMetadata) -> dict[str, Any]:
    """Store the client and return what it is told (RFC 7591 §3.2.1), its secret for the only time.

    A client that keeps no secret is given none.
    """
    secret = None
    client = clients.of_metadata(work.ids.new("cli"), ClientKind.REGISTERED, metadata)
    if metadata.token_endpoint_auth_method in {"client_secret_basic", "client_secret_post"}:
        secret = tokens.new_secret(tokens.CLIENT_PREFIX)
        client = replace(client, secret_hash=opaque.hash_of(secret))
    await clients.keep(work, client, forget_unused=True)
    await audit.record(work, "client.registered", client.id, name=client.name)
    work.record("registered", client.id)
    return _told(client, metadata, secret, int(work.real_now.timestamp()))


def _told(
    client: Client, metadata: ClientMetadata, secret: str | None, issued_at: int
) -> dict[str, Any]:
    told = {
        "client_id": client.id,
        "client_id_issued_at": issued_at,
        "client_name": metadata.client_name,
        "redirect_uris": metadata.redirect_uris,
        "grant_types": metadata.grant_types,
        "response_types": metadata.response_types,
        "token_endpoint_auth_method": metadata.token_endpoint_auth_method,
        "scope": " ".join(metadata.scopes) or None,
        "application_type": metadata.application_type,
        "jwks": metadata.jwks,
        "jwks_uri": metadata.jwks_uri,
    }
    if secret:
        told |= {"client_secret": secret, "client_secret_expires_at": 0}
    return {name: value for name, value in told.items() if value is not None}
