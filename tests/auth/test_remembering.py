"""Whose a credential is is believed for a second, and not a moment longer than it is true here."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import update

from auth import clients, grants, remembering, revoke, tables, tokens, users
from auth.identity import Identity
from auth.people import People
from auth.refusals import CredentialExpired, CredentialRevoked, WrongAudience
from core import projects
from core.db.work import Database, Work
from core.kernel.caller import SYSTEM, Caller, Role
from core.projects import members
from tests.auth.browser import add_user
from tests.auth.test_consent import add_project
from tests.auth.test_identity import API, MCP, give_token
from tests.world import START, World

pytestmark = pytest.mark.anyio


@dataclass
class Watch:
    """The watch that memories go by, which waits for a test to move it."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(remembering, "stopwatch", watch)
    return watch


@dataclass
class Program:
    """A program with a token for one project, and who let it in."""

    database: Database
    identity: Identity
    token: str
    grant_id: str
    user_id: str
    project_id: str

    async def caller(self, resource: str = MCP) -> Caller:
        return await self.identity({"authorization": f"Bearer {self.token}"}, resource)

    async def change(self, how: Callable[[Work, "Program"], Awaitable[object]]) -> None:
        async with self.database.begin(SYSTEM) as unit:
            await how(unit.within(self.project_id), self)


@pytest.fixture
async def program(people: People, watch: Watch) -> Program:
    """A program of a member, whose token was just used."""
    ada = await add_user(people)
    project_id = await add_project(people, ada)
    bob = await add_user(people, "bob@example.com")
    async with people.database.begin(SYSTEM) as unit:
        await members.join(unit.within(project_id), bob.id, Role.ADMIN)
    token, grant_id = await give_token(people, bob, project_id)
    identity = Identity(people.database)
    made = Program(people.database, identity, token, grant_id, bob.id, project_id)
    assert (await made.caller()).role is Role.ADMIN
    return made


async def give_token_back(work: Work, program: Program) -> None:
    client = clients.Client(
        id="cli_program",
        kind=clients.ClientKind.REGISTERED,
        name="A program",
        redirect_uris=(),
        auth_method="none",
    )
    await revoke.give_back(work, client, program.token)


async def remove_member(work: Work, program: Program) -> None:
    member = await members.find_member(work, program.user_id)
    assert member
    await members.leave(work, member)


REVOCATIONS: dict[str, Callable[[Work, Program], Awaitable[object]]] = {
    "the token": give_token_back,
    "the grant": lambda work, the: grants.revoke(work, the.grant_id, "test"),
    "every grant": lambda work, the: grants.revoke_all_of(work, the.user_id, "test"),
    "the client": lambda work, the: clients.revoke(work, "cli_program"),
    "the membership": remove_member,
    "the person": lambda work, the: users.disable_user(work, the.user_id),
}


@pytest.mark.parametrize("how", REVOCATIONS.values(), ids=REVOCATIONS)
async def test_what_is_revoked_here_is_out_with_the_next_call(
    program: Program, how: Callable[[Work, Program], Awaitable[object]]
) -> None:
    await program.change(how)

    with pytest.raises(CredentialRevoked):
        await program.caller()


async def test_a_service_that_is_shut_out_here_is_out_with_the_next_call(program: Program) -> None:
    """It has no grant that would end with it."""
    async with program.database.begin(SYSTEM) as work:
        service_id, _ = await clients.register_service(
            work,
            name="Backend",
            scopes=("wallets:read",),
            project_id=program.project_id,
            role=Role.MEMBER,
        )
        issued = await tokens.issue_access(
            work, client_id=service_id, grant_id=None, scopes=("wallets:read",), resource=MCP
        )
    program.token = issued.access_token
    assert (await program.caller()).subject == service_id

    await program.change(lambda work, the: clients.revoke(work, service_id))

    with pytest.raises(CredentialRevoked):
        await program.caller()


async def test_a_role_that_was_changed_here_counts_with_the_next_call(program: Program) -> None:
    async def demote(work: Work, the: Program) -> None:
        await members.set_role(work, await _member(work, the), Role.VIEWER)

    await program.change(demote)

    assert (await program.caller()).role is Role.VIEWER


async def test_who_joins_here_may_call_at_once(program: Program) -> None:
    await program.change(remove_member)
    with pytest.raises(CredentialRevoked):
        await program.caller()

    await program.change(lambda work, the: members.join(work, the.user_id, Role.MEMBER))

    assert (await program.caller()).role is Role.MEMBER


async def _member(work: Work, program: Program) -> projects.Member:
    member = await members.find_member(work, program.user_id)
    assert member
    return member


