"""API keys: what they may do, when they stop, and that none is stronger than its maker."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from auth import keys, keys_operations
from auth.identity import Identity
from auth.people_errors import ApiKeyNotFound, KeyTooPowerful
from auth.people_tables import api_key_secrets, api_keys
from auth.refusals import CredentialExpired, CredentialMalformed, CredentialRevoked
from core.audit import tables as trail
from core.kernel.caller import SYSTEM, Caller, CallerKind, PlatformRole, Role
from core.kernel.ids import compose
from core.operations import InvalidRequest, Operation
from core.operations.perform import Call
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio

ADMIN = agent(Role.ADMIN)
OTHERS = agent(Role.ADMIN, compose("prj", 2))
WHERE = "http://127.0.0.1:8000/v1"


async def ask(
    world: World, operation: Operation[Any, Any], caller: Caller = ADMIN, **arguments: Any
) -> dict[str, Any]:
    outcome = await world.gate.perform(
        operation, Call(caller=caller, arguments=arguments, door="test")
    )
    return outcome.unwrap()


async def create(world: World, caller: Caller = ADMIN, **changes: Any) -> dict[str, Any]:
    wish = {"name": "backend", "role": "member", "scopes": ["metering:write"]} | changes
    return await ask(world, keys_operations.create_api_key, caller, **wish)


async def verify(world: World, secret: str) -> Caller:
    async with world.database.read(SYSTEM) as work:
        return await keys.verify_key(work, secret)


async def test_a_key_is_the_caller_it_was_made_to_be(world: World) -> None:
    made = await create(world, role="viewer", scopes=["wallets:read", "metering:write"])
    assert await verify(world, made["secret"]) == Caller(
        kind=CallerKind.SERVICE,
        subject=made["id"],
        project_id=ADMIN.project_id,
        role=Role.VIEWER,
        scopes=frozenset({"wallets:read", "metering:write"}),
        key_id=made["id"],
        label="backend",
    )


async def test_a_platform_key_is_made_by_an_operator_who_names_no_project(world: World) -> None:
    made = await create(world, OPERATOR, role="auditor", scopes=["audit:read"])
    caller = await verify(world, made["secret"])
    assert made["secret"].startswith("bop_")
    assert (caller.project_id, caller.role) == (None, None)
    assert caller.platform_role is PlatformRole.AUDITOR


async def test_the_secret_is_kept_nowhere(world: World) -> None:
    secret = (await create(world))["secret"]
    async with world.database.read(SYSTEM) as work:
        for table in (api_keys, api_key_secrets, trail.invocations, trail.events):
            rows = (await work.execute(select(table))).all()
            assert rows
            assert secret[12:] not in repr(rows)


async def test_asked_for_again_under_one_idempotency_key_the_secret_is_not_shown_again(
    world: World,
) -> None:
    arguments = {"name": "backend", "role": "member", "scopes": ["metering:write"]}
    call = Call(caller=ADMIN, arguments=arguments, door="test", idempotency_key="once")
    first = await world.gate.perform(keys_operations.create_api_key, call)
    again = await world.gate.perform(keys_operations.create_api_key, call)
    assert first.body["secret_state"] == "shown_once"
    assert again.replayed
    assert again.body == first.body | {"secret": None, "secret_state": "already_shown"}


async def test_a_scope_that_there_is_not_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequest, match="scopes"):
        await create(world, scopes=["everything"])


async def test_nobody_makes_a_key_with_the_role_owner(world: World) -> None:
    with pytest.raises(InvalidRequest, match="role"):
        await create(world, agent(Role.OWNER), role="owner")


@pytest.mark.parametrize("role", ["operator", "auditor"])
async def test_a_project_admin_makes_no_key_of_the_platform(world: World, role: str) -> None:
    with pytest.raises(InvalidRequest, match="role"):
        await create(world, role=role)


async def test_staff_bound_to_a_project_make_no_key_of_the_platform(world: World) -> None:
    bound = replace(OPERATOR, project_id=ADMIN.project_id)
    with pytest.raises(InvalidRequest, match="role"):
        await create(world, bound, role="operator")


async def test_a_key_makes_no_key_with_a_scope_that_it_lacks(world: World) -> None:
    narrow = await create(world, role="admin", scopes=["keys:write", "metering:read"])
    itself = await verify(world, narrow["secret"])
    with pytest.raises(KeyTooPowerful) as refusal:
        await create(world, itself, role="admin", scopes=["keys:read", "wallets:write"])
    assert refusal.value.beyond == ["wallets:write"]


async def test_a_key_cannot_take_over_a_stronger_one_by_rotating_it(world: World) -> None:
    strong = await create(world, role="admin", scopes=["wallets:write"])
    narrow = await create(world, role="admin", scopes=["keys:write"])
    itself = await verify(world, narrow["secret"])
    with pytest.raises(KeyTooPowerful):
        await ask(world, keys_operations.rotate_api_key, itself, key_id=strong["id"])
    assert (await verify(world, strong["secret"])).key_id == strong["id"]


def test_the_ceiling_holds_for_every_pair_of_roles() -> None:
    order = ["viewer", "member", "admin"]
    for mine in Role:
        for theirs in order:
            caller = replace(ADMIN, role=mine)
            may = list(Role).index(mine) >= order.index(theirs)
            assert _allowed(caller, theirs) is may
    assert not _allowed(AUDITOR, "viewer")
    assert not _allowed(AUDITOR, "operator")
    assert _allowed(OPERATOR, "operator")
    assert not _allowed(replace(OPERATOR, project_id=ADMIN.project_id), "auditor")


def _allowed(caller: Caller, role: str) -> bool:
    try:
        keys_operations.require_no_stronger(caller, role=role, scopes=[])
    except KeyTooPowerful:
        return False
    return True


async def test_a_revoked_key_stops_at_once_even_where_it_was_remembered(world: World) -> None:
    identity, made = Identity(world.database), await create(world)
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert (await identity(headers, WHERE)).key_id == made["id"]
    await ask(world, keys_operations.revoke_api_key, key_id=made["id"])
    with pytest.raises(CredentialRevoked):
        await identity(headers, WHERE)
    await identity.last_used.settle()


async def test_a_key_stops_at_the_instant_it_expires_even_where_it_was_remembered(
    world: World,
) -> None:
    identity, made = Identity(world.database), await create(world, expires_in_days=1)
    headers = {"x-api-key": made["secret"]}
    world.clock.advance(days=1, seconds=-1)
    assert (await identity(headers, WHERE)).key_id == made["id"]
    world.clock.advance(seconds=1)
    with pytest.raises(CredentialExpired):
        await identity(headers, WHERE)
    await identity.last_used.settle()


async def test_after_rotation_both_secrets_work_until_the_overlap_ends(world: World) -> None:
    made = await create(world)
    again = await ask(world, keys_operations.rotate_api_key, key_id=made["id"], overlap_hours=2)
    world.clock.advance(hours=2, seconds=-1)
    assert await verify(world, made["secret"]) == await verify(world, again["secret"])
    world.clock.advance(seconds=1)
    assert (await verify(world, again["secret"])).key_id == made["id"]
    with pytest.raises(CredentialExpired):
        await verify(world, made["secret"])


async def test_a_second_rotation_does_not_lengthen_the_life_of_the_first_secret(
    world: World,
) -> None:
    made = await create(world)
    rotate = keys_operations.rotate_api_key
    await ask(world, rotate, key_id=made["id"], overlap_hours=1)
    await ask(world, rotate, key_id=made["id"], overlap_hours=168)
    world.clock.advance(hours=1)
    with pytest.raises(CredentialExpired):
        await verify(world, made["secret"])


async def test_a_leaked_secret_is_ended_by_rotation_without_overlap(world: World) -> None:
    made = await create(world)
    await ask(world, keys_operations.rotate_api_key, key_id=made["id"], overlap_hours=0)
    with pytest.raises(CredentialExpired):
        await verify(world, made["secret"])


async def test_another_projects_key_is_not_found(world: World) -> None:
    made = await create(world)
    for operation in (keys_operations.rotate_api_key, keys_operations.revoke_api_key):
        with pytest.raises(ApiKeyNotFound):
            await ask(world, operation, OTHERS, key_id=made["id"])
    assert (await ask(world, keys_operations.list_api_keys, OTHERS))["items"] == []
    assert (await verify(world, made["secret"])).key_id == made["id"]


async def test_a_key_warns_once_its_secret_is_older_than_ninety_days(world: World) -> None:
    made = await create(world)
    listed = keys_operations.list_api_keys
    world.clock.advance(days=90)
    assert (await ask(world, listed))["items"][0]["warning"] is None
    world.clock.advance(seconds=1)
    assert "90 days old" in (await ask(world, listed))["items"][0]["warning"]
    again = await ask(world, keys_operations.rotate_api_key, key_id=made["id"])
    assert again["warning"] is None


async def test_last_use_is_noted_after_the_answer_and_once_a_minute(world: World) -> None:
    identity, made = Identity(world.database), await create(world)
    headers, began = {"x-api-key": made["secret"]}, world.clock.now()
    await identity(headers, WHERE)
    await identity.last_used.settle()
    assert await last_used(world) == began
    world.clock.advance(seconds=59)
    await Identity(world.database)(headers, WHERE)
    assert await last_used(world) == began
    world.clock.advance(seconds=1)
    later = Identity(world.database)
    await later(headers, WHERE)
    await later.last_used.settle()
    assert await last_used(world) == began + timedelta(minutes=1)


async def last_used(world: World) -> Any:
    async with world.database.read(SYSTEM) as work:
        return (await work.execute(select(api_keys.c.last_used_at))).scalar_one()


async def test_keys_are_listed_newest_first_in_pages_that_leave_none_out(world: World) -> None:
    made = [(await create(world, name=f"key {n}"))["id"] for n in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await ask(world, keys_operations.list_api_keys, limit=2, cursor=cursor)
        seen += [each["id"] for each in page["items"]]
        assert not any("secret" in each for each in page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic abc"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer bsk_short"},
        {"authorization": "Bearer something-else"},
        {"x-api-key": "bua_" + "x" * 43},
        {"authorization": "Bearer bsk_" + "0" * 46, "x-api-key": "bsk_" + "0" * 46},
    ],
)
async def test_what_is_not_written_as_a_credential_is_malformed(
    world: World, headers: dict[str, str]
) -> None:
    with pytest.raises(CredentialMalformed):
        await Identity(world.database)(headers, WHERE)


def test_a_mistyped_key_is_told_from_a_real_one_without_looking_it_up() -> None:
    key = keys.new_key(keys.PROJECT_PREFIX)
    assert keys.is_well_formed(key)
    flipped = key[:20] + ("a" if key[20] != "a" else "b") + key[21:]
    assert not keys.is_well_formed(flipped)
    assert len({keys.new_key("bsk_") for _ in range(100)}) == 100
