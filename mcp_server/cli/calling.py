"""`bursar call OPERATION key=value …`: any operation of the engine, straight at its gate.

Whoever may run this can read the database anyway, so it acts as the engine itself; the trail says
which account of the machine it was.
"""

import asyncio
import getpass
import json
from dataclasses import replace
from typing import Annotated, Any

import typer

from core.kernel.caller import SYSTEM, Caller
from core.operations.operation import Operation
from core.operations.perform import Call, Outcome
from mcp_server.cli.telling import MISUSED, NOT_FOUND, out, stop, stop_for, tell_fields, tell_json
from mcp_server.http.arguments import from_query
from mcp_server.problems import problem
from mcp_server.wiring import Installation, opened

DOOR = "cli"


def local_caller() -> Caller:
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = "unknown"
    return replace(SYSTEM, subject=f"cli:{account}", label=account)


def call(
    operation: Annotated[str, typer.Argument(help="Its name; `bursar call list` lists them.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="key=value, or key:=JSON for lists and objects.")
    ] = None,
    idempotency_key: Annotated[str | None, typer.Option(help="Do it once under this key.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Perform one operation, as in: bursar call get_project external_key=acme."""
    outcome = asyncio.run(_call(operation, arguments or [], idempotency_key))
    if outcome is None:
        return
    if outcome.error:
        if as_json:
            tell_json(problem(outcome.error))
        stop_for(outcome.error)
    tell_json(outcome.body) if as_json else tell_fields(outcome.body)


async def _call(name: str, arguments: list[str], key: str | None) -> Outcome | None:
    async with opened() as installation:
        if name == "list":
            _list(installation)
            return None
        operation = installation.operations.get(name)
        if operation is None:
            stop(f"there is no operation {name}; see bursar call list", NOT_FOUND)
        told = Call(
            caller=local_caller(),
            arguments=read_arguments(operation, arguments),
            door=DOOR,
            idempotency_key=key,
        )
        return await installation.gate.perform(operation, told)


def read_arguments(operation: Operation[Any, Any], words: list[str]) -> dict[str, Any]:
    """Read `key=value` by the operation's own schema; `key:=…` is JSON as it stands."""
    texts: list[tuple[str, str]] = []
    read: dict[str, Any] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or name.removesuffix(":") not in operation.request.model_fields:
            known = ", ".join(operation.request.model_fields)
            stop(f"{word!r} is not key=value with one of these keys: {known}", MISUSED)
        if not name.endswith(":"):
            texts.append((name, value))
            continue
        try:
            read[name[:-1]] = json.loads(value)
        except ValueError as error:
            stop(f"{name[:-1]} is not JSON: {error}", MISUSED)
    return read | from_query(operation.request, texts)


def _list(installation: Installation) -> None:
    for operation in installation.operations.values():
        out.print(f"{operation.name:<24} {operation.title}", markup=False)
