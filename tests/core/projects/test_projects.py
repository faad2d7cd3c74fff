"""Projects are made whole, found by whoever may know them, and changed in bounds."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import projects
from core.kernel.caller import Role
from core.kernel.ids import compose
from core.operations import InvalidRequest, NotAllowed
from core.operations.perform import Call
from core.projects.errors import (
    ExternalKeyTaken,
    OwnerRequired,
    PersonNotFound,
    ProjectNotFound,
)
from tests.core.projects.people import (
    ADA,
    BOB,
    BY_NAME,
    EVE,
    HERSELF,
    NOBODY,
    OLGA,
    acme,
    ask,
    at_once,
    meet_everybody,
    member,
    refused,
    roles,
    tally,
    tokens,
    within,
)
from tests.world import AUDITOR, OPERATOR, World

pytestmark = pytest.mark.anyio


async def test_a_new_project_is_told_whole_and_belongs_to_whom_it_was_made_for(
    world: World,
) -> None:
    await meet_everybody(world)

    made = await ask(
        world,
        OPERATOR,
        "create_project",
        name="Acme",
        external_key="customer-42",
        time_zone="Europe/Berlin",
        currency="EUR",
        locale="de-AT",
        owner_user_id=ADA,
    )

    assert made == {
        "id": made["id"],
        "name": "Acme",
        "external_key": "customer-42",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "locale": "de-AT",
        "created_at": "2026-11-20T09:00:00Z",
        "updated_at": "2026-11-20T09:00:00Z",
        "owner_user_id": ADA,
        "owner_invitation_id": None,
    }
    assert await roles(world, made["id"]) == {"Ada": "owner"}


async def test_a_person_owns_what_they_make_for_nobody(world: World) -> None:
    await meet_everybody(world)

    made = await ask(world, HERSELF, "create_project", name="Acme")

    assert made["owner_user_id"] == OLGA


async def test_the_first_operator_owns_what_a_backend_makes_for_nobody(world: World) -> None:
    await meet_everybody(world)

    made = await ask(world, OPERATOR, "create_project", name="Acme")

    assert made["owner_user_id"] == OLGA


async def test_without_any_operator_a_backend_must_name_an_owner(world: World) -> None:
    assert isinstance(await refused(world, OPERATOR, "create_project", name="A"), OwnerRequired)


async def test_someone_known_by_their_address_owns_the_project_at_once(world: World) -> None:
    await meet_everybody(world)

    made = await ask(world, OPERATOR, "create_project", name="Acme", owner_email="ADA@Example.com")

    assert (made["owner_user_id"], made["owner_invitation_id"]) == (ADA, None)


async def test_an_owner_nobody_knows_is_refused_and_leaves_no_project(world: World) -> None:
    await meet_everybody(world)

    refusal = await refused(world, OPERATOR, "create_project", name="Acme", owner_user_id=NOBODY)

    assert isinstance(refusal, PersonNotFound)
    assert (await ask(world, OPERATOR, "list_projects"))["items"] == []


async def test_an_owner_cannot_be_named_twice(world: World) -> None:
    refusal = await refused(
        world,
        OPERATOR,
        "create_project",
        name="Acme",
        owner_user_id=ADA,
        owner_email="ada@example.com",
    )

    assert isinstance(refusal, InvalidRequest)


async def test_an_external_key_names_one_project_only(world: World) -> None:
    await acme(world)

    refusal = await refused(world, OPERATOR, "create_project", name="B", external_key="acme")

    assert refusal.facts == {"external_key": "acme"}
    assert len((await ask(world, OPERATOR, "list_projects"))["items"]) == 1


async def test_a_key_that_was_used_makes_no_second_project(world: World) -> None:
    await meet_everybody(world)
    call = Call(
        caller=OPERATOR,
        arguments={"name": "Acme", "owner_email": "zoe@example.com"},
        door="test",
        idempotency_key="signup-42",
    )

    first = await world.gate.perform(BY_NAME["create_project"], call)
    again = await world.gate.perform(BY_NAME["create_project"], call)

    assert (first.replayed, again.replayed) == (False, True)
    assert again.unwrap() == first.unwrap()
    assert len((await ask(world, OPERATOR, "list_projects"))["items"]) == 1
    assert len(await tokens(world)) == 1


async def test_of_ten_racing_for_an_external_key_exactly_one_gets_it(world: World) -> None:
    await meet_everybody(world)

    async def make() -> dict[str, Any]:
        return await ask(world, OPERATOR, "create_project", name="Acme", external_key="acme")

    outcomes = await at_once(*(make() for _ in range(10)))

    assert tally(outcomes) == {"done": 1, "external_key_taken": 9}
    assert len((await ask(world, OPERATOR, "list_projects"))["items"]) == 1


async def test_projects_without_a_key_do_not_share_one(world: World) -> None:
    await meet_everybody(world)
    await ask(world, OPERATOR, "create_project", name="One")
    await ask(world, OPERATOR, "create_project", name="Two")

    listed = await ask(world, OPERATOR, "list_projects")

    assert [(each["name"], each["external_key"]) for each in listed["items"]] == [
        ("One", None),
        ("Two", None),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "A\u202ecme"},
        {"name": "Ac\nme"},
        {"name": ""},
        {"name": "x" * 121},
        {"name": "Acme", "time_zone": "Mars/Olympus"},
        {"name": "Acme", "time_zone": "../../etc/passwd"},
        {"name": "Acme", "time_zone": "europe/berlin"},
        {"name": "Acme", "currency": "eur"},
        {"name": "Acme", "locale": "German"},
        {"name": "Acme", "owner_email": "ada@example"},
        {"name": "Acme", "owner_email": "<ada>@example.com"},
        {"name": "Acme", "owner_email": "ß" * 60 + "@" + "ß" * 80 + ".example.com"},
        {"name": "Acme", "owner_email": "ada@example.com\nBcc: eve@example.com"},
        {"name": "Acme", "owner_user_id": "prj_01jd3x8k5vq2m7r9t4w6y0z1ab"},
        {"name": "Acme", "role": "owner"},
    ],
)
async def test_what_is_wrong_is_refused_before_anything_is_written(
    world: World, wrong: dict[str, Any]
) -> None:
    await meet_everybody(world)

    assert isinstance(await refused(world, OPERATOR, "create_project", **wrong), InvalidRequest)
    assert (await ask(world, OPERATOR, "list_projects"))["items"] == []


async def test_a_project_tells_its_owner_and_how_many_are_billed_for(world: World) -> None:
    project_id = await acme(world)

    shown = await ask(world, AUDITOR, "get_project", external_key="acme")

    expected = {"id": project_id, "owner_user_id": ADA, "billable_members": 3, "viewers": 1}
    assert {name: shown[name] for name in expected} == expected


async def test_whoever_is_bound_to_a_project_sees_that_one_only(world: World) -> None:
    project_id = await acme(world)
    await ask(world, OPERATOR, "create_project", name="Other", external_key="other")
    kim = member(EVE, project_id, Role.VIEWER)
    bound_operator = replace(HERSELF, project_id=project_id)

    for caller in (kim, bound_operator):
        listed = await ask(world, caller, "list_projects")
        assert [each["name"] for each in listed["items"]] == ["Acme"]
        assert (await ask(world, caller, "get_project"))["name"] == "Acme"
        assert (await ask(world, caller, "get_project", external_key="acme"))["name"] == "Acme"


async def test_another_project_and_none_at_all_are_the_same_answer(world: World) -> None:
    project_id = await acme(world)
    await ask(world, OPERATOR, "create_project", name="Other", external_key="other")
    eve = member(EVE, project_id, Role.MEMBER)

    existing = await refused(world, eve, "get_project", external_key="other")
    missing = await refused(world, eve, "get_project", external_key="never")

    assert (type(existing), str(existing).replace("other", "…")) == (
        type(missing),
        str(missing).replace("never", "…"),
    )
    assert isinstance(existing, ProjectNotFound)


async def test_an_id_and_a_key_of_different_projects_find_none(world: World) -> None:
    project_id = await acme(world)
    await ask(world, OPERATOR, "create_project", name="Other", external_key="other")

    refusal = await refused(
        world, OPERATOR, "get_project", project_id=project_id, external_key="other"
    )

    assert isinstance(refusal, ProjectNotFound)


async def test_the_platform_is_not_a_project(world: World) -> None:
    await acme(world)

    refusal = await refused(world, OPERATOR, "get_project", project_id=compose("prj", 0))

    assert isinstance(refusal, ProjectNotFound)


async def test_projects_are_paged_in_the_order_they_were_made(world: World) -> None:
    await meet_everybody(world)
    for number in range(5):
        await ask(world, OPERATOR, "create_project", name=f"Project {number}")

    seen, cursor = [], None
    while True:
        listed = await ask(world, OPERATOR, "list_projects", limit=2, cursor=cursor)
        seen.append([each["name"] for each in listed["items"]])
        if (cursor := listed["next_cursor"]) is None:
            break

    assert seen == [["Project 0", "Project 1"], ["Project 2", "Project 3"], ["Project 4"]]


@pytest.mark.parametrize("cursor", ["x", "WyJ1c3JfMDFqIl0", "WyIiXQ", "bnVsbA"])
async def test_a_cursor_of_another_list_is_refused_by_name(world: World, cursor: str) -> None:
    refusal = await refused(world, OPERATOR, "list_projects", cursor=cursor)

    assert refusal.code == "invalid_cursor"


async def test_an_admin_changes_what_the_project_is_called_and_told_in(world: World) -> None:
    project_id = await acme(world)
    bob = member(BOB, project_id, Role.ADMIN)
    world.clock.advance(hours=1)

    await ask(world, bob, "update_project", name="Acme Ltd", locale="ja-JP")

    shown = await ask(world, bob, "get_project")
    assert (shown["name"], shown["locale"]) == ("Acme Ltd", "ja-JP")
    assert (shown["created_at"], shown["updated_at"]) == (
        "2026-11-20T09:00:00Z",
        "2026-11-20T10:00:00Z",
    )


async def test_only_operators_move_the_midnight_at_which_quotas_begin_anew(world: World) -> None:
    project_id = await acme(world)
    bob = member(BOB, project_id, Role.ADMIN)

    by_bob = await refused(world, bob, "update_project", name="Acme Ltd", time_zone="Asia/Tokyo")
    before = await within(world, lambda work: projects.time_zone_of(work, project_id))
    here = {"project_id": project_id, "time_zone": "Asia/Tokyo"}
    await ask(world, OPERATOR, "update_project", **here)
    after = await within(world, lambda work: projects.time_zone_of(work, project_id))

    assert isinstance(by_bob, NotAllowed)
    assert by_bob.needed == "the platform role operator, to set time_zone"
    assert (before, after) == (ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo"))


async def test_a_change_of_nothing_is_refused(world: World) -> None:
    project_id = await acme(world)

    refusal = await refused(world, OPERATOR, "update_project", project_id=project_id)

    assert isinstance(refusal, InvalidRequest)


async def test_only_operators_change_the_external_key_and_only_to_a_free_one(world: World) -> None:
    project_id = await acme(world)
    await ask(world, OPERATOR, "create_project", name="Other", external_key="other")
    bob = member(BOB, project_id, Role.ADMIN)

    by_bob = await refused(world, bob, "update_project", new_external_key="mine")
    taken = await refused(
        world, OPERATOR, "update_project", project_id=project_id, new_external_key="other"
    )
    await ask(world, OPERATOR, "update_project", project_id=project_id, new_external_key="free")

    assert (type(by_bob), type(taken)) == (NotAllowed, ExternalKeyTaken)
    assert (await ask(world, OPERATOR, "get_project", external_key="free"))["id"] == project_id
