"""RFC 7662: what a token is worth, told to those it concerns."""

from typing import Any

import pytest

from core.kernel.caller import PlatformRole
from tests.auth.oauth.program import ISSUER, MCP, Oauth, basic

pytestmark = pytest.mark.anyio

INACTIVE = {"active": False}


async def introspect(oauth: Oauth, token: str, service_id: str, secret: str | None) -> Any:
    proof = basic(service_id, secret or "")
    response = await oauth.http.post("/oauth/introspect", data={"token": token}, headers=proof)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    return response.json()


async def test_a_service_learns_about_its_own_token(oauth: Oauth) -> None:
    """RFC 7662 §2.2."""
    service_id, secret = await oauth.service()
    token = await oauth.service_token(service_id, secret)
    now = int(oauth.world.clock.now().timestamp())

    assert await introspect(oauth, token, service_id, secret) == {
        "active": True,
        "scope": "metering:write wallets:read",
        "client_id": service_id,
        "token_type": "Bearer",
        "iss": ISSUER,
        "aud": MCP,
        "sub": service_id,
        "iat": now,
        "exp": now + 900,
        "project_id": oauth.project_id,
    }


async def test_a_token_of_another_is_told_to_staff_alone(oauth: Oauth) -> None:
    """RFC 7662 §4: token scanning."""
    _, tokens = await oauth.sign_in()
    token = tokens["access_token"]
    platform = {"project_id": None, "role": None, "platform_role": PlatformRole.AUDITOR}

    assert await introspect(oauth, token, *await oauth.service()) == INACTIVE
    told = await introspect(oauth, token, *await oauth.service(**platform))
    assert (told["active"], told["sub"]) == (True, oauth.user_id)


async def test_what_the_next_call_would_refuse_is_inactive(oauth: Oauth) -> None:
    """RFC 7662 §2.2."""
    platform = {"project_id": None, "role": None, "platform_role": PlatformRole.AUDITOR}
    staff = await oauth.service(**platform)
    _, expired = await oauth.sign_in()
    oauth.world.clock.advance(minutes=15)
    _, orphaned = await oauth.sign_in()
    await oauth.leave()

    for token in (
        expired["access_token"],
        orphaned["access_token"],
        orphaned["refresh_token"],
        "bua_unknown",
    ):
        assert await introspect(oauth, token, *staff) == INACTIVE


async def test_who_cannot_prove_itself_is_told_nothing(oauth: Oauth) -> None:
    """RFC 7662 §2.1."""
    client_id, tokens = await oauth.sign_in()
    form = {"client_id": client_id, "token": tokens["access_token"]}

    response = await oauth.http.post("/oauth/introspect", data=form)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
