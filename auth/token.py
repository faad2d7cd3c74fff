"""The token endpoint (RFC 6749 §3.2): three grants, each answered in one unit of work."""

from dataclasses import replace

from auth import codes, grants, refresh, resources, tokens
from auth.clients import Client, ClientKind
from auth.errors import (
    InvalidGrantError,
    InvalidScopeError,
    OAuth2Error,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
)
from auth.grants import Grant
from auth.parameters import Parameters
from auth.server import AuthServer
from auth.standing import standing
from auth.tokens import Issued
from core import audit
from core.db.work import Work

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")


async def answer(
    work: Work, server: AuthServer, client: Client, sent: Parameters
) -> Issued | OAuth2Error:
    """Answer an authenticated token request.

    A refusal that wrote something worth keeping (a revoked family) is returned, so that the unit
    commits; every other refusal is raised, and the unit leaves nothing behind.
    """
    grant_type = sent.require("grant_type")
    if grant_type not in GRANT_TYPES:
        raise UnsupportedGrantTypeError(None)
    if (grant_type == "client_credentials") != (client.kind is ClientKind.SERVICE):
        raise UnauthorizedClientError("The client may not use this grant.")
    resource = resources.accepted(server.settings, sent.resources) if sent.resources else None
    if grant_type == "authorization_code":
        return await _by_code(work, client, sent, resource)
    if grant_type == "refresh_token":
        return await _by_refresh(work, client, sent, resource)
    return await _by_credentials(work, client, sent, resource or server.settings.resource)


async def _by_code(
    work: Work, client: Client, sent: Parameters, resource: str | None
) -> Issued | OAuth2Error:
    """RFC 6749 §4.1.3."""
    found = await codes.redeem(
        work,
        sent.require("code"),
        client_id=client.id,
        verifier=sent.get("code_verifier"),
        redirect_uri=sent.get("redirect_uri"),
        resource=resource,
    )
    return found if isinstance(found, OAuth2Error) else await _issue(work, found, found.scopes)


async def _by_refresh(
    work: Work, client: Client, sent: Parameters, resource: str | None
) -> Issued | OAuth2Error:
    """RFC 6749 §6."""
    found = await refresh.rotate(
        work,
        sent.require("refresh_token"),
        client_id=client.id,
        scope=sent.get("scope"),
        resource=resource,
    )
    return found if isinstance(found, OAuth2Error) else await _issue(work, *found)


async def _issue(work: Work, grant: Grant, scopes: tuple[str, ...]) -> Issued:
    """Make the pair, unless the person it acts for has no place there any more."""
    if await standing(work, grant.user_id, grant.project_id) is None:
        raise InvalidGrantError("The person no longer has access.")
    issued = await tokens.issue_access(
        work,
        client_id=grant.client_id,
        grant_id=grant.id,
        scopes=scopes,
        resource=grant.resource,
    )
    return replace(issued, refresh_token=await tokens.issue_refresh(work, grant.id))


async def _by_credentials(work: Work, client: Client, sent: Parameters, resource: str) -> Issued:
    """RFC 6749 §4.4: the service acts for itself, and needs no refresh token to ask again."""
    asked = sent.get("scope")
    wanted = set(asked.split()) if asked else set(client.scopes)
    if not wanted or not wanted <= set(client.scopes):
        raise InvalidScopeError("The scope goes beyond what the service may ask for.")
    scopes = tuple(scope for scope in client.scopes if scope in wanted)
    about = grants.about(work, client.project_id)
    await audit.record(about, "token.issued", client.id, by="client_credentials")
    return await tokens.issue_access(
        work, client_id=client.id, grant_id=None, scopes=scopes, resource=resource
    )
