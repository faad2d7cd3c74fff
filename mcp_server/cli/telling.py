"""How the command line speaks: results on stdout, everything else on stderr, and exit codes.

0 done, 1 failed or not proven, 2 used wrongly, 3 a wrong setting, 4 not found, 5 refused or in
conflict, 75 busy (try again), 130 interrupted.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import typer
from rich.console import Console

from core.kernel.errors import EngineError, Kind

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

FAILED, MISUSED, WRONG_SETTING, NOT_FOUND, REFUSED, BUSY = 1, 2, 3, 4, 5, 75
EXIT_CODES = {
    Kind.INVALID: MISUSED,
    Kind.UNAUTHENTICATED: REFUSED,
    Kind.PAYMENT_REQUIRED: REFUSED,
    Kind.FORBIDDEN: REFUSED,
    Kind.NOT_FOUND: NOT_FOUND,
    Kind.CONFLICT: REFUSED,
    Kind.REFUSED: REFUSED,
    Kind.LIMITED: BUSY,
    Kind.BUSY: BUSY,
}


def stop(message: str, code: int = FAILED) -> NoReturn:
    """End with one line on stderr."""
    err.print(f"bursar: {message}", markup=False)
    raise typer.Exit(code)


def stop_for(error: EngineError) -> NoReturn:
    stop(str(error), EXIT_CODES[error.kind])


def tell_json(value: Any) -> None:
    out.print(json.dumps(value, indent=2, ensure_ascii=False, default=str), markup=False)


def tell_fields(body: Mapping[str, Any]) -> None:
    """Print a result for people: a line for each field."""
    width = max(map(len, body), default=0)
    for name, value in body.items():
        told = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
        out.print(f"{name:<{width}}  {told}", markup=False)
