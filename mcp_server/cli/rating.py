"""`bursar rate FILE`: what usage would cost by a price in a file. It needs no installation."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from core import quoting
from core.kernel.errors import EngineError
from core.operations.admitting import validate
from mcp_server.cli.books import AsJson
from mcp_server.cli.telling import MISUSED, out, stop, stop_for, tell_json
from mcp_server.http.strict_json import JsonProblem, read
from mcp_server.problems import problem

BESIDE = set(quoting.PreviewPrice.model_fields) - {"price"}
"""What may stand beside a price, in the same object: how much was used, and how it is charged."""
COLUMNS = ("path", "quantity", "unit", "flat", "exact", "amount")
WITHIN = "price."


def rate(
    file: Annotated[str, typer.Argument(help="JSON: a price, its usage beside it; - for stdin.")],
    quantity: Annotated[str | None, typer.Option(help="How much was used.")] = None,
    asset: Annotated[str | None, typer.Option(help="What is charged in, as in USD/2.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rate usage by a price, line by line. The file holds what preview_price takes."""
    told = _read(file)
    arguments = _arguments(told)
    for name, value in (("quantity", quantity), ("asset", asset)):
        if value is not None:
            arguments[name] = value
    try:
        request = validate(quoting.preview_price, arguments, None)
        assert isinstance(request, quoting.PreviewPrice), "that is what it was read as"
        rated = quoting.preview(request)
    except EngineError as error:
        if "model" in told:
            _as_written(error)
        if as_json:
            tell_json(problem(error))
        stop_for(error)
    tell_json(rated.model_dump()) if as_json else _tell(rated)


def _read(file: str) -> dict[str, Any]:
    try:
        body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        told = read(body)
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror}", MISUSED)
    except JsonProblem as error:
        stop(f"{file} cannot be read: {error}", MISUSED)
    if not isinstance(told, dict):
        stop(f"{file} must hold an object: a price, and how much was used", MISUSED)
    return told


def _arguments(told: dict[str, Any]) -> dict[str, Any]:
    """Make the call of it: a price that stands there by itself has its usage beside its members."""
    if "model" not in told:
        return dict(told)
    price = {name: value for name, value in told.items() if name not in BESIDE}
    return {"price": price} | {name: told[name] for name in BESIDE & told.keys()}


def _as_written(error: EngineError) -> None:
    """Name the field as it stands in the file, where the price is the whole of it."""
    if (field := getattr(error, "field", None)) is not None:
        error.field = field.removeprefix(WITHIN)  # type: ignore[attr-defined] # it has one, as seen
    for each in getattr(error, "problems", ()):
        each["field"] = each["field"].removeprefix(WITHIN)


def _tell(rated: quoting.PricePreview) -> None:
    rows = [COLUMNS, *([getattr(line, each) for each in COLUMNS] for line in rated.lines)]
    rows.append(("total", "", "", "", rated.exact, f"{rated.total} {rated.asset}"))
    widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
    for row in rows:
        told = [row[0].ljust(widths[0])]
        told += [each.rjust(width) for each, width in zip(row[1:], widths[1:], strict=True)]
        out.print("  ".join(told).rstrip(), markup=False)
