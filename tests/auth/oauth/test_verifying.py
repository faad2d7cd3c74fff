"""RFC 6750 and RFC 8707: what an access token is worth, and where, and for how long."""

import pytest
from sqlalchemy import select

from auth import clients, grants, users
from auth.refusals import CredentialExpired, CredentialRevoked, WrongAudience
from core.db.schema import metadata
from core.kernel.caller import SYSTEM, CallerKind, PlatformRole, Role
from tests.auth.oauth.program import ISSUER, MCP, Oauth

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("granted", "used"),
    [
        (MCP, MCP),
        (MCP, f"{MCP}/readonly"),
        (MCP, f"{MCP}/x/wallets"),
        (f"{MCP}/", MCP),
        ("HTTPS://BURSAR.test/mcp", MCP),
        (f"{MCP}/readonly", f"{MCP}/readonly"),
        (f"{ISSUER}/v1", f"{ISSUER}/v1"),
    ],
)
async def test_a_token_is_good_where_it_was_issued_for_and_below(
    oauth: Oauth, granted: str, used: str
) -> None:
    """RFC 8707 §2."""
    _, tokens = await oauth.sign_in_for(granted)

    assert (await oauth.caller(tokens["access_token"], used)).user_id == oauth.user_id


@pytest.mark.parametrize(
    ("granted", "used"),
    [
        (MCP, f"{ISSUER}/v1"),
        (f"{ISSUER}/v1", MCP),
        (f"{MCP}/readonly", MCP),
        (MCP, f"{MCP}x"),
        (MCP, "https://elsewhere.example/mcp"),
    ],
)
async def test_a_token_is_good_nowhere_else(oauth: Oauth, granted: str, used: str) -> None:
    """RFC 8707 §2, RFC 9068 §4."""
    _, tokens = await oauth.sign_in_for(granted)

    with pytest.raises(WrongAudience):
        await oauth.caller(tokens["access_token"], used)


async def test_an_access_token_lasts_fifteen_minutes(oauth: Oauth) -> None:
    _, tokens = await oauth.sign_in()
    oauth.world.clock.advance(minutes=14, seconds=59)
    await oauth.caller(tokens["access_token"])

    oauth.world.clock.advance(seconds=1)

    with pytest.raises(CredentialExpired):
        await oauth.caller(tokens["access_token"])


@pytest.mark.parametrize("token", ["bua_unknown", "", "bua_", "'; drop table auth_users; --"])
async def test_what_was_never_issued_is_refused(oauth: Oauth, token: str) -> None:
    with pytest.raises(CredentialRevoked):
        await oauth.caller(token)


async def test_a_refresh_token_opens_nothing(oauth: Oauth) -> None:
    _, tokens = await oauth.sign_in()

    with pytest.raises(CredentialRevoked):
        await oauth.caller(tokens["refresh_token"])


async def test_a_removed_member_is_out_with_the_next_call(oauth: Oauth) -> None:
    _, tokens = await oauth.sign_in()
    await oauth.leave()

    with pytest.raises(CredentialRevoked):
        await oauth.caller(tokens["access_token"])


async def test_a_disabled_person_is_out_with_the_next_call(oauth: Oauth) -> None:
    _, tokens = await oauth.sign_in()
    async with oauth.world.database.begin(SYSTEM) as work:
        await users.disable_user(work, oauth.user_id)

    with pytest.raises(CredentialRevoked):
        await oauth.caller(tokens["access_token"])


async def test_a_revoked_grant_is_out_with_the_next_call(oauth: Oauth) -> None:
    _, tokens = await oauth.sign_in()
    async with oauth.world.database.begin(SYSTEM) as work:
        [given] = await grants.list_for(work, oauth.user_id)
        assert await grants.revoke(work, given.id, "by_its_person")
        assert not await grants.revoke(work, given.id, "by_its_person")

    with pytest.raises(CredentialRevoked):
        await oauth.caller(tokens["access_token"])


async def test_a_revoked_client_is_out_and_cannot_come_back(oauth: Oauth) -> None:
    client_id, tokens = await oauth.sign_in()
    waiting = await oauth.pending(client_id)
    async with oauth.world.database.begin(SYSTEM) as work:
        assert await clients.revoke(work, client_id)

    with pytest.raises(CredentialRevoked):
        await oauth.caller(tokens["access_token"])
    assert (await oauth.refresh(client_id, tokens["refresh_token"])).status_code == 401
    assert (await oauth.ask(client_id)).status_code == 400
    with pytest.raises(Exception, match="expired or was already answered"):
        await oauth.allow(waiting)


async def test_staff_keep_their_platform_role_and_may_choose_all_projects(oauth: Oauth) -> None:
    async with oauth.world.database.begin(SYSTEM) as work:
        staff = await users.create_user(
            work, email="op@example.com", name="Op", platform_role=PlatformRole.OPERATOR
        )
    oauth.user_id = staff.id
    _, everywhere = await oauth.sign_in_for(MCP, project_id=None, all_projects=True)
    _, one = await oauth.sign_in_for(MCP)

    caller = await oauth.caller(everywhere["access_token"])
    assert (caller.project_id, caller.platform_role) == (None, PlatformRole.OPERATOR)
    caller = await oauth.caller(one["access_token"])
    assert (caller.project_id, caller.platform_role) == (oauth.project_id, PlatformRole.OPERATOR)
    assert caller.role is None


async def test_who_signs_in_again_with_the_same_program_is_the_same_caller(oauth: Oauth) -> None:
    """An idempotency key outlives the token it was first sent with."""
    client_id, first = await oauth.sign_in()
    second = (await oauth.redeem(client_id, await oauth.code(client_id))).json()
    _, other = await oauth.sign_in()

    subjects = [
        (await oauth.caller(tokens["access_token"])).subject for tokens in (first, second, other)
    ]
    assert subjects[0] == subjects[1] != subjects[2]


async def test_a_service_acts_with_the_role_it_has_now(oauth: Oauth) -> None:
    service_id, secret = await oauth.service()
    token = await oauth.service_token(service_id, secret)

    caller = await oauth.caller(token)
    assert (caller.kind, caller.subject) == (CallerKind.SERVICE, service_id)
    assert (caller.project_id, caller.role) == (oauth.project_id, Role.MEMBER)
    assert (caller.user_id, caller.platform_role) == (None, None)

    async with oauth.world.database.begin(SYSTEM) as work:
        assert await clients.revoke(work, service_id)
    with pytest.raises(CredentialRevoked):
        await oauth.caller(token)


async def test_no_secret_is_at_rest(oauth: Oauth) -> None:
    """RFC 6749 §10.3 to §10.5: whoever reads the database signs in as nobody."""
    registered = await oauth.register(token_endpoint_auth_method="client_secret_post")
    client_id, secret = registered["client_id"], registered["client_secret"]
    code = await oauth.code(client_id)
    tokens = (await oauth.redeem(client_id, code, client_secret=secret)).json()
    secrets = [secret, code, tokens["access_token"], tokens["refresh_token"]]

    async with oauth.world.database.read(SYSTEM) as work:
        rows = [
            repr(row)
            for table in metadata.sorted_tables
            for row in await work.execute(select(table))
        ]
    text = "\n".join(rows)
    assert client_id in text
    assert [each for each in secrets if each[4:20] in text] == []
