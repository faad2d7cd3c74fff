"""Make a page of the console: its own templates, in the frame that `auth.pages` has."""

from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment
from starlette.responses import HTMLResponse

from auth.pages import rendering
from auth.pages.visit import Visit

PACKAGE = "mcp_server.console"


@cache
def _templates() -> Environment:
    environment = rendering.templates(PACKAGE)
    environment.tests["nothing"] = _is_nothing
    environment.filters |= {"amount": amount, "unit": unit}
    return environment


def amount(text: str, asset: str) -> str:
    """Write an amount as people read it, with its unit: money in full, credits without zeros."""
    exact = Decimal(text)
    number = f"{exact:,}" if asset.endswith(("/0", "/2", "/3")) else f"{exact.normalize():,f}"
    return f"{number} {unit(asset)}"


def unit(asset: str) -> str:
    """Return what an asset counts, without how finely: `USD` of `USD/2`."""
    return asset.partition("/")[0]


def _is_nothing(text: str | None) -> bool:
    """Tell whether an amount, as operations write it, is no amount at all."""
    return text is None or not Decimal(text)


def show(visit: Visit, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill in a template of the console's."""
    return rendering.page(_templates(), template, visit.filled(values), status=status)


def not_found(visit: Visit) -> HTMLResponse:
    """Say the same of what does not exist and of what this person may not know of."""
    text = "It does not exist, or you have no place in its project."
    return rendering.message("Nothing is here", text, status=404, name=visit.name)
