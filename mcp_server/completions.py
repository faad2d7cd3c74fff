"""Complete identifiers and keys while somebody types them, from what they may see anyway."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp.server import ServerRequestContext

from core.operations.operation import Operation
from core.operations.perform import Gate
from mcp_server.asked import Asked, asked

VALUES_MAX = 100
LOOKED_AT_MAX = 200

Context = ServerRequestContext[Any, Any]
Items = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of an argument come from: a list, and what of each item is offered."""

    operation: str
    offered: str
    known_as: tuple[str, ...] = ()
    """Fields by which people know the item: typing one of these finds it too."""
    given: tuple[str, ...] = ()
    """Arguments, already filled in, that the list needs."""


SOURCES = {
    "project_id": Source("list_projects", "id", ("external_key", "name")),
    "wallet_id": Source("list_wallets", "id", ("name", "asset"), given=("project_id",)),
    "meter": Source("list_meters", "key", ("name",)),
}


class Completions:
    """Answers `completion/complete` for the arguments of prompts and resource templates."""

    def __init__(self, operations: Sequence[Operation[Any, Any]], gate: Gate) -> None:
        self._operations = {each.name: each for each in operations}
        self._gate = gate

    async def complete(
        self, context: Context, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """Offer what fits what was typed. Who may not look is offered nothing."""
        request = asked(context)
        source = SOURCES.get(params.argument.name)
        if source is None or source.operation not in self._operations:
            return _offer([])
        filled = (params.context and params.context.arguments) or {}
        items = await self._items(source, filled, request)
        return _offer(matching(source, items, params.argument.value))

    async def _items(self, source: Source, filled: Mapping[str, str], request: Asked) -> Items:
        arguments: dict[str, Any] = {n: filled[n] for n in source.given if filled.get(n)}
        operation = self._operations[source.operation]
        if "limit" in operation.request.model_fields:
            arguments["limit"] = LOOKED_AT_MAX
        outcome = await self._gate.perform(operation, request.call(arguments))
        items: Items = () if outcome.error else outcome.body.get("items", ())
        return items


def matching(source: Source, items: Items, typed: str) -> list[str]:
    """Offer what begins with what was typed, and then what is otherwise known by it. Pure."""
    typed = typed.lower()
    found = []
    for item in items:
        value = str(item[source.offered])
        words = [value, *(str(item.get(name) or "") for name in source.known_as)]
        if any(typed in each.lower() for each in words):
            found.append((not value.lower().startswith(typed), value))
    return [value for _, value in sorted(found)]


def _offer(values: Sequence[str]) -> types.CompleteResult:
    return types.CompleteResult(
        completion=types.Completion(
            values=list(values[:VALUES_MAX]),
            total=len(values),
            has_more=len(values) > VALUES_MAX,
        )
    )
