"""Who is the client? (RFC 6749 §2.3 and §3.2.1.) One way of proving it at a time.

Endpoints call `authenticate` before they open their own unit of work: it may have to fetch a
document, and a used assertion must stay used whatever comes of the request.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from joserfc.jwk import KeySet

from auth import assertions, cimd, client_metadata, clients, opaque
from auth.clients import Client
from auth.errors import InvalidRequestError, OAuth2Error, invalid_client
from auth.fetching import DocumentUnavailable
from auth.parameters import Parameters
from auth.server import AuthServer, caller_of

_SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What came with the request, believed by nobody yet."""

    client_id: str
    secret: str | None = None
    assertion: str | None = None


def read_credentials(authorization: str | None, form: Parameters) -> Credentials:
    """Find the client's id and its one proof. More than one proof is refused (RFC 6749 §2.3)."""
    basic = _basic(authorization) if authorization else None
    assertion = form.get("client_assertion")
    secret = form.get("client_secret")
    if sum(each is not None for each in (basic, assertion, secret)) > 1:
        raise InvalidRequestError("Use one way of client authentication.")
    if basic is not None:
        if form.get("client_id") not in {None, basic.client_id}:
            raise InvalidRequestError("client_id differs from the one that is authenticated.")
        return basic
    if assertion is not None:
        if form.get("client_assertion_type") != assertions.ASSERTION_TYPE:
            raise InvalidRequestError("client_assertion_type is not supported.")
        claimed = assertions.claimed_client_id(assertion)
        if claimed is None or form.get("client_id") not in {None, claimed}:
            raise invalid_client()
        return Credentials(claimed, assertion=assertion)
    return Credentials(form.require("client_id"), secret=secret)


def _basic(authorization: str) -> Credentials:
    """RFC 6749 §2.3.1: both parts are form-encoded before they are joined by a colon."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        decoded = ""
    name, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon or not name:
        raise invalid_client()
    return Credentials(unquote_plus(name), secret=unquote_plus(secret))


async def find_client(server: AuthServer, client_id: str) -> Client | None:
    """Look the client up wherever it may be known. No unit of work may be open: this may fetch."""
    if len(client_id) > 300 or "\x00" in client_id:
        return None
    if not clients.is_document_id(client_id):
        async with server.database.read(caller_of(client_id)) as work:
            return await clients.find(work, client_id)
    async with server.database.read(caller_of(client_id)) as work:
        if await clients.is_shut_out(work, client_id):
            return None
    try:
        return await cimd.find(server, client_id)
    except (DocumentUnavailable, OAuth2Error):
        return None


async def authenticate(server: AuthServer, authorization: str | None, form: Parameters) -> Client:
    """Return the client that sent this, proven in the way it registered. Raises invalid_client."""
    given = read_credentials(authorization, form)
    client = await find_client(server, given.client_id)
    if client is None:
        raise invalid_client()
    if client.auth_method in _SECRET_METHODS:
        # Header or body is a matter of transport: the secret is the same, so either is accepted.
        _check_secret(client, given.secret)
    elif client.auth_method == "private_key_jwt":
        await _check_assertion(server, client, given.assertion)
    elif given.secret is not None or given.assertion is not None:
        raise invalid_client()
    return client


def _check_secret(client: Client, secret: str | None) -> None:
    if secret is None or client.secret_hash is None:
        raise invalid_client()
    if not hmac.compare_digest(opaque.hash_of(secret), client.secret_hash):
        raise invalid_client()


async def _check_assertion(server: AuthServer, client: Client, assertion: str | None) -> None:
    if assertion is None:
        raise invalid_client()
    keys = await _keys_of(server, client)
    now = server.database.clock.now()
    claims = assertions.read(
        assertion, keys, client_id=client.id, settings=server.settings, now=now
    )
    async with server.database.begin(caller_of(client.id)) as work:
        await assertions.use_up(work, client.id, claims)


async def _keys_of(server: AuthServer, client: Client) -> KeySet:
    try:
        jwks: Mapping[str, object] = client.jwks or await cimd.get_json(
            server, client.jwks_uri or "", client_metadata.public_keys
        )
        return client_metadata.public_keys(jwks)
    except (DocumentUnavailable, OAuth2Error):
        raise invalid_client() from None
