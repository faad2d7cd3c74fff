"""A browser without scripts: it keeps cookies, reads forms, and says where requests begin."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Self

import httpx2
from starlette.applications import Starlette

from auth import pages, passwords, users
from auth.people import People
from auth.settings import AuthSettings
from auth.users import User
from core.kernel.caller import SYSTEM, PlatformRole

ISSUER = "http://127.0.0.1:8000"
Fields = Mapping[str, str | Sequence[str]]
PASSWORD = "a very long password"


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden" and found.get("name"):
            self.hidden[str(found["name"])] = found.get("value") or ""


def hidden_fields(page: str) -> dict[str, str]:
    parser = _Fields()
    parser.feed(page)
    return parser.hidden


@dataclass
class Browser:
    people: People
    http: httpx2.AsyncClient

    @classmethod
    @asynccontextmanager
    async def open(cls, people: People, address: str = "203.0.113.7") -> AsyncIterator[Self]:
        app = Starlette(routes=pages.routes(people))
        transport = httpx2.ASGITransport(app, client=(address, 5000))
        async with httpx2.AsyncClient(
            transport=transport, base_url=people.settings.issuer, headers={"user-agent": "Test"}
        ) as http:
            yield cls(people, http)

    async def get(self, path: str) -> httpx2.Response:
        return await self.http.get(path)

    async def submit(
        self, path: str, fields: Fields | None = None, *, to: str | None = None
    ) -> httpx2.Response:
        """Open a page, fill in its form, and send it as a browser does."""
        page = await self.get(path)
        assert page.status_code == 200, page.text
        sent: Fields = {**hidden_fields(page.text), **(fields or {})}
        return await self.post(to or path, sent)

    async def post(self, path: str, fields: Fields, site: str = "same-origin") -> httpx2.Response:
        return await self.http.post(path, data=dict(fields), headers={"sec-fetch-site": site})

    async def sign_in(
        self, email: str = "ada@example.com", password: str = PASSWORD, next: str = "/account"
    ) -> httpx2.Response:
        path = "/sign-in?next=" + next
        fields = {"email": email, "password": password}
        return await self.submit(path, fields, to="/sign-in")

    @classmethod
    async def cookies_over_https(cls, people: People) -> list[str]:
        """Every Set-Cookie header of a sign-in over https, as it was sent."""
        secure = replace(people, settings=AuthSettings(issuer="https://bursar.test"))
        await add_user(secure)
        async with cls.open(secure) as browser:
            page = await browser.get("/sign-in")
            fields = {"email": "ada@example.com", "password": PASSWORD}
            answer = await browser.post("/sign-in", hidden_fields(page.text) | fields)
            assert answer.status_code == 303
        return [*page.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]

    @property
    def cookie(self) -> str | None:
        return self.http.cookies.get("bursar_session")


async def add_user(
    people: People,
    email: str = "ada@example.com",
    *,
    platform_role: PlatformRole | None = None,
    password: str | None = PASSWORD,
) -> User:
    hashed = await people.passwords.hash(password) if password else None
    async with people.database.begin(SYSTEM) as work:
        user = await users.create_user(
            work,
            email=email,
            name=email.split("@", maxsplit=1)[0].title(),
            platform_role=platform_role,
        )
        if hashed:
            await passwords.keep_hash(work, user.id, hashed)
    return user


async def is_signed_in(browser: Browser) -> bool:
    return (await browser.get("/account")).status_code == 200


def words(page: str) -> str:
    """What a person reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())
