"""Who may do what to whom, and what an address and an invitation are. No database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import text

from core.kernel.caller import Caller, CallerKind, Role
from core.operations import NotAllowed
from core.projects.errors import (
    AlreadyOwner,
    MemberNotFound,
    NotTheOwner,
    OwnerMustTransfer,
    RoleAboveYours,
)
from core.projects.model import (
    Headcount,
    Invitation,
    InvitationState,
    Member,
    check_change,
    check_grant,
    check_removal,
    check_transfer,
    expiry,
    is_billable,
    normal_email,
    time_zones,
)
from tests.core.projects.people import ADA, BOB, EVE, KIM, NOBODY
from tests.core.projects.people import member as caller
from tests.world import OPERATOR, PROJECT

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
INVITATION = Invitation(
    project_id=PROJECT,
    id="ivt_1",
    email="ada@example.com",
    role=Role.MEMBER,
    invited_by_user_id=None,
    created_at=NOW,
    sent_at=NOW,
    expires_at=expiry(NOW),
    accepted_at=None,
    revoked_at=None,
)


def place(user_id: str, role: Role) -> Member:
    return Member(project_id=PROJECT, user_id=user_id, role=role, joined_at=NOW)


OWNER, ADMIN, VIEWER = place(ADA, Role.OWNER), place(BOB, Role.ADMIN), place(KIM, Role.VIEWER)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("STRASSE@example.com", "strasse@example.com"),
        ("straße@example.com", "strasse@example.com"),
        ("a\u030ake@example.com", "\u00e5ke@example.com"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@bücher.example", "ada@bücher.example"),
    ],
)
def test_an_address_has_one_normal_form_however_it_is_written(written: str, normal: str) -> None:
    assert normal_email(written) == normal
    assert normal_email(normal) == normal


@given(text())
def test_what_is_in_normal_form_already_stays_as_it_is(written: str) -> None:
    assert normal_email(normal_email(written)) == normal_email(written)


def test_an_address_that_only_looks_alike_is_another_address() -> None:
    cyrillic = "\u0430da@example.com"

    assert normal_email(cyrillic) != normal_email("ada@example.com")


def test_an_invitation_expires_at_the_very_second_it_says() -> None:
    last = INVITATION.expires_at - timedelta(microseconds=1)

    assert INVITATION.state(last) is InvitationState.PENDING
    assert INVITATION.state(INVITATION.expires_at) is InvitationState.EXPIRED


def test_an_invitation_is_what_happened_to_it_first() -> None:
    in_time, too_late = NOW + timedelta(days=1), INVITATION.expires_at
    much_later = too_late + timedelta(days=365)

    accepted = replace(INVITATION, accepted_at=in_time)
    revoked = replace(INVITATION, revoked_at=in_time)
    made_room = replace(INVITATION, revoked_at=too_late)

    states = [each.state(much_later) for each in (accepted, revoked, made_room)]
    assert states == ["accepted", "revoked", "expired"]


def test_owners_admins_and_members_are_billed_for_and_viewers_are_not() -> None:
    assert [role for role in Role if is_billable(role)] == ["member", "admin", "owner"]
    counted = Headcount.of({Role.OWNER: 1, Role.ADMIN: 2, Role.MEMBER: 3, Role.VIEWER: 4})
    assert counted == Headcount(billable=6, viewers=4)


def test_nobody_gives_a_role_above_their_own() -> None:
    check_grant(caller(BOB, PROJECT, Role.ADMIN), Role.ADMIN)
    check_grant(OPERATOR, Role.ADMIN)

    with pytest.raises(RoleAboveYours):
        check_grant(caller(EVE, PROJECT, Role.MEMBER), Role.ADMIN)
    with pytest.raises(RoleAboveYours):
        check_grant(caller(BOB, PROJECT, Role.ADMIN), Role.OWNER)


@pytest.mark.parametrize("who", [OPERATOR, caller(ADA, PROJECT, Role.OWNER)])
def test_nobody_takes_the_owners_role_away_not_even_the_owner(who: Caller) -> None:
    with pytest.raises(OwnerMustTransfer):
        check_change(who, OWNER, Role.ADMIN)
    with pytest.raises(OwnerMustTransfer):
        check_removal(who, OWNER)


def test_someone_below_the_role_cannot_touch_who_has_it() -> None:
    with pytest.raises(RoleAboveYours):
        check_change(caller(EVE, PROJECT, Role.MEMBER), ADMIN, Role.VIEWER)


def test_everyone_may_leave_and_only_admins_remove_others() -> None:
    check_removal(caller(KIM, PROJECT, Role.VIEWER), VIEWER)
    check_removal(caller(BOB, PROJECT, Role.ADMIN), VIEWER)
    check_removal(OPERATOR, ADMIN)

    with pytest.raises(NotAllowed):
        check_removal(caller(EVE, PROJECT, Role.MEMBER), VIEWER)


def test_a_key_made_by_a_person_does_not_leave_for_them() -> None:
    key = replace(caller(KIM, PROJECT, Role.VIEWER), kind=CallerKind.SERVICE, key_id="key_1")

    with pytest.raises(NotAllowed):
        check_removal(key, VIEWER)


def test_ownership_is_given_by_its_owner_or_an_operator_to_another_member() -> None:
    owner = caller(ADA, PROJECT, Role.OWNER)

    assert check_transfer(owner, OWNER, ADMIN, BOB) is ADMIN
    assert check_transfer(OPERATOR, OWNER, VIEWER, KIM) is VIEWER
    with pytest.raises(MemberNotFound):
        check_transfer(owner, OWNER, None, NOBODY)
    with pytest.raises(AlreadyOwner):
        check_transfer(owner, OWNER, OWNER, ADA)


def test_who_owned_the_project_when_their_token_was_read_may_own_it_no_longer() -> None:
    with pytest.raises(NotTheOwner):
        check_transfer(caller(BOB, PROJECT, Role.OWNER), OWNER, ADMIN, BOB)


def test_time_zones_are_places_and_not_what_this_machine_is_set_to() -> None:
    assert {"UTC", "Europe/Berlin", "America/New_York"} <= time_zones()
    assert not {"localtime", "Factory", "posixrules"} & time_zones()
