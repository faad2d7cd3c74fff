"""A person at a browser without scripts: cookies, forms, and what browsers say of a request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

from tests.stories.serving import Person

STEPS_MAX = 8
Values = dict[str, str | list[str]]


class Form(HTMLParser):
    """The last form of a page, filled in as it was sent: the first ones are for signing out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.values = "", Values()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.values = had.get("action", ""), {}
        if tag != "input" or "name" not in had:
            return
        kind, name, value = had.get("type"), had["name"], had.get("value", "")
        if kind in {"checkbox", "radio"} and "checked" not in had:
            return
        if kind == "checkbox":
            ticked = self.values.setdefault(name, [])
            assert isinstance(ticked, list)
            ticked.append(value)
        else:
            self.values[name] = value


@dataclass
class Choice:
    """What the person answers on the consent page."""

    project_id: str = "all"
    without: frozenset[str] = frozenset()
    """Scopes that the person unticks."""
    allow: bool = True


@dataclass
class Browser:
    """One person's browser. `authorize` follows a program's request to the answer it gets."""

    person: Person
    choose: Callable[[], Choice] = Choice
    pages: list[str] = field(default_factory=list)
    """Every page that was shown, in order."""
    cookies: httpx2.Cookies = field(default_factory=httpx2.Cookies)

    async def authorize(self, url: str, callback: str) -> dict[str, str]:
        """Open the URL, answer what is asked, and return what the callback is told."""
        async with httpx2.AsyncClient(cookies=self.cookies, timeout=20) as http:
            # A program opened this page, so it did not begin on one of ours.
            answer = await http.get(url, headers=navigation("cross-site"))
            for _ in range(STEPS_MAX):
                location = answer.headers.get("location", "")
                if location.startswith(callback):
                    self.cookies = http.cookies
                    told = parse_qs(urlsplit(location).query)
                    return {name: values[0] for name, values in told.items()}
                if location:
                    next_page = urljoin(str(answer.url), location)
                    answer = await http.get(next_page, headers=navigation("same-origin"))
                    continue
                answer = await self._submit(http, answer)
        raise AssertionError(f"no answer after {STEPS_MAX} steps: {answer.text}")

    async def _submit(self, http: httpx2.AsyncClient, page: httpx2.Response) -> httpx2.Response:
        assert page.status_code == 200, page.text
        self.pages.append(page.text)
        form, url = Form(page.text), str(page.url)
        action = urljoin(url, form.action or url)
        values = form.values | self._answers(form)
        # The pages ask that no referrer is sent, and then browsers send an opaque origin.
        return await http.post(
            action, data=values, headers=navigation("same-origin") | {"Origin": "null"}
        )

    def _answers(self, form: Form) -> Values:
        if "scope" not in form.values:
            return {"email": self.person.email, "password": self.person.password}
        choice, asked = self.choose(), form.values["scope"]
        return {
            "project_id": choice.project_id,
            "scope": [each for each in asked if each not in choice.without],
            "decision": "allow" if choice.allow else "deny",
        }


def navigation(site: str) -> dict[str, str]:
    return {
        "Sec-Fetch-Site": site,
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-User": "?1",
        "User-Agent": "Test browser",
    }
