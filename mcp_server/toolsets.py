"""Which tools a request is offered: chosen by its path, and only ever tightened by its headers.

`/mcp` serves the default list, `/mcp/readonly` what reads of it, `/mcp/x/{toolset}` one toolset and
`/mcp/x/all` everything; `/readonly` may follow. `X-MCP-Readonly` wins over `X-MCP-Toolsets` and
`X-MCP-Tools`, which add up to each other and are then cut down to what the path serves.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from core.operations.errors import invalid
from core.operations.operation import Operation, RateClass
from core.operations.scopes import SCOPES

DEFAULT_TOOLS = (
    "whoami",
    "list_projects",
    "get_project",
    "create_project",
    "get_project_overview",
    "list_wallets",
    "check_balance",
    "list_transactions",
    "grant_credits",
    "list_grants",
    "hold_credits",
    "capture_hold",
    "release_hold",
    "list_meters",
    "create_meter",
    "record_usage",
    "charge_usage",
    "check_entitlement",
    "summarize_usage",
    "list_usage_events",
    "list_credit_packs",
    "create_checkout",
    "get_checkout",
    "list_members",
    "invite_member",
    "create_api_key",
    "list_tool_invocations",
)
"""The everyday list: short enough for every client to show whole. At most 30."""

TOOLSETS_HEADER = "x-mcp-toolsets"
TOOLS_HEADER = "x-mcp-tools"
READONLY_HEADER = "x-mcp-readonly"

_ON = {"true", "1", "yes", "on"}
_OFF = {"false", "0", "no", "off", ""}

Names = frozenset[str]


class Toolsets:
    """The tools there are, in the groups that a request can ask for."""

    def __init__(self, operations: Sequence[Operation[Any, Any]]) -> None:
        self.operations = {each.name: each for each in operations}
        self.groups = {
            "all": frozenset(self.operations),
            "default": frozenset(self.operations) & frozenset(DEFAULT_TOOLS),
        }
        for each in operations:
            group = self.groups.get(str(each.toolset), frozenset())
            self.groups[str(each.toolset)] = group | {each.name}
        self._reads = frozenset(each.name for each in operations if each.reads)
        self._select = lru_cache(maxsize=512)(self._select_uncached)
        self._scopes = lru_cache(maxsize=512)(self._scopes_uncached)

    def select(self, path: str, headers: Mapping[str, str]) -> Names:
        """Return the names served at `path` (what follows `/mcp`) to a request with these headers.

        An unknown name is refused by naming the valid ones: a selection that silently selected
        nothing would look like a broken server, and one that selected everything would be worse.
        """
        return self._select(
            path.strip("/"),
            headers.get(TOOLSETS_HEADER, ""),
            headers.get(TOOLS_HEADER, ""),
            headers.get(READONLY_HEADER, ""),
        )

    def scopes(self, names: Names) -> tuple[str, ...]:
        """Return the scopes to ask for at first, in the listed order.

        What hands out credentials, moves people or creates value is left out: those scopes are
        asked for when they are needed, so that nobody grants them unawares.
        """
        return self._scopes(names)

    def _scopes_uncached(self, names: Names) -> tuple[str, ...]:
        offered = [self.operations[name] for name in names]
        needed = {
            scope
            for each in offered
            if each.rate is not RateClass.SENSITIVE
            for scope in each.scopes
        }
        return tuple(scope for scope in SCOPES if scope in needed)

    def _select_uncached(self, path: str, toolsets: str, tools: str, readonly: str) -> Names:
        served = self._at(path)
        if toolsets or tools:
            named = self._named(toolsets, tools)
            served = served & named
        return served & self._reads if _is_on(readonly) else served

    def _at(self, path: str) -> Names:
        parts = path.split("/") if path else []
        served = self.groups["default"]
        if parts[:1] == ["x"]:
            named = parts[1] if len(parts) > 1 else ""
            if named not in self.groups:
                raise invalid("toolset", f"must be one of {', '.join(sorted(self.groups))}")
            served, parts = self.groups[named], parts[2:]
        if parts == ["readonly"]:
            return served & self._reads
        if parts:
            raise invalid("path", "must be /mcp, /mcp/readonly or /mcp/x/{toolset}")
        return served

    def _named(self, toolsets: str, tools: str) -> Names:
        groups, names = _words(toolsets), _words(tools)
        if not groups <= self.groups.keys():
            raise invalid(TOOLSETS_HEADER, f"may name {', '.join(sorted(self.groups))}")
        if not names <= self.operations.keys():
            raise invalid(TOOLS_HEADER, f"may name {', '.join(sorted(self.operations))}")
        return names.union(*(self.groups[each] for each in groups))


def _words(header: str) -> Names:
    return frozenset(filter(None, (each.strip() for each in header.split(","))))


def _is_on(header: str) -> bool:
    """Read a switch. Sent twice, it is on if it is on once: a proxy's word cannot be taken back."""
    words = {each.strip().lower() for each in header.split(",")}
    if not words <= _ON | _OFF:
        raise invalid(READONLY_HEADER, "must be true or false")
    return bool(words & _ON)
