"""Serve the documentation: Swagger UI over `/openapi.json`, and a page for every error.

Everything comes from this server, under a policy that allows no inline script, so that looking at
the documentation tells nobody else that this installation exists.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from inspect import cleandoc
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from core.kernel.errors import EngineError
from mcp_server.http import answers, exchange
from mcp_server.http.errors import NoSuchPath
from mcp_server.problems import status, title

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_SERVED = {
    str(path.relative_to(_STATIC)): path
    for path in _STATIC.rglob("*")
    if path.suffix in {".js", ".css", ".png"}
}
_pages = Environment(
    loader=FileSystemLoader(_HERE / "pages"), autoescape=True, undefined=StrictUndefined
)


def policy(public_url: str) -> str:
    """Allow the page its own files, and calls to this API under the name its clients use."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {public_url}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """What the documentation says about one code."""

    code: str
    status: int
    says: str
    facts: tuple[str, ...]


def catalogue() -> list[ErrorEntry]:
    """Describe every error there is, in order of code. Several reasons may share one code."""
    found = {(each.code, each.__qualname__): each for each in errors_below(EngineError)}
    return [described(found[key]) for key in sorted(found)]


def errors_below(base: type[EngineError]) -> Iterator[type[EngineError]]:
    """Return the error classes that have a code, however deep they derive from this one."""
    for each in base.__subclasses__():
        if "code" in vars(each) or hasattr(each, "code"):
            yield each
        yield from errors_below(each)


def described(error: type[EngineError]) -> ErrorEntry:
    # The first paragraph is the message; a fact in it is shown by its name.
    says = " ".join(cleandoc(error.__doc__ or "").partition("\n\n")[0].split())
    facts = tuple(field.name for field in fields(error))
    return ErrorEntry(error.code, status(error), says, facts)


def routes(document: dict[str, Any], public_url: str) -> list[Route]:
    """Serve the OpenAPI document that was made at start, and the pages about it."""
    packed = orjson.dumps(document)
    guarded = {"Content-Security-Policy": policy(public_url)}

    async def openapi(http: Request) -> Response:
        exchange.of(http.scope).route = "/openapi.json"
        shared = {"Cache-Control": "public, max-age=300"}
        return Response(packed, headers=shared, media_type="application/json")

    def page(name: str) -> Any:
        html = _pages.get_template(name).render()

        async def endpoint(http: Request) -> Response:
            exchange.of(http.scope).route = http.url.path
            return HTMLResponse(html, headers=guarded)

        return endpoint

    async def static(http: Request) -> Response:
        exchange.of(http.scope).route = "/docs/static/"
        path = _SERVED.get(http.path_params["name"])
        if path is None:
            return answers.refused(NoSuchPath())
        return FileResponse(path, headers={"Cache-Control": "public, max-age=86400"})

    return [
        Route("/openapi.json", openapi),
        Route("/docs", page("swagger.html")),
        Route("/docs/oauth2-redirect", page("oauth2-redirect.html")),
        Route("/docs/errors", _errors(guarded)),
        Route("/docs/errors/{code}", _errors(guarded)),
        Route("/docs/static/{name:path}", static),
    ]


def _errors(headers: dict[str, str]) -> Any:
    async def endpoint(http: Request) -> Response:
        exchange.of(http.scope).route = "/docs/errors"
        code = http.path_params.get("code")
        shown = [each for each in _listed() if code in {None, each.code}]
        if not shown:
            return answers.refused(NoSuchPath())
        heading = title(code) if code else "Errors"
        html = _pages.get_template("errors.html").render(
            heading=heading, one=code is not None, errors=shown
        )
        return HTMLResponse(html, headers=headers)

    return endpoint


@lru_cache(maxsize=1)
def _listed() -> Sequence[ErrorEntry]:
    """Every error class is loaded by the time the first page is asked for."""
    return catalogue()
