"""One request of a browser: who is signed in, what the form says, and whether it is ours.

Every page goes through `endpoint`, so that no form is read before it is known to be ours and no
answer leaves without its headers.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from auth import csrf, sessions
from auth.opaque import new_secret
from auth.pages import rendering
from auth.people import People
from auth.sessions import Browser, Session
from auth.signing_in import Started
from auth.users import User, find_user, person
from core.db.engine import is_transient
from core.kernel import cards
from core.kernel.caller import ANONYMOUS, Caller
from core.kernel.errors import Busy, EngineError
from core.operations.errors import invalid
from core.operations.screening import WHAT as CARD

HOME = "/account"
FORM_BYTES_MAX = 16 * 1024
FIELDS_MAX = 60
NEXT_MAX = 2000


@dataclass(slots=True)
class Visit:
    people: People
    request: Request
    form_secret: str
    form: list[tuple[str, str]]
    session: Session | None = None
    user: User | None = None

    @property
    def name(self) -> str:
        return self.people.settings.name

    @property
    def caller(self) -> Caller:
        return person(self.user) if self.user else ANONYMOUS

    @property
    def browser(self) -> Browser:
        program = self.request.headers.get("user-agent", "")
        return Browser(
            address=address_of(self.request),
            program=rendering.plain(program),
            https=self.people.https,
        )

    @property
    def next(self) -> str:
        """Where to go once this is done: a path of ours, whatever was asked for."""
        asked = self.field("next") or self.request.query_params.get("next", "")
        return safe_path(asked)

    def field(self, name: str) -> str:
        """Return the form's field, or nothing."""
        return next((value for key, value in self.form if key == name), "")

    def fields(self, name: str) -> list[str]:
        return [value for key, value in self.form if key == name]

    def show(
        self,
        template: str,
        *,
        status: int = 200,
        form_target: str | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """Render a page of this visit, with what every page needs."""
        filled = self.filled(values)
        return rendering.render(template, filled, status=status, form_target=form_target)

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add what every page of this visit needs, such as the token of its forms."""
        token = csrf.token_for(self._csrf_secret())
        common = {"name": self.name, "user": self.user, "csrf_token": token, "error": None}
        return common | dict(values)

    def go(self, path: str) -> RedirectResponse:
        """Send the browser on with GET, so that a form is not sent twice."""
        return RedirectResponse(path, 303, headers=rendering.HEADERS)

    def go_sign_in(self) -> RedirectResponse:
        """Ask for a sign-in, and come back to this page afterwards."""
        url = self.request.url
        here = url.path + (f"?{url.query}" if url.query else "")
        return self.go(f"/sign-in?next={quote(here, safe='')}")

    def signed_in(self, response: Response, started: Started) -> Response:
        """Give the browser its new session. Nothing it sent before is used again."""
        response.set_cookie(
            sessions.cookie_name(https=self.people.https),
            started.secret,
            max_age=int(
                (sessions.HALFWAY if started.halfway else sessions.ABSOLUTE).total_seconds()
            ),
            path="/",
            secure=self.people.https,
            httponly=True,
            samesite="lax",
        )
        return response

    def signed_out(self, response: Response) -> Response:
        response.delete_cookie(
            sessions.cookie_name(https=self.people.https),
            path="/",
            secure=self.people.https,
            httponly=True,
            samesite="lax",
        )
        return response

    def check_form(self) -> None:
        """Refuse a form that is not ours. Raises ForeignForm."""
        csrf.check(
            self.request.headers,
            origin=self.people.settings.issuer,
            secret=self._csrf_secret(),
            token=self.field(csrf.FIELD),
        )

    def _csrf_secret(self) -> str:
        """What form tokens are made from: the session, and a secret of this browser alone."""
        return f"{sessions.secret_in(self.request.cookies) or ''}.{self.form_secret}"


Handler = Callable[[Visit], Awaitable[Response]]


def endpoint(people: People, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Make a route's endpoint: load the visit, refuse foreign forms, and answer errors in words."""

    async def answer(request: Request) -> Response:
        cookie = csrf.cookie_name(https=people.https)
        kept = request.cookies.get(cookie)
        visit = Visit(people, request, kept or new_secret(), [])
        response = await _answer(visit, handler)
        if not kept:
            response.set_cookie(
                cookie,
                visit.form_secret,
                path="/",
                secure=people.https,
                httponly=True,
                samesite="lax",
            )
        return response

    return answer


async def _answer(visit: Visit, handler: Handler) -> Response:
    try:
        if visit.request.method == "POST":
            visit.form = await _read_form(visit.request)
            visit.check_form()
        await _load(visit)
        return await handler(visit)
    except EngineError as error:
        return rendering.refusal(error, visit.name)
    except Exception as error:
        if not is_transient(error):
            raise
        return rendering.refusal(Busy(), visit.name)


async def _load(visit: Visit) -> None:
    """Find out who is signed in, and note that their session is in use."""
    database = visit.people.database
    async with database.read(ANONYMOUS) as work:
        visit.session = await sessions.current(work, visit.request.cookies)
        visit.user = await find_user(work, visit.session.user_id) if visit.session else None
        idle = visit.session and visit.session.last_seen_at <= work.real_now - sessions.SEEN_EVERY
    if visit.session and idle:
        async with database.begin(visit.caller) as work:
            await sessions.seen(work, visit.session)


async def _read_form(request: Request) -> list[tuple[str, str]]:
    """Read an ordinary form, and no more of it than any page of ours would send."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise invalid("form", "must be sent as application/x-www-form-urlencoded")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            raise invalid("form", "is too long")
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError:
        raise invalid("form", "cannot be read") from None
    if any("\x00" in value for _, value in pairs):
        raise invalid("form", "must not contain the NUL character")
    # Of a password nothing is kept, and to refuse one would tell something about it.
    if any(cards.redacted(value) != value for name, value in pairs if "password" not in name):
        raise invalid("form", CARD)
    return pairs


def safe_path(asked: str) -> str:
    """Return the path if it leads to a page of this site, else home. Pure.

    A browser reads two slashes, a backslash, and a path with a stray tab as other sites; none of
    those begin a path of ours.
    """
    odd = not asked.isascii() or not asked.isprintable() or "\\" in asked or " " in asked
    if odd or len(asked) > NEXT_MAX or not asked.startswith("/") or asked.startswith("//"):
        return HOME
    try:
        parts = urlsplit(asked)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc else asked


def address_of(request: Request) -> str:
    """Return what one sender cannot easily change: its IPv4 address, or its IPv6 network."""
    host = request.client.host if request.client else "unknown"
    try:
        is_wide = IPv6Address(host).ipv4_mapped is None
    except ValueError:
        return host
    return str(ip_network(f"{host}/64", strict=False)) if is_wide else host
