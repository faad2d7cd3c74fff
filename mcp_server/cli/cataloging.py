"""`bursar catalog export | plan | apply FILE`: the catalog kept as a file, beside the code.

`plan` ends with 2 where something would change, so that a pipeline can tell; then 1 is what went
wrong, whatever it was.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core.kernel.errors import EngineError
from core.operations.perform import Call, Outcome
from mcp_server.cli.calling import DOOR, local_caller
from mcp_server.cli.telling import FAILED, err, out, stop, tell_json
from mcp_server.problems import problem
from mcp_server.wiring import Installation, opened

DIFFERENT = 2
SIGNS = {"create": ("+", "green"), "archive": ("-", "red")}
CHANGED = ("~", "yellow")
FILE_BYTES_MAX = 4 * 1024 * 1024

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[str, typer.Argument(help="A catalog in YAML; - for stdin.")]
catalog = typer.Typer(
    help="Keep the catalog as a file: take it out, see what would change, and apply it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@catalog.command()
def export(file: Annotated[str, typer.Argument(help="Where to; - for stdout.")] = "-") -> None:
    """Write the catalog as YAML."""
    document = _ask("export_catalog", {})["document"]
    if file == "-":
        sys.stdout.write(document)
        return
    try:
        Path(file).write_text(document, "utf-8")
    except OSError as error:
        stop(f"{file} cannot be written: {error.strerror}", FAILED)


@catalog.command()
def plan(file: File, as_json: AsJson = False) -> None:
    """Show what applying a file would change. Exits 2 if anything, 0 if nothing."""
    told = _ask("plan_catalog", {"document": _read(file)}, as_json=as_json)
    tell_json(told) if as_json else _tell(told)
    if told["count"]:
        raise typer.Exit(DIFFERENT)


@catalog.command()
def apply(
    file: File,
    digest: Annotated[
        str | None, typer.Option(help="Apply only what plan showed under this digest.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a file changes, ask, and change exactly that: all of it, or nothing."""
    document = _read(file)
    told = _ask("plan_catalog", {"document": document}, as_json=as_json)
    if not as_json:
        _tell(told)
    if told["count"] and not (yes or digest) and not _agreed(file):
        stop("nothing was changed; --yes applies without asking", FAILED)
    arguments = {"document": document, "expected_digest": digest or told["digest"]}
    done = _ask("apply_catalog", arguments, as_json=as_json)
    if as_json:
        tell_json(done)
    elif done["count"]:
        out.print(f"Applied {_changes(done['count'])}.")


def _agreed(file: str) -> bool:
    if file == "-" or not sys.stdin.isatty():
        return False
    return typer.confirm("Apply this?", err=True)


def _read(file: str) -> str:
    try:
        body = sys.stdin.buffer.read(FILE_BYTES_MAX) if file == "-" else _bytes(Path(file))
        return body.decode()
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror}", FAILED)
    except UnicodeDecodeError:
        stop(f"{file} cannot be read: it is not UTF-8", FAILED)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX)


def _ask(name: str, arguments: Mapping[str, Any], *, as_json: bool = False) -> dict[str, Any]:
    outcome = asyncio.run(_perform(name, arguments))
    if outcome.error:
        _refused(outcome.error, as_json=as_json)
    return outcome.unwrap()


async def _perform(name: str, arguments: Mapping[str, Any]) -> Outcome:
    async with opened() as installation:
        return await _call(installation, name, arguments)


async def _call(installation: Installation, name: str, arguments: Mapping[str, Any]) -> Outcome:
    told = Call(caller=local_caller(), arguments=dict(arguments), door=DOOR, idempotency_key=None)
    return await installation.gate.perform(installation.operations[name], told)


def _refused(error: EngineError, *, as_json: bool) -> None:
    """Say each thing that is wrong on a line of its own. Never with the code of a difference."""
    if as_json:
        tell_json(problem(error))
        raise typer.Exit(FAILED)
    problems: Sequence[Mapping[str, str]] = getattr(error, "problems", ())
    if not problems:
        stop(str(error), FAILED)
    for each in problems:
        err.print(f"bursar: {each['field']}: {each['problem']}", markup=False)
    raise typer.Exit(FAILED)


# -- What would change -----------------------------------------------------------------------------


def _tell(told: Mapping[str, Any]) -> None:
    for each in told["changes"]:
        _tell_step(each)
    left_off = told["count"] - len(told["changes"])
    if left_off:
        out.print(f"… and {left_off} more")
    what = _changes(told["count"]) if told["count"] else "Nothing"
    out.print(f"{what} to apply. Digest {told['digest']}", markup=False)


def _tell_step(step: Mapping[str, Any]) -> None:
    """Print one difference: a sign, the path, and what was and will be there."""
    sign, colour = SIGNS.get(step["action"], CHANGED)
    if sign == CHANGED[0] and step["before"] is None:
        sign, colour = SIGNS["create"]
    if sign == CHANGED[0] and step["after"] is None:
        sign, colour = SIGNS["archive"]
    out.print(f"{sign} {step['action']:<8} {step['path']}", style=colour, markup=False)
    for mark, value, shade in (("-", step["before"], "red"), ("+", step["after"], "green")):
        if value is not None:
            out.print(f"    {mark} {_written(value)}", style=shade, markup=False)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"
