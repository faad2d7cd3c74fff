"""How a page is made: templates, a policy that lets nothing in from outside, and no script."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mcp_server.sandbox.money import spelled
from mcp_server.sandbox.params import Params, decode_form
from mcp_server.sandbox.sandbox import Sandbox

HERE = Path(__file__).parent
STYLE_PATH = "/static/sandbox.css"
FORM_MAX = 100_000
_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def instant(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_templates.filters["money"] = spelled
_templates.filters["instant"] = instant


@dataclass(frozen=True, slots=True)
class Visit:
    """One person, one request."""

    sandbox: Sandbox
    http: Request
    form: Params

    @classmethod
    async def of(cls, sandbox: Sandbox, http: Request) -> "Visit":
        body = bytearray()
        if http.method == "POST":
            async for chunk in http.stream():
                body += chunk
                if len(body) > FORM_MAX:
                    body.clear()
                    break
        return cls(sandbox, http, Params(decode_form(body.decode("utf-8", "replace"))))

    @property
    def is_from_our_page(self) -> bool:
        """Whether a form was sent from a page of this origin; reading is free to all."""
        site = self.http.headers.get("sec-fetch-site", "same-origin")
        return self.http.method == "GET" or site in {"same-origin", "none"}

    def id(self, name: str) -> str:
        return str(self.http.path_params[name])

    def show(
        self, template: str, *, leads_to: Iterable[str | None] = (), status: int = 200, **facts: Any
    ) -> Response:
        """Show a page. `leads_to` are the addresses elsewhere that its forms may end at."""
        base = urlsplit(self.sandbox.url).path
        page = _templates.get_template(template).render(base=base, style=STYLE_PATH, **facts)
        headers = {
            "Content-Security-Policy": policy(leads_to),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        return HTMLResponse(page, status, headers)

    def message(self, text: str, *, status: int = 200, link: str | None = None) -> Response:
        return self.show("message.html", text=text, link=link, status=status)

    def go(self, url: str) -> Response:
        """Send the browser on, to a page of ours by its path or elsewhere by its address."""
        if url.startswith("/"):
            url = urlsplit(self.sandbox.url).path + url
        return RedirectResponse(url, 303, {"Cache-Control": "no-store"})


def policy(leads_to: Iterable[str | None]) -> str:
    """Write the content security policy. Browsers hold a form's redirects to it too."""
    origins = sorted({origin for url in leads_to if url and (origin := origin_of(url))})
    return (
        "default-src 'none'; style-src 'self'; img-src data:; "
        f"form-action {' '.join([chr(39) + 'self' + chr(39), *origins])}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def origin_of(url: str) -> str | None:
    """Return the origin of an address, if it is one that a policy can name."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    named = all(letter.isalnum() or letter in "-.:[]" for letter in host)
    if parts.scheme not in {"http", "https"} or not host or not host.isascii() or not named:
        return None
    return f"{parts.scheme}://{host}"


async def style(http: Request) -> Response:
    text = (HERE / "static" / "sandbox.css").read_text("utf-8")
    return Response(text, media_type="text/css", headers={"Cache-Control": "max-age=3600"})
