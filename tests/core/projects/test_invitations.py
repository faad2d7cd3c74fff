"""An invitation lets the right person in, once, in time, and nobody else."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import projects
from core.db.schema import metadata
from core.kernel.caller import ANONYMOUS, CallerKind, Role
from core.kernel.ids import compose
from core.messaging import mail_delivery
from core.operations.perform import Call
from core.projects.tables import invitations
from tests.core.projects.people import (
    ADA,
    BOB,
    BY_NAME,
    EVE,
    HERSELF,
    OLGA,
    acme,
    ask,
    at_once,
    meet_everybody,
    member,
    peek,
    person,
    refused,
    roles,
    tally,
    tokens,
    within,
)
from tests.fakes.mailer import FakeMailer
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

ZOE = compose("usr", 6)
"""Someone who is new: she becomes known only when `arrive` says so."""
FIRST_EXPIRY = "2026-11-27T09:00:00Z"


async def arrive(world: World, user_id: str = ZOE, email: str = "zoe@example.com") -> None:
    async with world.database.begin(OPERATOR) as work:
        await projects.know_person(work, user_id, email, "Zoe")


async def invite(world: World, project_id: str, **named: Any) -> dict[str, Any]:
    arguments = {"email": "zoe@example.com", "role": "member"} | named
    return await ask(world, member(BOB, project_id, Role.ADMIN), "invite_member", **arguments)


async def state_of(world: World, project_id: str) -> list[tuple[str, str]]:
    listed = await ask(world, OPERATOR, "list_invitations", project_id=project_id)
    return [(each["email"], each["state"]) for each in listed["items"]]


async def test_an_invitation_is_told_without_its_token_and_mailed_with_it(world: World) -> None:
    project_id = await acme(world)

    invited = await invite(world, project_id, email="Zoe@Example.com")

    assert invited == {
        "id": invited["id"],
        "project_id": project_id,
        "email": "zoe@example.com",
        "role": "member",
        "state": "pending",
        "invited_by_user_id": BOB,
        "created_at": "2026-11-20T09:00:00Z",
        "sent_at": "2026-11-20T09:00:00Z",
        "expires_at": FIRST_EXPIRY,
    }
    [token] = await tokens(world)
    assert token not in str(invited)


async def test_only_the_hash_of_a_token_is_kept(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    [token] = await tokens(world)

    async with world.database.read(OPERATOR) as work:
        [kept] = (await work.execute(select(invitations.c.token_hash))).scalars()

    assert kept == hashlib.sha256(token.encode()).digest()


async def test_once_its_mail_is_sent_and_it_is_used_no_table_holds_a_token(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    [token] = await tokens(world)
    await arrive(world)
    mailer = FakeMailer()

    await mail_delivery.deliver_due(world.database, mailer, "https://bursar.test")
    await peek(world, token)
    call = Call(
        caller=person(ZOE), arguments={"token": token}, door="test", idempotency_key="join-once"
    )
    (await world.gate.perform(BY_NAME["accept_invitation"], call)).unwrap()

    assert token in mailer.taken[0].text
    async with world.database.read(OPERATOR) as work:
        for table in metadata.sorted_tables:
            rows = (await work.execute(select(table))).all()
            assert token not in repr(rows), table.name


async def test_a_token_shows_what_it_is_for_and_nothing_else(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id, role="viewer")
    [token] = await tokens(world)

    assert await peek(world, token) == {
        "project_name": "Acme",
        "role": "viewer",
        "invited_by": "Bob",
        "expires_at": FIRST_EXPIRY,
    }
    assert await state_of(world, project_id) == [("zoe@example.com", "pending")]


async def test_whoever_was_invited_becomes_a_member_once(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    [token] = await tokens(world)
    await arrive(world)

    accepted = await ask(world, person(ZOE), "accept_invitation", token=token)
    again = await refused(world, person(ZOE), "accept_invitation", token=token)

    assert accepted == {"project_id": project_id, "user_id": ZOE, "role": "member"}
    assert (again.code, again.facts) == ("invitation_closed", {"state": "accepted"})
    assert (await roles(world, project_id))["Zoe"] == "member"
    assert await state_of(world, project_id) == [("zoe@example.com", "accepted")]


async def test_of_ten_who_accept_with_one_token_exactly_one_does(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    [token] = await tokens(world)
    await arrive(world)

    async def accept() -> dict[str, Any]:
        return await ask(world, person(ZOE), "accept_invitation", token=token)

    outcomes = await at_once(*(accept() for _ in range(10)))

    assert tally(outcomes) == {
        "done": 1,
        "invitation_closed": 9,
    }


async def test_someone_signed_in_with_another_address_is_refused(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    [token] = await tokens(world)

    refusal = await refused(world, person(OLGA), "accept_invitation", token=token)

    assert refusal.code == "invitation_for_another"
    assert "Olga" not in await roles(world, project_id)
    assert await state_of(world, project_id) == [("zoe@example.com", "pending")]


@pytest.mark.parametrize(
    "nobody",
    [OPERATOR, replace(OPERATOR, user_id=ZOE), replace(person(ZOE), kind=CallerKind.SERVICE)],
)
async def test_a_key_cannot_join_a_project_whoever_made_it(world: World, nobody: Any) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    [token] = await tokens(world)
    await arrive(world)

    refusal = await refused(world, nobody, "accept_invitation", token=token)

    assert refusal.code == "person_required"


async def test_nobody_accepts_without_signing_in(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    [token] = await tokens(world)

    refusal = await refused(world, ANONYMOUS, "accept_invitation", token=token)

    assert refusal.code == "unauthenticated"


async def test_an_invitation_lasts_up_to_the_second_it_expires_and_no_longer(
    world: World,
) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    [token] = await tokens(world)
    await arrive(world)

    world.clock.advance(timedelta(days=7) - timedelta(microseconds=1))
    in_time = await peek(world, token)
    world.clock.advance(timedelta(microseconds=1))
    too_late = await refused(world, person(ZOE), "accept_invitation", token=token)
    shown = await refused(world, ANONYMOUS, "peek_invitation", token=token)

    assert in_time["expires_at"] == FIRST_EXPIRY
    assert (too_late.facts, shown.facts) == ({"state": "expired"}, {"state": "expired"})
    assert "Zoe" not in await roles(world, project_id)


async def test_sending_again_ends_the_old_token_and_starts_seven_new_days(world: World) -> None:
    project_id = await acme(world)
    invited = await invite(world, project_id)
    world.clock.advance(days=6)
    named = {"invitation_id": invited["id"]}

    again = await ask(world, member(BOB, project_id, Role.ADMIN), "resend_invitation", **named)

    old, new = await tokens(world)
    assert (again["id"], again["expires_at"]) == (invited["id"], "2026-12-03T09:00:00Z")
    assert (again["created_at"], again["sent_at"]) == (
        "2026-11-20T09:00:00Z",
        "2026-11-26T09:00:00Z",
    )
    refusal = await refused(world, ANONYMOUS, "peek_invitation", token=old)
    assert refusal.code == "invitation_not_found"
    assert (await peek(world, new))["project_name"] == "Acme"


async def test_an_expired_invitation_can_be_sent_again(world: World) -> None:
    project_id = await acme(world)
    invited = await invite(world, project_id)
    world.clock.advance(days=30)

    named = {"project_id": project_id, "invitation_id": invited["id"]}
    again = await ask(world, OPERATOR, "resend_invitation", **named)

    assert again["state"] == "pending"


async def test_a_revoked_invitation_lets_nobody_in_and_stays_revoked(world: World) -> None:
    project_id = await acme(world)
    invited = await invite(world, project_id)
    [token] = await tokens(world)
    await arrive(world)
    bob = member(BOB, project_id, Role.ADMIN)

    revoked = await ask(world, bob, "revoke_invitation", invitation_id=invited["id"])

    assert revoked["state"] == "revoked"
    refusal = await refused(world, person(ZOE), "accept_invitation", token=token)
    assert refusal.facts == {"state": "revoked"}
    for operation in ("revoke_invitation", "resend_invitation"):
        refusal = await refused(world, bob, operation, invitation_id=invited["id"])
        assert refusal.facts == {"state": "revoked"}
    assert await state_of(world, project_id) == [("zoe@example.com", "revoked")]


async def test_an_accepted_invitation_cannot_be_revoked(world: World) -> None:
    project_id = await acme(world)
    invited = await invite(world, project_id)
    [token] = await tokens(world)
    await arrive(world)
    await ask(world, person(ZOE), "accept_invitation", token=token)

    bob = member(BOB, project_id, Role.ADMIN)
    refusal = await refused(world, bob, "revoke_invitation", invitation_id=invited["id"])

    assert refusal.facts == {"state": "accepted"}


async def test_an_acceptance_and_a_revocation_at_once_do_not_both_happen(world: World) -> None:
    project_id = await acme(world)
    invited = await invite(world, project_id)
    [token] = await tokens(world)
    await arrive(world)
    bob = member(BOB, project_id, Role.ADMIN)

    accepted, revoked = await at_once(
        ask(world, person(ZOE), "accept_invitation", token=token),
        ask(world, bob, "revoke_invitation", invitation_id=invited["id"]),
    )

    assert isinstance(accepted, dict) is not isinstance(revoked, dict)
    assert ("Zoe" in await roles(world, project_id)) is isinstance(accepted, dict)


async def test_a_member_is_not_invited_nor_an_address_twice(world: World) -> None:
    project_id = await acme(world)
    invited = await invite(world, project_id)
    bob = member(BOB, project_id, Role.ADMIN)

    there = await refused(world, bob, "invite_member", email="EVE@example.com", role="viewer")
    twice = await refused(world, bob, "invite_member", email="ZOE@EXAMPLE.COM", role="viewer")

    assert (there.code, there.facts) == ("already_member", {"user_id": EVE, "role": "member"})
    assert (twice.code, twice.facts) == ("already_invited", {"invitation_id": invited["id"]})
    assert len(await tokens(world)) == 1


async def test_of_ten_who_invite_one_address_exactly_one_does(world: World) -> None:
    project_id = await acme(world)

    outcomes = await at_once(*(invite(world, project_id) for _ in range(10)))

    assert tally(outcomes) == {
        "done": 1,
        "already_invited": 9,
    }
    assert len(await tokens(world)) == 1


async def test_an_address_whose_invitation_expired_can_be_invited_anew(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    world.clock.advance(days=7)

    await invite(world, project_id, role="viewer")

    assert await state_of(world, project_id) == [
        ("zoe@example.com", "pending"),
        ("zoe@example.com", "expired"),
    ]


async def test_an_address_can_be_invited_to_two_projects(world: World) -> None:
    project_id = await acme(world)
    other = await ask(world, OPERATOR, "create_project", name="Other", owner_user_id=BOB)
    await invite(world, project_id)
    await invite(world, other["id"])
    await arrive(world)

    for token in await tokens(world):
        await ask(world, person(ZOE), "accept_invitation", token=token)

    found = await within(world, lambda work: projects.memberships_of(work, ZOE))
    assert [each.project_name for each in found] == ["Acme", "Other"]


async def test_someone_who_is_added_by_hand_needs_no_invitation_any_more(world: World) -> None:
    project_id = await acme(world)
    await invite(world, project_id)
    await arrive(world)

    bob = member(BOB, project_id, Role.ADMIN)
    await ask(world, bob, "add_member", user_id=ZOE, role="viewer")

    assert await state_of(world, project_id) == [("zoe@example.com", "revoked")]


@pytest.mark.parametrize("role", ["owner", "Admin", "", "root"])
async def test_nobody_is_invited_to_a_role_that_cannot_be_given(world: World, role: str) -> None:
    project_id = await acme(world)

    named = {"project_id": project_id, "email": "zoe@example.com", "role": role}
    refusal = await refused(world, OPERATOR, "invite_member", **named)

    assert refusal.code == "invalid_request"


@pytest.mark.parametrize("token", ["x" * 43, "../../../../etc/passwd-x", "' or 1=1 --xxxxxxxxx"])
async def test_a_token_nobody_was_sent_finds_nothing(world: World, token: str) -> None:
    project_id = await acme(world)
    await invite(world, project_id)

    refusal = await refused(world, ANONYMOUS, "peek_invitation", token=token)

    assert refusal.code in {"invitation_not_found", "invalid_request"}


async def test_an_owner_who_is_new_takes_over_from_who_stood_in(world: World) -> None:
    await meet_everybody(world)
    made = await ask(world, HERSELF, "create_project", name="New", owner_email="Zoe@example.com")
    assert await roles(world, made["id"]) == {"Olga": "owner"}
    [token] = await tokens(world)
    await arrive(world)

    accepted = await ask(world, person(ZOE), "accept_invitation", token=token)

    assert (made["owner_user_id"], accepted["role"]) == (OLGA, "owner")
    assert await roles(world, made["id"]) == {"Zoe": "owner"}


async def test_an_owner_to_be_who_was_a_member_meanwhile_is_made_the_owner(world: World) -> None:
    await meet_everybody(world)
    made = await ask(world, OPERATOR, "create_project", name="New", owner_email="zoe@example.com")
    [token] = await tokens(world)
    await arrive(world)
    named = {"project_id": made["id"], "user_id": ZOE, "role": "viewer"}
    await ask(world, OPERATOR, "add_member", **named)

    await ask(world, person(ZOE), "accept_invitation", token=token)

    assert await roles(world, made["id"]) == {"Zoe": "owner"}


async def test_a_transfer_revokes_the_promise_of_the_owners_place(world: World) -> None:
    await meet_everybody(world)
    made = await ask(world, OPERATOR, "create_project", name="New", owner_email="zoe@example.com")
    [token] = await tokens(world)
    await arrive(world)
    named = {"project_id": made["id"], "user_id": ADA}
    await ask(world, OPERATOR, "add_member", role="admin", **named)

    await ask(world, OPERATOR, "transfer_ownership", **named)

    refusal = await refused(world, person(ZOE), "accept_invitation", token=token)
    assert refusal.facts == {"state": "revoked"}
    assert await roles(world, made["id"]) == {"Olga": "admin", "Ada": "owner"}


async def test_an_admin_touches_no_invitation_to_own_the_project(world: World) -> None:
    await meet_everybody(world)
    made = await ask(world, OPERATOR, "create_project", name="New", owner_email="zoe@example.com")
    named = {"invitation_id": made["owner_invitation_id"]}
    bob = {"project_id": made["id"], "user_id": BOB, "role": "admin"}
    await ask(world, OPERATOR, "add_member", **bob)

    for operation in ("resend_invitation", "revoke_invitation"):
        refusal = await refused(world, member(BOB, made["id"], Role.ADMIN), operation, **named)
        assert refusal.code == "not_the_owner"

    stand_in = member(OLGA, made["id"], Role.OWNER)
    assert (await ask(world, stand_in, "revoke_invitation", **named))["state"] == "revoked"


async def test_a_member_who_takes_the_invited_address_later_stays_what_they_are(
    world: World,
) -> None:
    project_id = await acme(world)
    await invite(world, project_id, role="admin")
    [token] = await tokens(world)
    await arrive(world, user_id=EVE)

    refusal = await refused(world, person(EVE), "accept_invitation", token=token)

    assert (refusal.code, refusal.facts) == ("already_member", {"user_id": EVE, "role": "member"})
    assert await state_of(world, project_id) == [("zoe@example.com", "pending")]


async def test_who_stands_in_for_themselves_goes_on_owning_the_project(world: World) -> None:
    await meet_everybody(world)
    made = await ask(world, HERSELF, "create_project", name="New", owner_email="zoe@example.com")
    [token] = await tokens(world)
    await arrive(world, user_id=OLGA)

    accepted = await ask(world, person(OLGA), "accept_invitation", token=token)

    assert accepted["role"] == "owner"
    assert await roles(world, made["id"]) == {"Zoe": "owner"}


async def test_an_invitation_nobody_made_is_not_found(world: World) -> None:
    project_id = await acme(world)
    named = {"project_id": project_id, "invitation_id": compose("ivt", 77)}

    for operation in ("resend_invitation", "revoke_invitation"):
        assert (await refused(world, OPERATOR, operation, **named)).code == "invitation_not_found"
