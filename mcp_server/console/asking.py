"""What a page asks for is an operation, asked as the person who looks at it, through the gate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from auth.pages.visit import Visit
from auth.standing import standing
from auth.users import User
from core.kernel.caller import Caller
from core.kernel.ids import is_id
from core.operations.admitting import may
from core.operations.operation import Operation
from core.operations.perform import Call

DOOR = "pages"
Operations = Mapping[str, Operation[Any, Any]]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, looking at one project."""

    visit: Visit
    operations: Operations
    caller: Caller
    project_id: str

    async def ask(self, name: str, key: str | None = None, **arguments: Any) -> dict[str, Any]:
        """Perform the operation about this project. Raises why it is refused."""
        return await perform(self.visit, self.operations[name], self.caller, arguments, key=key)

    def may(self, name: str) -> bool:
        """Tell whether this person's role allows it: what it does not is not shown."""
        return may(self.operations[name], self.caller)


async def perform(
    visit: Visit,
    operation: Operation[Any, Any],
    caller: Caller,
    arguments: Mapping[str, Any],
    *,
    key: str | None = None,
) -> dict[str, Any]:
    call = Call(caller=caller, arguments=arguments, door=DOOR, idempotency_key=key)
    return (await visit.people.gate.perform(operation, call)).unwrap()


async def looking_at(
    visit: Visit, operations: Operations, user: User, project_id: str
) -> Person | None:
    """Return who looks at the project; None for whoever has no place in it."""
    if not is_id("prj", project_id):
        return None
    async with visit.people.database.read(visit.caller) as work:
        found = await standing(work, user.id, project_id)
    if found is None:
        return None
    caller = replace(
        visit.caller, project_id=project_id, role=found.role, platform_role=found.platform_role
    )
    return Person(visit, operations, caller, project_id)
