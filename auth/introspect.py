"""Token introspection (RFC 7662): what a token is worth, told to those it concerns.

Only clients that can prove themselves may ask, about their own tokens; staff services may ask
about any. Every other token is answered as inactive, which tells nothing (§2.2).
"""

from typing import Any

from auth.clients import Client
from auth.errors import invalid_client
from auth.settings import AuthSettings
from auth.verifying import LiveToken, find_live
from core.db.work import Work
from core.operations import Unauthenticated

INACTIVE = {"active": False}


async def introspect(
    work: Work, settings: AuthSettings, client: Client, token: str
) -> dict[str, Any]:
    """Tell about an access token what the next call with it would find."""
    if client.is_public:
        raise invalid_client()
    try:
        live = await find_live(work, token)
    except Unauthenticated:
        return INACTIVE
    if client.platform_role is None and live.caller.client_id != client.id:
        return INACTIVE
    return _told(settings, live)


def _told(settings: AuthSettings, live: LiveToken) -> dict[str, Any]:
    caller = live.caller
    told = {
        "active": True,
        "scope": " ".join(sorted(caller.scopes)),
        "client_id": caller.client_id,
        "token_type": "Bearer",
        "iss": settings.issuer,
        "aud": live.resource,
        "sub": caller.user_id or caller.client_id,
        "iat": int(live.created_at.timestamp()),
        "exp": int(live.expires_at.timestamp()),
    }
    return told | ({"project_id": caller.project_id} if caller.project_id else {})
