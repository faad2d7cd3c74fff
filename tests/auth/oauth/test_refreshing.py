"""RFC 6749 §6 and RFC 9700 §4.14: refresh tokens rotate, and a second use ends the family."""

import asyncio
from collections import Counter

import pytest

from auth import users
from auth.refusals import CredentialRevoked
from core.kernel.caller import SYSTEM
from tests.auth.oauth.program import ISSUER, MCP, Oauth

pytestmark = pytest.mark.anyio


async def test_a_refresh_gives_a_new_pair_of_the_same_family(oauth: Oauth) -> None:
    """RFC 6749 §6."""
    client_id, first = await oauth.sign_in()
    oauth.world.clock.advance(days=29)

    second = (await oauth.refresh(client_id, first["refresh_token"], resource=MCP)).json()

    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"]
    caller = await oauth.caller(second["access_token"])
    assert (caller.client_id, caller.project_id) == (client_id, oauth.project_id)
    assert (await oauth.refresh(client_id, second["refresh_token"])).status_code == 200


async def test_a_used_refresh_token_ends_everything_that_came_of_it(oauth: Oauth) -> None:
    """RFC 9700 §4.14.2."""
    client_id, first = await oauth.sign_in()
    second = (await oauth.refresh(client_id, first["refresh_token"])).json()

    replayed = await oauth.refresh(client_id, first["refresh_token"])

    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
    for token in (first["access_token"], second["access_token"]):
        with pytest.raises(CredentialRevoked):
            await oauth.caller(token)
    newest = await oauth.refresh(client_id, second["refresh_token"])
    assert newest.json()["error"] == "invalid_grant"


async def test_of_ten_racing_with_one_refresh_token_at_most_one_gets_a_pair(oauth: Oauth) -> None:
    """RFC 9700 §4.14.2: and nobody keeps it, because one of the ten may be a thief."""
    client_id, first = await oauth.sign_in()

    responses = await asyncio.gather(
        *(oauth.refresh(client_id, first["refresh_token"]) for _ in range(10))
    )

    assert Counter(each.status_code for each in responses) == {200: 1, 400: 9}
    [won] = [each.json() for each in responses if each.status_code == 200]
    with pytest.raises(CredentialRevoked):
        await oauth.caller(won["access_token"])
    assert (await oauth.refresh(client_id, won["refresh_token"])).status_code == 400


async def test_another_family_of_the_same_person_lives_on(oauth: Oauth) -> None:
    client_id, first = await oauth.sign_in()
    _, other = await oauth.sign_in()
    await oauth.refresh(client_id, first["refresh_token"])
    await oauth.refresh(client_id, first["refresh_token"])

    assert (await oauth.caller(other["access_token"])).user_id == oauth.user_id


async def test_a_refresh_token_is_worth_nothing_to_another_client(oauth: Oauth) -> None:
    """RFC 6749 §6: and its owner does not suffer for the try."""
    client_id, tokens = await oauth.sign_in()
    thief, _ = await oauth.sign_in()

    stolen = await oauth.refresh(thief, tokens["refresh_token"])

    assert stolen.json()["error"] == "invalid_grant"
    assert (await oauth.refresh(client_id, tokens["refresh_token"])).status_code == 200


async def test_a_program_that_stays_away_for_thirty_days_signs_in_again(oauth: Oauth) -> None:
    client_id, tokens = await oauth.sign_in()
    oauth.world.clock.advance(days=30)

    response = await oauth.refresh(client_id, tokens["refresh_token"])

    assert response.json()["error"] == "invalid_grant"


async def test_a_refresh_may_ask_for_less_and_never_for_more(oauth: Oauth) -> None:
    """RFC 6749 §6: the family keeps what it was granted."""
    client_id, first = await oauth.sign_in()
    more = await oauth.refresh(client_id, first["refresh_token"], scope="wallets:read keys:read")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")

    less = (await oauth.refresh(client_id, first["refresh_token"], scope="wallets:read")).json()
    assert less["scope"] == "wallets:read"
    assert (await oauth.caller(less["access_token"])).scopes == {"wallets:read"}

    again = (await oauth.refresh(client_id, less["refresh_token"])).json()
    assert again["scope"] == first["scope"]


async def test_a_refresh_cannot_change_what_the_token_is_for(oauth: Oauth) -> None:
    """RFC 8707 §2.2."""
    client_id, tokens = await oauth.sign_in()

    response = await oauth.refresh(client_id, tokens["refresh_token"], resource=f"{ISSUER}/v1")

    assert response.json()["error"] == "invalid_target"


async def test_an_access_token_does_not_refresh(oauth: Oauth) -> None:
    client_id, tokens = await oauth.sign_in()

    response = await oauth.refresh(client_id, tokens["access_token"])

    assert response.json()["error"] == "invalid_grant"


async def test_who_lost_their_place_gets_no_new_tokens(oauth: Oauth) -> None:
    client_id, tokens = await oauth.sign_in()
    await oauth.leave()

    response = await oauth.refresh(client_id, tokens["refresh_token"])

    assert response.json()["error"] == "invalid_grant"


async def test_who_is_disabled_gets_no_new_tokens(oauth: Oauth) -> None:
    client_id, tokens = await oauth.sign_in()
    async with oauth.world.database.begin(SYSTEM) as work:
        await users.disable_user(work, oauth.user_id)

    response = await oauth.refresh(client_id, tokens["refresh_token"])

    assert response.json()["error"] == "invalid_grant"
