"""Who is calling: tokens, keys and sessions become callers, and whoami tells them who they are."""

from datetime import timedelta
from typing import Any

import pytest

from auth import grants, keys, sessions, tokens, whoami
from auth.grants import Grant
from auth.identity import Identity
from auth.people import People
from auth.refusals import CredentialExpired, CredentialMissing, CredentialRevoked, WrongAudience
from auth.users import User
from core.kernel.caller import ANONYMOUS, SYSTEM, Caller, CallerKind, PlatformRole, Role
from core.operations import Unauthenticated
from core.operations.perform import Call
from tests.auth.browser import Browser, add_user
from tests.auth.test_consent import add_project
from tests.world import World

pytestmark = pytest.mark.anyio

MCP = "http://127.0.0.1:8000/mcp"
API = "http://127.0.0.1:8000/v1"


async def who(world: World, caller: Caller) -> dict[str, Any]:
    call = Call(caller=caller, arguments={}, door="test")
    return (await world.gate.perform(whoami.whoami, call)).unwrap()


async def give_token(people: People, user: User, project_id: str) -> tuple[str, str]:
    """Give a program a token for the MCP endpoint; return it and its grant."""
    async with people.database.begin(SYSTEM) as work:
        grant = Grant(
            id=work.ids.new("gra"),
            user_id=user.id,
            client_id="cli_program",
            client_name="A program",
            project_id=project_id,
            scopes=("wallets:write",),
            resource=MCP,
            created_at=work.now,
            last_used_at=work.now,
        )
        await grants.create(work, grant)
        issued = await tokens.issue_access(
            work,
            client_id=grant.client_id,
            grant_id=grant.id,
            scopes=grant.scopes,
            resource=grant.resource,
        )
    return issued.access_token, grant.id


async def test_nothing_presented_is_nobody_and_is_refused_where_somebody_is_needed(
    world: World,
) -> None:
    identity = Identity(world.database)
    assert await identity({}, MCP) == ANONYMOUS
    with pytest.raises(CredentialMissing):
        await identity.require({}, MCP)


async def test_a_token_is_good_for_its_own_resource_and_no_other(people: People) -> None:
    ada = await add_user(people)
    project = await add_project(people, ada)
    token, _ = await give_token(people, ada, project)
    identity, headers = Identity(people.database), {"authorization": f"bearer {token}"}
    caller = await identity(headers, MCP)
    assert (caller.kind, caller.user_id, caller.role) == (CallerKind.AGENT, ada.id, Role.OWNER)
    with pytest.raises(WrongAudience):
        await identity(headers, API)


async def test_a_revoked_grant_and_an_expired_token_are_refused(
    people: People, world: World
) -> None:
    ada = await add_user(people)
    project = await add_project(people, ada)
    identity = Identity(people.database)
    first, grant_id = await give_token(people, ada, project)
    second, _ = await give_token(people, ada, project)
    for token in (first, second):
        assert (await identity({"authorization": f"Bearer {token}"}, MCP)).project_id == project
    async with people.database.begin(SYSTEM) as work:
        await grants.revoke(work, grant_id, "test")
    with pytest.raises(CredentialRevoked):
        await identity({"authorization": f"Bearer {first}"}, MCP)
    world.clock.advance(tokens.ACCESS_LIFETIME)
    with pytest.raises(CredentialExpired):
        await identity({"authorization": f"Bearer {second}"}, MCP)


async def test_every_refusal_is_an_unauthenticated_that_says_what_to_do(world: World) -> None:
    identity = Identity(world.database)
    seen = set()
    for headers in ({"authorization": "Basic x"}, {"x-api-key": keys.new_key("bsk_")}):
        with pytest.raises(Unauthenticated) as refusal:
            await identity(headers, MCP)
        assert refusal.value.code == "unauthenticated"
        seen.add(str(refusal.value))
    assert len(seen) == 2


async def test_a_session_is_a_person_with_every_scope_and_their_platform_role(
    people: People, browser: Browser
) -> None:
    await add_user(people, "op@example.com", platform_role=PlatformRole.AUDITOR)
    await browser.sign_in("op@example.com")
    assert browser.cookie
    identity = Identity(people.database)
    caller = await identity.person({sessions.PLAIN_COOKIE: browser.cookie})
    assert (caller.kind, caller.platform_role) == (CallerKind.USER, PlatformRole.AUDITOR)
    assert await identity.person({sessions.PLAIN_COOKIE: "another"}) == ANONYMOUS
    assert await identity.person({}) == ANONYMOUS


async def test_whoami_tells_an_agent_its_person_project_role_and_scopes(
    people: People, world: World
) -> None:
    ada = await add_user(people)
    project = await add_project(people, ada)
    await add_project(people, ada, "Second")
    token, _ = await give_token(people, ada, project)
    caller = await Identity(people.database)({"authorization": f"Bearer {token}"}, MCP)
    assert await who(world, caller) == {
        "kind": "agent",
        "subject": caller.subject,
        "user": {"id": ada.id, "email": "ada@example.com", "name": "Ada"},
        "client": {"id": "cli_program", "name": "A program"},
        "key": None,
        "project": {"id": project, "name": "Acme", "role": "owner"},
        "role": "owner",
        "platform_role": None,
        "scopes": ["wallets:read", "wallets:write"],
        "memberships": [],
        "expires_at": None,
        "livemode": False,
        "server_time": "2026-11-20T09:00:00Z",
    }


async def test_whoami_tells_a_key_that_it_is_old(people: People, world: World) -> None:
    ada = await add_user(people)
    project = await add_project(people, ada)
    async with people.database.begin(SYSTEM) as work:
        _, secret = await keys.create_key(
            work.within(project),
            name="backend",
            role="member",
            scopes=["metering:write"],
            expires_at=work.now + timedelta(days=365),
        )
    world.clock.advance(days=91)
    identity = Identity(people.database)
    told = await who(world, await identity({"x-api-key": secret}, API))
    await identity.last_used.settle()
    assert told["key"]["warning"] == (
        "This key's secret is 91 days old. Replace it with rotate_api_key."
    )
    assert told["expires_at"] == "2027-11-20T09:00:00Z"
    assert told["project"] == {"id": project, "name": "Acme", "role": "member"}


async def test_whoami_tells_a_person_where_they_are_a_member(
    people: People, browser: Browser, world: World
) -> None:
    ada = await add_user(people)
    project = await add_project(people, ada)
    await browser.sign_in()
    assert browser.cookie
    caller = await Identity(people.database).person({sessions.PLAIN_COOKIE: browser.cookie})
    told = await who(world, caller)
    assert told["project"] is None
    assert told["memberships"] == [{"id": project, "name": "Acme", "role": "owner"}]


async def test_whoami_is_for_whoever_can_say_who_they_are(world: World) -> None:
    with pytest.raises(Unauthenticated):
        await who(world, ANONYMOUS)
