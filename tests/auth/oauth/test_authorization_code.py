"""RFC 6749 §4.1 with OAuth 2.1 §4.1, RFC 7636 and RFC 9207: from the request to the tokens."""

import asyncio
from collections import Counter

import pytest

from auth import authorize, grants
from auth.errors import AuthorizationRequestGone
from auth.refusals import CredentialRevoked
from core.kernel.caller import SYSTEM, CallerKind, Role
from core.operations import InvalidRequest, NotAllowed
from tests.auth.oauth.program import CALLBACK, ISSUER, MCP, SCOPE, Oauth, answer

pytestmark = pytest.mark.anyio


async def test_a_program_that_is_allowed_gets_tokens_for_the_chosen_project(oauth: Oauth) -> None:
    """RFC 6749 §5.1."""
    client_id = (await oauth.register())["client_id"]
    where = await oauth.allow(await oauth.pending(client_id))
    response = await oauth.redeem(client_id, answer(where)["code"])

    assert where.startswith(CALLBACK)
    assert (answer(where)["state"], answer(where)["iss"]) == ("a state", ISSUER)  # RFC 9207 §2
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert sorted(body["scope"].split()) == sorted(SCOPE.split())

    caller = await oauth.caller(body["access_token"])
    assert (caller.kind, caller.project_id) == (CallerKind.AGENT, oauth.project_id)
    assert (caller.role, caller.platform_role) == (Role.OWNER, None)
    assert (caller.user_id, caller.client_id) == (oauth.user_id, client_id)
    assert caller.scopes == set(SCOPE.split())


async def test_every_step_is_in_the_trail(oauth: Oauth) -> None:
    await oauth.sign_in()

    told = await oauth.told()
    assert [
        each for each in told if each.split(".")[0] in {"client", "authorization", "token"}
    ] == [
        "client.registered",
        "authorization.granted",
        "token.issued",
    ]


async def test_a_code_works_once_and_its_second_use_ends_its_tokens(oauth: Oauth) -> None:
    """RFC 6749 §4.1.2."""
    client_id = (await oauth.register())["client_id"]
    code = await oauth.code(client_id)
    first = await oauth.redeem(client_id, code)
    await oauth.caller(first.json()["access_token"])

    second = await oauth.redeem(client_id, code)

    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    with pytest.raises(CredentialRevoked):
        await oauth.caller(first.json()["access_token"])
    again = await oauth.refresh(client_id, first.json()["refresh_token"])
    assert again.json()["error"] == "invalid_grant"
    assert "grant.revoked" in await oauth.told()


async def test_of_ten_racing_to_redeem_one_code_exactly_one_gets_tokens(oauth: Oauth) -> None:
    """RFC 6749 §4.1.2: and the other nine show that the code was seen, so those end too."""
    client_id = (await oauth.register())["client_id"]
    code = await oauth.code(client_id)

    responses = await asyncio.gather(*(oauth.redeem(client_id, code) for _ in range(10)))

    assert Counter(each.status_code for each in responses) == {200: 1, 400: 9}
    [won] = [each for each in responses if each.status_code == 200]
    with pytest.raises(CredentialRevoked):
        await oauth.caller(won.json()["access_token"])


async def test_a_code_is_worth_nothing_after_a_minute(oauth: Oauth) -> None:
    """RFC 6749 §4.1.2."""
    client_id = (await oauth.register())["client_id"]
    code = await oauth.code(client_id)
    oauth.world.clock.advance(seconds=60)

    response = await oauth.redeem(client_id, code)

    assert response.json()["error"] == "invalid_grant"


async def test_a_code_is_worth_nothing_to_another_client_and_stays_good(oauth: Oauth) -> None:
    """RFC 6749 §4.1.3."""
    client_id = (await oauth.register())["client_id"]
    thief = (await oauth.register(client_name="Thief"))["client_id"]
    code = await oauth.code(client_id)

    stolen = await oauth.redeem(thief, code)

    assert stolen.json()["error"] == "invalid_grant"
    assert (await oauth.redeem(client_id, code)).status_code == 200


MISFITS: list[tuple[dict[str, str], str]] = [
    ({"code_verifier": "another-verifier-that-is-also-long-enough-to-be-one"}, "invalid_grant"),
    ({"code_verifier": "short"}, "invalid_grant"),
    ({"code_verifier": ""}, "invalid_request"),
    ({"redirect_uri": "https://program.example/other"}, "invalid_grant"),
    ({"resource": f"{ISSUER}/v1"}, "invalid_target"),
    ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
    ({"code": "buc_unknown"}, "invalid_grant"),
    ({"code": ""}, "invalid_request"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, "unauthorized_client"),
]


async def test_a_token_request_that_does_not_fit_its_code_is_refused_and_leaves_it_good(
    oauth: Oauth,
) -> None:
    """RFC 7636 §4.6, RFC 6749 §4.1.3 and §5.2, RFC 8707 §2.2."""
    client_id = (await oauth.register())["client_id"]
    code = await oauth.code(client_id)

    for change, error in MISFITS:
        response = await oauth.redeem(client_id, code, **change)
        assert (response.status_code, response.json()["error"]) == (400, error), change
        assert response.headers["cache-control"] == "no-store"
    assert (await oauth.redeem(client_id, code)).status_code == 200