async def elsewhere(program: Program) -> None:
    """Revoke as another process does: the row changes, and nobody here is told."""
    async with program.database.begin(SYSTEM) as work:
        kept = tables.access_tokens
        await work.execute(update(kept).values(revoked_at=work.now))


async def test_what_is_revoked_elsewhere_is_out_within_a_second(
    program: Program, watch: Watch
) -> None:
    await elsewhere(program)
    watch.seconds = remembering.SECONDS / 2
    assert (await program.caller()).user_id == program.user_id

    watch.seconds = remembering.SECONDS

    with pytest.raises(CredentialRevoked):
        await program.caller()


async def test_a_second_counts_from_when_it_was_asked_not_from_when_it_was_told(
    watch: Watch,
) -> None:
    memory: remembering.Memory[str] = remembering.Memory()
    asked = memory.asking()
    watch.seconds = 0.9
    memory.keep(b"key", "told late", expires_at=None, asked=asked)

    assert [memory.recall(b"key", START) for _ in range(2)] == [None, "told late"]
    watch.seconds = 1.0

    assert memory.recall(b"key", START) is None


async def test_a_busy_token_is_looked_up_again_by_one_caller_and_not_by_all(
    program: Program, watch: Watch
) -> None:
    await elsewhere(program)
    watch.seconds = remembering.SECONDS * 0.9

    with pytest.raises(CredentialRevoked):
        await program.caller()
    assert (await program.caller()).user_id == program.user_id

    watch.seconds = remembering.SECONDS
    with pytest.raises(CredentialRevoked):
        await program.caller()


async def test_what_is_revoked_during_a_look_up_is_not_remembered(watch: Watch) -> None:
    memory: remembering.Memory[str] = remembering.Memory()
    asked = memory.asking()
    remembering.forget_all()
    memory.keep(b"key", "old", expires_at=None, asked=asked)

    assert memory.recall(b"key", START) is None


async def test_a_remembered_token_ends_when_it_ends(program: Program, world: World) -> None:
    world.clock.advance(tokens.ACCESS_LIFETIME)

    with pytest.raises(CredentialExpired):
        await program.caller()


async def test_a_remembered_token_is_good_at_its_own_resource_only(program: Program) -> None:
    with pytest.raises(WrongAudience):
        await program.caller(API)

    assert (await program.caller(f"{MCP}/readonly")).user_id == program.user_id
    with pytest.raises(WrongAudience):
        await program.caller(API)


async def test_a_remembered_credential_costs_no_look_up(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(self: Database, caller: Caller, *, seconds: float = 0) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(Database, "read", never)

    assert (await program.caller()).user_id == program.user_id


async def test_all_who_ask_at_once_wait_for_one_look_up(watch: Watch) -> None:
    memory: remembering.Memory[str] = remembering.Memory()
    looked, may_end = 0, asyncio.Event()

    async def look_up() -> tuple[str, None]:
        nonlocal looked
        looked += 1
        await may_end.wait()
        return "found", None

    asking = [asyncio.create_task(memory.get(b"key", START, look_up)) for _ in range(10)]
    await asyncio.sleep(0)
    asking[0].cancel()
    may_end.set()
    found = await asyncio.gather(*asking, return_exceptions=True)

    assert (found[1:], looked) == (["found"] * 9, 1)
    assert isinstance(found[0], asyncio.CancelledError)


@pytest.mark.parametrize("meanwhile", ["a revocation", "a second"])
async def test_nobody_waits_for_an_answer_that_will_be_too_old(
    watch: Watch, meanwhile: str
) -> None:
    memory: remembering.Memory[str] = remembering.Memory()
    answers, may_end = iter(["old", "new"]), asyncio.Event()

    async def look_up() -> tuple[str, None]:
        answer = next(answers)
        await may_end.wait()
        return answer, None

    first = asyncio.create_task(memory.get(b"key", START, look_up))
    await asyncio.sleep(0)
    if meanwhile == "a revocation":
        remembering.forget_all()
    else:
        watch.seconds += remembering.SECONDS
    second = asyncio.create_task(memory.get(b"key", START, look_up))
    await asyncio.sleep(0)
    may_end.set()

    assert (await first, await second) == ("old", "new")
    assert memory.recall(b"key", START) == "new"


async def test_a_look_up_that_fails_is_made_again(watch: Watch) -> None:
    memory: remembering.Memory[str] = remembering.Memory()
    failures = [CredentialRevoked()]

    async def look_up() -> tuple[str, None]:
        if failures:
            raise failures.pop()
        return "found", None

    with pytest.raises(CredentialRevoked):
        await memory.get(b"key", START, look_up)
    assert await memory.get(b"key", START, look_up) == "found"
