"""Who may do what: the published table, the declarations, and what really happens are one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.kernel.caller import PlatformRole, Role
from core.operations.scopes import SCOPES
from mcp_server.wiring import OPERATIONS
from tests.transports import permissions
from tests.transports.cases import CASES
from tests.transports.doors import BY_NAME, DOORS, Answer, DoorName, Doors, both_doors
from tests.transports.permissions import PAGE, ROLES
from tests.transports.tenant import STAFF, Tenant, settled
from tests.world import OPERATOR

pytestmark = pytest.mark.anyio

NOT_AUTHORIZED = {"not_allowed", "insufficient_scope", "unauthenticated"}
Here = tuple[Doors, Tenant]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    """A customer, and a caller of every role by the name of the role."""
    async with settled("sqlite", tmp_path, "acme") as (world, (tenant,)):
        callers = {str(role): tenant.caller(role) for role in Role}
        async with both_doors(world, callers | STAFF) as doors:
            yield doors, tenant


def published() -> dict[str, dict[str, bool]]:
    """Read the page: for each operation, which roles it says yes to."""
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| `")
    ]
    return {
        name.strip("`"): {str(role): mark == "yes" for role, mark in zip(ROLES, marks, strict=True)}
        for name, _, *marks in rows
    }


async def ask(here: Here, who: str, name: str) -> Answer:
    """Make the operation's call as this role, about oneself where it is about a member."""
    doors, tenant = here
    sent = CASES[name].arguments(tenant)
    if name == "remove_member" and who in {*Role}:
        # Everyone may leave; to remove somebody else takes more than the role that is declared.
        sent["user_id"] = tenant.people[Role(who)]
    door: DoorName = "http" if len(name) % 2 else "mcp"
    return await doors.call(door, who, name, sent)


def test_the_published_table_is_the_declarations() -> None:
    how = "run: python -m tests.transports.permissions"
    assert PAGE.read_text() == permissions.page(), how


def test_every_operation_is_published() -> None:
    assert published().keys() == BY_NAME.keys()


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_do_what_is_published_and_nothing_else(
    here: Here, role: Role | PlatformRole
) -> None:
    wrong = []
    for name, marks in published().items():
        answer = await ask(here, str(role), name)
        refused = answer.code in NOT_AUTHORIZED
        if refused == marks[role]:
            wrong.append(f"{name}: {answer.status} {answer.code}")

    assert wrong == []


async def test_no_role_creates_value_but_the_operators_own(here: Here) -> None:
    creating = ("grant_credits", "reverse_transaction", "create_meter", "create_project")
    for name in creating:
        marks = published()[name]
        assert [role for role, yes in marks.items() if yes] == ["operator"], name


async def test_a_scope_that_is_missing_is_asked_for_before_the_role(here: Here) -> None:
    doors, tenant = here
    for operation in OPERATIONS:
        if not operation.scopes:
            continue
        for lacking in operation.scopes:
            # Without this scope and whatever implies it.
            kept = {each for each in SCOPES if not each.startswith(lacking.split(":")[0])}
            doors.callers["few"] = replace(OPERATOR, scopes=frozenset(kept))
            sent = CASES[operation.name].arguments(tenant)
            for door in DOORS:
                answer = await doors.call(door, "few", operation.name, sent)
                assert answer.code == "insufficient_scope", operation.name
                assert answer.body["scopes"] == list(operation.scopes)
                assert lacking in answer.body["missing"]
