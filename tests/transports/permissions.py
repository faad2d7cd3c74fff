"""Write docs/permissions.md from the declarations: `python -m tests.transports.permissions`."""

from pathlib import Path
from typing import Any

from core.kernel.caller import Caller, CallerKind, PlatformRole, Role
from core.operations.admitting import may
from core.operations.operation import Operation
from mcp_server.wiring import OPERATIONS

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
ROLES: tuple[Role | PlatformRole, ...] = (*Role, *PlatformRole)

HEAD = """\
# Who may do what

Made from the declarations of the operations; a test compares this page with them.

A caller has a role in one project, or a platform role. Besides the role, an access token or an API
key must carry every scope that is named here; `:write` implies `:read`. *Everyone* needs a valid
token or key and nothing more, *anybody* not even that. A platform role that is bound to one project
sees that project only, and changes nothing outside it. A role is the least that is asked for: some
operations ask for more where the thing that is named is somebody else's, and say so.

"""


def page() -> str:
    """Return the whole page."""
    head = ["Operation", "Scopes", *map(str, ROLES)]
    rows = [head, ["---", "---", *[":-:"] * len(ROLES)], *map(_row, sorted(OPERATIONS, key=_order))]
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _order(operation: Operation[Any, Any]) -> tuple[str, str]:
    return operation.toolset, operation.name


def _row(operation: Operation[Any, Any]) -> list[str]:
    scopes = " ".join(f"`{each}`" for each in operation.scopes)
    if operation.anyone or operation.public:
        scopes = "anybody" if operation.public else "everyone"
    marks = ["yes" if may(operation, _caller(role)) else "" for role in ROLES]
    return [f"`{operation.name}`", scopes, *marks]


def _caller(role: Role | PlatformRole) -> Caller:
    kind = CallerKind.USER
    if isinstance(role, Role):
        return Caller(kind=kind, subject="", role=role)
    return Caller(kind=kind, subject="", platform_role=role)


if __name__ == "__main__":
    PAGE.write_text(page())
