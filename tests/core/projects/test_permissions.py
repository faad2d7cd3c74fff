"""Every operation on projects and people, asked by everyone who must not, and everywhere else."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core import projects
from core.db.schema import metadata
from core.kernel.caller import Caller, PlatformRole, Role
from core.kernel.ids import compose
from core.operations.operation import ProjectRequest
from core.projects.operations import OPERATIONS
from tests.core.projects.people import (
    ADA,
    EVE,
    KIM,
    OLGA,
    acme,
    ask,
    member,
    person,
    refused,
    within,
)
from tests.world import AUDITOR, OPERATOR, World

pytestmark = pytest.mark.anyio

IN_A_PROJECT = [each for each in OPERATIONS if issubclass(each.request, ProjectRequest)]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "get_project": {},
    "update_project": {"name": "Taken over"},
    "add_member": {"user_id": OLGA, "role": "viewer"},
    "list_members": {},
    "change_member_role": {"user_id": KIM, "role": "admin"},
    "remove_member": {"user_id": KIM},
    "transfer_ownership": {"user_id": EVE},
    "invite_member": {"email": "new@example.com", "role": "admin"},
    "list_invitations": {},
    "resend_invitation": {"invitation_id": "…"},
    "revoke_invitation": {"invitation_id": "…"},
}
LEAST = {
    "create_project": (None, PlatformRole.OPERATOR),
    "get_project": (Role.VIEWER, PlatformRole.AUDITOR),
    "list_projects": (Role.VIEWER, PlatformRole.AUDITOR),
    "update_project": (Role.ADMIN, PlatformRole.OPERATOR),
    "add_member": (Role.ADMIN, PlatformRole.OPERATOR),
    "list_members": (Role.VIEWER, PlatformRole.AUDITOR),
    "change_member_role": (Role.ADMIN, PlatformRole.OPERATOR),
    "remove_member": (Role.VIEWER, PlatformRole.OPERATOR),
    "transfer_ownership": (Role.OWNER, PlatformRole.OPERATOR),
    "invite_member": (Role.ADMIN, PlatformRole.OPERATOR),
    "list_invitations": (Role.VIEWER, PlatformRole.AUDITOR),
    "resend_invitation": (Role.ADMIN, PlatformRole.OPERATOR),
    "revoke_invitation": (Role.ADMIN, PlatformRole.OPERATOR),
    "peek_invitation": (None, None),
    "accept_invitation": (None, None),
}


async def prepared(world: World) -> tuple[str, dict[str, dict[str, Any]]]:
    """Make a project with an invitation, and arguments that would do something to it."""
    project_id = await acme(world)
    named = {"project_id": project_id, "email": "zoe@example.com", "role": "viewer"}
    invited = await ask(world, OPERATOR, "invite_member", **named)
    filled = {
        name: {field: invited["id"] if value == "…" else value for field, value in each.items()}
        for name, each in ARGUMENTS.items()
    }
    return project_id, filled


async def everything(world: World) -> dict[str, list[Any]]:
    """All rows of projects and people, to see that nothing was touched."""
    async with world.database.read(OPERATOR) as work:
        return {
            name: sorted(map(repr, (await work.execute(select(table))).all()))
            for name, table in metadata.tables.items()
            if name.startswith(("projects_", "messaging_"))
        }


def test_each_operation_asks_for_the_least_role_that_was_decided() -> None:
    declared = {each.name: (each.project_role, each.platform_role) for each in OPERATIONS}

    assert declared == LEAST


def test_each_operation_in_a_project_is_attacked_below() -> None:
    assert set(ARGUMENTS) == {each.name for each in IN_A_PROJECT}


async def test_another_tenants_project_is_not_found_by_any_operation(world: World) -> None:
    project_id, arguments = await prepared(world)
    other = await ask(
        world, OPERATOR, "create_project", name="Other", external_key="o", owner_user_id=EVE
    )
    thief = member(EVE, other["id"], Role.OWNER)
    before = await everything(world)

    for operation in IN_A_PROJECT:
        for naming in ({"project_id": project_id}, {"external_key": "acme"}):
            named = arguments[operation.name] | naming
            refusal = await refused(world, thief, operation.name, **named)
            assert refusal.code == "project_not_found", operation.name
            nowhere = {key: compose("prj", 77) for key in naming if key == "project_id"}
            nothing = arguments[operation.name] | (nowhere or {"external_key": "nothing"})
            missing = await refused(world, thief, operation.name, **nothing)
            assert (type(missing), set(missing.facts)) == (type(refusal), set(refusal.facts))

    assert await everything(world) == before


async def test_another_tenants_people_and_invitations_are_not_found_in_ones_own(
    world: World,
) -> None:
    _, arguments = await prepared(world)
    other = await ask(world, OPERATOR, "create_project", name="Other", owner_user_id=EVE)
    thief = member(EVE, other["id"], Role.OWNER)
    before = await everything(world)

    for operation in IN_A_PROJECT:
        named = arguments[operation.name]
        if "invitation_id" in named or named.get("user_id") == KIM:
            refusal = await refused(world, thief, operation.name, **named)
            assert refusal.code in {"member_not_found", "invitation_not_found"}, operation.name

    assert await everything(world) == before


@pytest.mark.parametrize("role", list(Role))
async def test_no_role_may_more_than_was_decided(world: World, role: Role) -> None:
    project_id, arguments = await prepared(world)
    somebody = member(compose("usr", 50), project_id, role)
    order = list(Role)
    before = await everything(world)

    for operation in IN_A_PROJECT:
        least = LEAST[operation.name][0]
        assert least is not None
        if order.index(role) < order.index(least):
            refusal = await refused(world, somebody, operation.name, **arguments[operation.name])
            assert refusal.code == "not_allowed", operation.name

    assert await everything(world) == before


@pytest.mark.parametrize("bound", [True, False])
async def test_an_auditor_reads_everything_and_changes_nothing(
    world: World, *, bound: bool
) -> None:
    project_id, arguments = await prepared(world)
    auditor = replace(AUDITOR, project_id=project_id) if bound else AUDITOR
    before = await everything(world)

    for operation in IN_A_PROJECT:
        named = arguments[operation.name] | {"project_id": project_id}
        if operation.reads:
            await ask(world, auditor, operation.name, **named)
        else:
            refusal = await refused(world, auditor, operation.name, **named)
            assert refusal.code == "not_allowed", operation.name

    assert (await refused(world, auditor, "create_project", name="Mine")).code == "not_allowed"
    assert await everything(world) == before


async def test_somebody_bound_to_no_project_may_ask_for_none(world: World) -> None:
    project_id, arguments = await prepared(world)

    for operation in IN_A_PROJECT:
        named = arguments[operation.name] | {"project_id": project_id}
        refusal = await refused(world, person(ADA), operation.name, **named)
        assert refusal.code == "not_allowed", operation.name

    assert (await refused(world, person(ADA), "list_projects")).code == "not_allowed"


def without_scopes(caller: Caller) -> Caller:
    return replace(caller, scopes=frozenset())


async def test_without_its_scope_nothing_is_done_whoever_asks(world: World) -> None:
    project_id, arguments = await prepared(world)
    before = await everything(world)

    for operation in IN_A_PROJECT:
        named = arguments[operation.name] | {"project_id": project_id}
        refusal = await refused(world, without_scopes(OPERATOR), operation.name, **named)
        assert refusal.code == "insufficient_scope", operation.name
        assert refusal.facts["scopes"] == list(operation.scopes)

    assert await everything(world) == before


async def test_who_is_bound_to_a_project_that_is_not_there_finds_nothing(world: World) -> None:
    _, arguments = await prepared(world)
    nowhere = compose("prj", 77)
    lost = member(ADA, nowhere, Role.OWNER)

    for operation in IN_A_PROJECT:
        if not operation.name.startswith("list_"):
            refusal = await refused(world, lost, operation.name, **arguments[operation.name])
            assert refusal.code == "project_not_found", operation.name

    for listing in ("list_projects", "list_members", "list_invitations"):
        assert (await ask(world, lost, listing))["items"] == []
    with pytest.raises(projects.ProjectNotFound):
        await within(world, lambda work: projects.time_zone_of(work, nowhere))
