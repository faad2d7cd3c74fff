"""Members come, change and go, and the project has exactly one owner all the while."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from core import projects
from core.audit.tables import events as trail
from core.kernel.caller import Role
from core.messaging.tables import outbox
from core.projects.tables import members
from tests.core.projects.people import (
    ADA,
    BOB,
    EVE,
    KIM,
    NOBODY,
    OLGA,
    acme,
    ask,
    at_once,
    member,
    refused,
    roles,
    tally,
    within,
)
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

EVERYBODY = {"Ada": "owner", "Bob": "admin", "Eve": "member", "Kim": "viewer"}


async def test_members_are_told_with_their_names_and_whether_they_are_billed_for(
    world: World,
) -> None:
    project_id = await acme(world)
    kim = member(KIM, project_id, Role.VIEWER)

    first = await ask(world, kim, "list_members", limit=3)
    rest = await ask(world, kim, "list_members", limit=3, cursor=first["next_cursor"])

    assert rest["items"] == [
        {
            "project_id": project_id,
            "user_id": KIM,
            "email": "kim@example.com",
            "name": "Kim",
            "role": "viewer",
            "billable": False,
            "joined_at": "2026-11-20T09:00:00Z",
        }
    ]
    assert [each["billable"] for each in first["items"]] == [True, True, True]
    assert rest["next_cursor"] is None


async def test_whoever_is_a_member_is_known_as_one_and_nobody_else_is(world: World) -> None:
    project_id = await acme(world)

    assert await within(world, lambda work: projects.role_of(work, EVE, project_id)) == "member"
    assert await within(world, lambda work: projects.role_of(work, OLGA, project_id)) is None
    assert await within(world, lambda work: projects.role_of(work, EVE, NOBODY)) is None
    assert await within(world, lambda work: projects.memberships_of(work, EVE)) == [
        projects.Membership(project_id=project_id, project_name="Acme", role=Role.MEMBER)
    ]


async def test_a_member_cannot_be_added_again_nor_someone_who_does_not_exist(
    world: World,
) -> None:
    project_id = await acme(world)
    bob = member(BOB, project_id, Role.ADMIN)

    again = await refused(world, bob, "add_member", user_id=EVE, role="viewer")
    unknown = await refused(world, bob, "add_member", user_id=NOBODY, role="viewer")

    assert (again.code, again.facts) == ("already_member", {"user_id": EVE, "role": "member"})
    assert (unknown.code, unknown.facts) == ("user_not_found", {"user_id": NOBODY})
    assert await roles(world, project_id) == EVERYBODY


async def test_an_admin_adds_colleagues_by_id_and_finds_nobody_elses_people(world: World) -> None:
    project_id = await acme(world)
    bob = member(BOB, project_id, Role.ADMIN)
    other = await ask(world, OPERATOR, "create_project", name="Other", owner_user_id=OLGA)

    stranger = await refused(world, bob, "add_member", user_id=OLGA, role="viewer")
    nobody = await refused(world, bob, "add_member", user_id=NOBODY, role="viewer")
    named = {"project_id": other["id"], "user_id": BOB, "role": "viewer"}
    await ask(world, OPERATOR, "add_member", **named)
    colleague = await ask(world, bob, "add_member", user_id=OLGA, role="viewer")

    assert (stranger.code, stranger.facts) == ("user_not_found", {"user_id": OLGA})
    assert type(nobody) is type(stranger)
    assert colleague["email"] == "olga@example.com"


async def test_a_role_is_changed_for_the_one_who_was_named_only(world: World) -> None:
    project_id = await acme(world)
    bob = member(BOB, project_id, Role.ADMIN)

    changed = await ask(world, bob, "change_member_role", user_id=KIM, role="admin")

    assert (changed["role"], changed["billable"]) == ("admin", True)
    assert await roles(world, project_id) == EVERYBODY | {"Kim": "admin"}


@pytest.mark.parametrize("operation", ["add_member", "change_member_role"])
async def test_owner_is_not_a_role_that_can_be_given(world: World, operation: str) -> None:
    project_id = await acme(world)
    named = {"project_id": project_id, "user_id": OLGA, "role": "owner"}

    refusal = await refused(world, OPERATOR, operation, **named)

    assert "transfer_ownership" in str(refusal)
    assert await roles(world, project_id) == EVERYBODY


async def test_the_owner_is_neither_changed_nor_removed_by_anybody(world: World) -> None:
    project_id = await acme(world)
    everyone = (
        OPERATOR,
        member(ADA, project_id, Role.OWNER),
        member(BOB, project_id, Role.ADMIN),
    )

    for caller in everyone:
        named = {"project_id": project_id, "user_id": ADA}
        gone = await refused(world, caller, "remove_member", **named)
        less = await refused(world, caller, "change_member_role", role="viewer", **named)
        assert (gone.code, less.code) == ("owner_must_transfer", "owner_must_transfer")

    assert await roles(world, project_id) == EVERYBODY


async def test_a_viewer_may_leave_and_remove_nobody_else(world: World) -> None:
    project_id = await acme(world)
    kim = member(KIM, project_id, Role.VIEWER)

    refusal = await refused(world, kim, "remove_member", user_id=EVE)
    gone = await ask(world, kim, "remove_member", user_id=KIM)

    assert refusal.code == "not_allowed"
    assert gone == {"project_id": project_id, "user_id": KIM, "role": "viewer"}
    assert await roles(world, project_id) == {
        "Ada": "owner",
        "Bob": "admin",
        "Eve": "member",
    }


async def test_a_member_of_another_project_is_not_found_in_this_one(world: World) -> None:
    project_id = await acme(world)
    other = await ask(world, OPERATOR, "create_project", name="Other", owner_user_id=EVE)
    eve = member(EVE, other["id"], Role.OWNER)

    for operation, more in (
        ("remove_member", {}),
        ("change_member_role", {"role": "viewer"}),
        ("transfer_ownership", {}),
    ):
        refusal = await refused(world, eve, operation, user_id=BOB, **more)
        assert refusal.code == "member_not_found"

    assert await roles(world, project_id) == EVERYBODY


async def test_ownership_moves_whole_and_the_owner_becomes_an_admin(world: World) -> None:
    project_id = await acme(world)
    ada = member(ADA, project_id, Role.OWNER)

    moved = await ask(world, ada, "transfer_ownership", user_id=KIM)

    assert moved == {
        "project_id": project_id,
        "owner_user_id": KIM,
        "previous_owner_user_id": ADA,
    }
    assert await roles(world, project_id) == EVERYBODY | {"Ada": "admin", "Kim": "owner"}


async def test_ownership_goes_to_members_only_and_not_to_who_has_it(world: World) -> None:
    project_id = await acme(world)
    ada = member(ADA, project_id, Role.OWNER)

    outside = await refused(world, ada, "transfer_ownership", user_id=OLGA)
    herself = await refused(world, ada, "transfer_ownership", user_id=ADA)

    assert (outside.code, herself.code) == ("member_not_found", "already_owner")
    assert await roles(world, project_id) == EVERYBODY


async def test_of_ten_transfers_by_one_owner_exactly_one_happens(world: World) -> None:
    project_id = await acme(world)
    ada = member(ADA, project_id, Role.OWNER)

    async def give(user_id: str) -> dict[str, Any]:
        return await ask(world, ada, "transfer_ownership", user_id=user_id)

    heirs = [BOB, EVE, KIM, BOB, EVE, KIM, BOB, EVE, KIM, BOB]
    outcomes = await at_once(*map(give, heirs))

    assert tally(outcomes) == {
        "done": 1,
        "not_the_owner": 9,
    }
    assert Counter((await roles(world, project_id)).values())["owner"] == 1
    assert (await roles(world, project_id))["Ada"] == "admin"


async def test_ten_operators_who_transfer_at_once_leave_one_owner(world: World) -> None:
    project_id = await acme(world)
    heirs = [BOB, EVE, KIM, BOB, EVE, KIM, BOB, EVE, KIM, BOB]

    async def give(user_id: str) -> dict[str, Any]:
        named = {"project_id": project_id, "user_id": user_id}
        return await ask(world, OPERATOR, "transfer_ownership", **named)

    outcomes = await at_once(*map(give, heirs))

    # One after the other: each moved it from whoever the one before had given it to.
    assert set(tally(outcomes)) <= {"done", "already_owner"}
    moves = [
        (each["previous_owner_user_id"], each["owner_user_id"])
        for each in outcomes
        if isinstance(each, dict)
    ]
    left, got = Counter(old for old, _ in moves), Counter(new for _, new in moves)
    standing = await roles(world, project_id)
    assert Counter(standing.values())["owner"] == 1
    owner = next(name for name, role in standing.items() if role == "owner")
    last = {"Ada": ADA, "Bob": BOB, "Eve": EVE, "Kim": KIM}[owner]
    assert got - left == Counter([last])
    assert left - got == Counter([ADA])


async def test_an_heir_who_is_removed_at_the_same_moment_is_owner_or_gone_never_both(
    world: World,
) -> None:
    project_id = await acme(world)
    ada, bob = member(ADA, project_id, Role.OWNER), member(BOB, project_id, Role.ADMIN)

    gave, removed = await at_once(
        ask(world, ada, "transfer_ownership", user_id=EVE),
        ask(world, bob, "remove_member", user_id=EVE),
    )

    if isinstance(gave, dict):
        assert getattr(removed, "code", None) == "owner_must_transfer"
        assert (await roles(world, project_id))["Eve"] == "owner"
    else:
        assert getattr(gave, "code", None) == "member_not_found"
        assert "Eve" not in await roles(world, project_id)
        assert (await roles(world, project_id))["Ada"] == "owner"


async def test_of_ten_who_add_the_same_person_exactly_one_does(world: World) -> None:
    project_id = await acme(world)

    async def add() -> dict[str, Any]:
        named = {"project_id": project_id, "user_id": OLGA, "role": "viewer"}
        return await ask(world, OPERATOR, "add_member", **named)

    outcomes = await at_once(*(add() for _ in range(10)))

    assert tally(outcomes) == {
        "done": 1,
        "already_member": 9,
    }


async def test_the_database_itself_refuses_a_second_owner(world: World) -> None:
    project_id = await acme(world)

    with pytest.raises(IntegrityError):
        async with world.database.begin(OPERATOR) as work:
            await work.execute(
                update(members)
                .where(members.c.project_id == project_id, members.c.user_id == BOB)
                .values(role="owner")
            )

    assert await roles(world, project_id) == EVERYBODY


async def test_every_change_is_told_and_kept_with_before_and_after(world: World) -> None:
    project_id = await acme(world)
    ada = member(ADA, project_id, Role.OWNER)
    await ask(world, ada, "change_member_role", user_id=EVE, role="admin")
    await ask(world, ada, "remove_member", user_id=KIM)
    await ask(world, ada, "transfer_ownership", user_id=BOB)

    async with world.database.read(OPERATOR) as work:
        kept = await work.execute(
            select(trail.c.action, trail.c.object_id, trail.c.details)
            .where(trail.c.project_id == project_id, trail.c.subject == ada.subject)
            .order_by(trail.c.id)
        )
        told = await work.execute(
            select(outbox.c.type, outbox.c.object_id, outbox.c.data)
            .where(outbox.c.project_id == project_id)
            .order_by(outbox.c.id)
        )
        kept_rows, told_rows = [tuple(row) for row in kept], [tuple(row) for row in told]

    def role(name: str) -> dict[str, str]:
        return {"role": name}

    assert kept_rows == [
        ("member.role_changed", EVE, {"before": role("member"), "after": role("admin")}),
        ("member.removed", KIM, {"before": role("viewer"), "after": None}),
        ("member.role_changed", ADA, {"before": role("owner"), "after": role("admin")}),
        ("member.role_changed", BOB, {"before": role("admin"), "after": role("owner")}),
        (
            "ownership.transferred",
            project_id,
            {"before": {"owner_user_id": ADA}, "after": {"owner_user_id": BOB}},
        ),
    ]
    assert told_rows[-5:] == kept_rows
    assert [kind for kind, _, _ in told_rows[:5]] == ["project.created"] + ["member.added"] * 4


async def test_a_change_to_the_same_role_tells_nobody_anything(world: World) -> None:
    project_id = await acme(world)

    async def told() -> int:
        async with world.database.read(OPERATOR) as work:
            return len((await work.execute(select(outbox.c.id))).all())

    before = await told()
    named = {"project_id": project_id, "user_id": EVE, "role": "member"}
    await ask(world, OPERATOR, "change_member_role", **named)

    assert await told() == before