async def test_a_request_is_answered_once_and_within_ten_minutes(oauth: Oauth) -> None:
    client_id = (await oauth.register())["client_id"]
    answered, late = await oauth.pending(client_id), await oauth.pending(client_id)
    await oauth.allow(answered)

    with pytest.raises(AuthorizationRequestGone):
        await oauth.allow(answered)
    oauth.world.clock.advance(minutes=10)
    with pytest.raises(AuthorizationRequestGone):
        await oauth.allow(late)


async def test_of_ten_racing_answers_to_one_request_exactly_one_counts(oauth: Oauth) -> None:
    pending_id = await oauth.pending((await oauth.register())["client_id"])

    answers = await asyncio.gather(
        *(oauth.allow(pending_id) for _ in range(10)), return_exceptions=True
    )

    assert sum(isinstance(each, str) for each in answers) == 1
    assert sum(isinstance(each, AuthorizationRequestGone) for each in answers) == 9


async def test_a_request_belongs_to_the_first_browser_that_shows_it(oauth: Oauth) -> None:
    """A link with somebody else's request in it must not collect a consent."""
    pending_id = await oauth.pending((await oauth.register())["client_id"])
    async with oauth.world.database.begin(SYSTEM) as work:
        await authorize.bind_pending(work, pending_id, b"a" * 32)
        await authorize.bind_pending(work, pending_id, b"a" * 32)

        with pytest.raises(AuthorizationRequestGone):
            await authorize.bind_pending(work, pending_id, b"b" * 32)


async def test_a_refused_program_is_told_so_and_by_whom(oauth: Oauth) -> None:
    """RFC 6749 §4.1.2.1 and RFC 9207 §2."""
    pending_id = await oauth.pending((await oauth.register())["client_id"])
    async with oauth.world.database.begin(SYSTEM) as work:
        where = await authorize.deny(work, pending_id)

    assert answer(where) == {"error": "access_denied", "state": "a state", "iss": ISSUER}
    assert "authorization.denied" in await oauth.told()


async def test_a_person_may_allow_less_than_was_asked_and_never_more(oauth: Oauth) -> None:
    """RFC 6749 §3.3."""
    client_id = (await oauth.register())["client_id"]
    where = await oauth.allow(await oauth.pending(client_id), scopes=["wallets:read"])
    response = await oauth.redeem(client_id, answer(where)["code"])
    assert response.json()["scope"] == "wallets:read"

    for scopes in (["wallets:read", "keys:write"], []):
        with pytest.raises(InvalidRequest):
            await oauth.allow(await oauth.pending(client_id), scopes=scopes)


async def test_a_person_cannot_give_away_what_they_do_not_have(oauth: Oauth) -> None:
    client_id = (await oauth.register())["client_id"]
    elsewhere = oauth.world.database.ids.new("prj")

    with pytest.raises(NotAllowed):
        await oauth.allow(await oauth.pending(client_id), project_id=elsewhere)
    with pytest.raises(NotAllowed):
        await oauth.allow(await oauth.pending(client_id), project_id=None, all_projects=True)


async def test_a_token_is_for_all_projects_only_when_that_was_chosen(oauth: Oauth) -> None:
    pending_id = await oauth.pending((await oauth.register())["client_id"])

    with pytest.raises(InvalidRequest):
        await oauth.allow(pending_id, project_id=None)


async def test_a_revoked_grant_ends_its_unredeemed_code(oauth: Oauth) -> None:
    """RFC 6749 §5.2."""
    client_id = (await oauth.register())["client_id"]
    code = await oauth.code(client_id)
    async with oauth.world.database.begin(SYSTEM) as work:
        await grants.revoke_all_of(work, oauth.user_id, "password_changed")

    assert (await oauth.redeem(client_id, code)).json()["error"] == "invalid_grant"


async def test_a_token_request_may_leave_out_what_oauth_2_1_no_longer_asks_for(
    oauth: Oauth,
) -> None:
    """OAuth 2.1 §10.2: redirect_uri at the token endpoint is compared only when it is sent."""
    client_id = (await oauth.register())["client_id"]
    code = await oauth.code(client_id)

    response = await oauth.redeem(client_id, code, redirect_uri="", resource="")

    assert response.status_code == 200
    assert (await oauth.caller(response.json()["access_token"], f"{MCP}/readonly")).client_id


async def test_a_database_that_is_away_is_told_as_busy_and_costs_nothing(
    oauth: Oauth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6749 §5.2 has no word for it; the code is good when the database is back."""
    client_id = (await oauth.register())["client_id"]
    code = await oauth.code(client_id)

    def away(database: object, caller: object) -> object:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(type(oauth.world.database), "begin", away)
        asked = await oauth.ask(client_id)
        redeemed = await oauth.redeem(client_id, code)

    assert (asked.status_code, redeemed.status_code) == (503, 503)
    assert redeemed.json() == {"error": "temporarily_unavailable"}
    assert redeemed.headers["retry-after"] == "1"
    assert (await oauth.redeem(client_id, code)).status_code == 200
