"""RFC 7009: giving tokens back."""

import httpx2
import pytest

from auth.refusals import CredentialRevoked
from tests.auth.oauth.program import Oauth, basic

pytestmark = pytest.mark.anyio


async def give_back(oauth: Oauth, client_id: str, token: str) -> httpx2.Response:
    form = {"client_id": client_id, "token": token, "token_type_hint": "refresh_token"}
    return await oauth.http.post("/oauth/revoke", data=form)


async def test_a_refresh_token_that_is_given_back_ends_its_family(oauth: Oauth) -> None:
    """RFC 7009 §2.1."""
    client_id, tokens = await oauth.sign_in()

    response = await give_back(oauth, client_id, tokens["refresh_token"])

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["cache-control"] == "no-store"
    with pytest.raises(CredentialRevoked):
        await oauth.caller(tokens["access_token"])
    assert (await oauth.refresh(client_id, tokens["refresh_token"])).status_code == 400
    assert "grant.revoked" in await oauth.told()


async def test_an_access_token_that_is_given_back_ends_alone(oauth: Oauth) -> None:
    """RFC 7009 §2.1: a wrong hint changes nothing."""
    client_id, tokens = await oauth.sign_in()

    assert (await give_back(oauth, client_id, tokens["access_token"])).status_code == 200

    with pytest.raises(CredentialRevoked):
        await oauth.caller(tokens["access_token"])
    assert (await oauth.refresh(client_id, tokens["refresh_token"])).status_code == 200
    assert "token.revoked" in await oauth.told()


async def test_what_is_unknown_or_anothers_is_answered_the_same_and_lives_on(
    oauth: Oauth,
) -> None:
    """RFC 7009 §2.2: nobody learns whether a token exists."""
    client_id, tokens = await oauth.sign_in()
    thief, _ = await oauth.sign_in()

    answers = [
        await give_back(oauth, thief, token)
        for token in ("bua_unknown", tokens["access_token"], tokens["refresh_token"])
    ]

    assert {(each.status_code, each.content) for each in answers} == {(200, b"")}
    assert (await oauth.caller(tokens["access_token"])).client_id == client_id
    assert (await oauth.refresh(client_id, tokens["refresh_token"])).status_code == 200


async def test_a_client_with_a_secret_needs_it_to_give_back(oauth: Oauth) -> None:
    """RFC 7009 §2.1."""
    service_id, secret = await oauth.service()
    token = await oauth.service_token(service_id, secret)
    assert (await give_back(oauth, service_id, token)).status_code == 401

    proof = basic(service_id, secret or "")
    await oauth.http.post("/oauth/revoke", data={"token": token}, headers=proof)

    with pytest.raises(CredentialRevoked):
        await oauth.caller(token)


async def test_a_request_without_a_token_is_refused(oauth: Oauth) -> None:
    """RFC 7009 §2.2.1."""
    client_id, _ = await oauth.sign_in()

    assert (await give_back(oauth, client_id, "")).json()["error"] == "invalid_request"
