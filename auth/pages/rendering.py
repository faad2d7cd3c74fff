"""Make a page: escaped text in a template, behind headers that let nothing else in.

No page has a script. What people and programs call themselves is untrusted: it is escaped, its
invisible and direction-changing characters are dropped, and it stands in an element of its own.
"""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.kernel.errors import EngineError, Kind

STYLE_PATH = "/auth/static/auth.css"
TEXT_MAX = 120
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}  # needed to write Persian and Hindi; harmless in a line
_STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.PAYMENT_REQUIRED: 402,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.REFUSED: 422,
    Kind.LIMITED: 429,
    Kind.BUSY: 503,
}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Browser programs open the sign-in in a window of their own and wait for its answer there.
    "Cross-Origin-Opener-Policy": "unsafe-none",
}


def policy(form_target: str | None = None) -> str:
    """Return the page's Content-Security-Policy.

    Browsers hold the redirect that answers a form to `form-action` too, so the consent page, and
    no other, adds where the program it is about is sent.
    """
    targets = f"'self' {form_target}" if form_target else "'self'"
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )


def form_target(redirect_uri: str) -> str:
    """Return what a policy calls the place a redirect URI leads to. Pure.

    A policy has no words for an IPv6 address, nor for anything in a private scheme but the scheme.
    """
    parts = urlsplit(redirect_uri)
    if parts.scheme in {"http", "https"} and parts.hostname and ":" not in parts.hostname:
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}"
    return f"{parts.scheme}:"


def plain(text: object) -> str:
    """Show somebody's text as one short line of visible characters."""
    shown = "".join(each for each in str(text) if each in _JOINERS or not _is_hidden(each))
    shown = " ".join(shown.split())
    return shown if len(shown) <= TEXT_MAX else shown[: TEXT_MAX - 1] + "…"


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN


@cache
def templates(*packages: str) -> Environment:
    """Return the templates of these packages, and ours, which theirs may extend."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in (*packages, "auth.pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "instant": instant}
    environment.globals["style_path"] = STYLE_PATH
    return environment


def render(
    template: str, values: Mapping[str, Any], *, status: int = 200, form_target: str | None = None
) -> HTMLResponse:
    """Fill in a template. A value that is missing is an error, never an empty place."""
    return page(templates(), template, values, status=status, form_target=form_target)


def page(
    environment: Environment,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    form_target: str | None = None,
) -> HTMLResponse:
    """Fill in a template of these, behind the headers of every page."""
    body = environment.get_template(template).render(values)
    headers = HEADERS | {"Content-Security-Policy": policy(form_target)}
    return HTMLResponse(body, status, headers)


def message(
    title: str, text: str, *, status: int, name: str, retry_after: int | None = None
) -> HTMLResponse:
    """A page that says one thing, and where to go from there."""
    response = render("message.html", {"title": title, "text": text, "name": name}, status=status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def refusal(error: EngineError, name: str) -> HTMLResponse:
    """Tell a person why it cannot be done. Errors hold no secrets and nothing is made up here."""
    return message(
        "That did not work",
        str(error),
        status=_STATUS[error.kind],
        name=name,
        retry_after=error.facts.get("retry_after"),
    )


def picture(svg: bytes) -> Response:
    """An image that belongs to one person and is kept by nobody."""
    headers = HEADERS | {"Content-Security-Policy": "default-src 'none'"}
    return Response(svg, media_type="image/svg+xml", headers=headers)


async def style(request: Request) -> Response:
    """The one stylesheet, the same for everyone."""
    return Response(
        _style(),
        media_type="text/css",
        headers={"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"},
    )


@cache
def _style() -> bytes:
    return resources.files("auth.pages").joinpath("static/auth.css").read_bytes()


def quoted(path: str) -> str:
    """Write a path so that it can be one value of a query."""
    return quote(path, safe="")
