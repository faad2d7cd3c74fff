"""Consent: what the page tells, what the decision may be, and who may take it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from auth import asking, authorize, tables
from auth.clients import Client
from auth.pages import rendering
from auth.people import People
from auth.users import User
from core.kernel.caller import ANONYMOUS, SYSTEM, PlatformRole
from core.projects.creating import NewProject, create_project
from tests.auth.browser import Browser, add_user, hidden_fields, words
from tests.world import World

pytestmark = pytest.mark.anyio

CALLBACK = "http://localhost:49152/callback"
SCOPES = ("wallets:read", "metering:write")


async def ask(people: People, **changes: Any) -> str:
    """Begin an authorization as a program does; return the path of its consent page."""
    redirect_uri = changes.pop("redirect_uri", CALLBACK)
    facts: dict[str, Any] = {
        "id": "cli_program",
        "kind": "registered",
        "name": "A program",
        "redirect_uris": (redirect_uri,),
        "auth_method": "none",
        "scopes": SCOPES,
    } | {name: changes.pop(name) for name in ("id", "name") if name in changes}
    wish: dict[str, Any] = {
        "redirect_uri": redirect_uri,
        "state": "a state",
        "code_challenge": "x" * 43,
        "scopes": SCOPES,
        "resource": people.settings.resource,
        "prompt": "",
    } | changes
    async with people.database.begin(ANONYMOUS) as work:
        pending = await authorize.begin_authorization(
            work, people.settings.issuer, Client(**facts), asking.Asked(**wish)
        )
    return f"/oauth/consent?request={pending.id}"


async def add_project(people: People, owner: User, name: str = "Acme") -> str:
    async with people.database.begin(SYSTEM) as work:
        new = NewProject(name=name)
        made = await create_project(work, new, owner_user_id=owner.id, owner_email=None)
    return made.project.id


async def grants_of(people: People) -> list[Any]:
    async with people.database.read(SYSTEM) as work:
        return list((await work.execute(select(tables.grants))).all())


@pytest.fixture
async def ada(people: People) -> User:
    return await add_user(people)


@pytest.fixture
async def project(people: People, ada: User) -> str:
    return await add_project(people, ada)


async def test_the_page_names_the_program_the_redirect_host_and_the_scopes_in_plain_words(
    people: People, browser: Browser, project: str
) -> None:
    await browser.sign_in()
    page = await browser.get(await ask(people))
    read = words(page.text)
    for told in (
        "Allow A program to act for you?",
        "Nobody has checked the name.",
        "Your answer goes to localhost",
        "This program runs on a computer, not at a web address.",
        "See wallets, balances and transactions",
        "Record and charge usage, and manage meters changes things",
        "Acme owner",
    ):
        assert told in read


async def test_a_program_with_a_document_is_told_with_the_host_that_vouches_for_it(
    people: People, browser: Browser, project: str
) -> None:
    await browser.sign_in()
    path = await ask(
        people,
        id="https://program.example/oauth.json",
        redirect_uri="https://program.example/callback",
    )
    read = words((await browser.get(path)).text)
    assert "Vouched for by program.example" in read
    assert "runs on a computer" not in read


async def test_nobody_sees_the_page_before_they_sign_in(people: People, browser: Browser) -> None:
    path = await ask(people)
    answer = await browser.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2Foauth%2Fconsent%3Frequest%3D")


async def test_allowing_gives_the_program_a_code_for_the_chosen_project_and_scopes(
    people: People, browser: Browser, ada: User, project: str
) -> None:
    second = await add_project(people, ada, "Second")
    await browser.sign_in()
    answer = await browser.submit(
        await ask(people), {"decision": "allow", "project_id": second, "scope": "wallets:read"}
    )
    where = urlsplit(answer.headers["location"])
    told = parse_qs(where.query)
    assert f"{where.scheme}://{where.netloc}{where.path}" == CALLBACK
    assert set(told) == {"code", "state", "iss"}
    [grant] = await grants_of(people)
    assert (grant.user_id, grant.project_id) == (ada.id, second)
    assert grant.scopes == ["wallets:read"]


async def test_denying_tells_the_program_so_and_gives_it_nothing(
    people: People, browser: Browser, project: str
) -> None:
    await browser.sign_in()
    answer = await browser.submit(await ask(people), {"decision": "deny"})
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert told["error"] == ["access_denied"]
    assert await grants_of(people) == []


async def test_a_decision_is_taken_once(people: People, browser: Browser, project: str) -> None:
    await browser.sign_in()
    path = await ask(people)
    page = await browser.get(path)
    choice = {"decision": "allow", "project_id": project, "scope": ["wallets:read"]}
    fields = {**hidden_fields(page.text), **choice}
    assert (await browser.post(path, fields)).status_code == 303
    assert (await browser.post(path, fields)).status_code == 404
    assert len(await grants_of(people)) == 1


async def test_another_site_cannot_decide_in_a_persons_name(
    people: People, browser: Browser, project: str
) -> None:
    await browser.sign_in()
    path = await ask(people)
    page = await browser.get(path)
    choice = {"decision": "allow", "project_id": project, "scope": "wallets:read"}
    whole = hidden_fields(page.text) | choice
    assert (await browser.post(path, whole, site="cross-site")).status_code == 403
    assert (await browser.post(path, choice)).status_code == 403
    assert await grants_of(people) == []


async def test_a_request_that_one_browser_has_seen_is_gone_in_every_other(
    people: People, browser: Browser, project: str
) -> None:
    path = await ask(people)
    async with Browser.open(people) as attacker:
        await attacker.get(path)
    await browser.sign_in()
    assert (await browser.get(path)).status_code == 404


async def test_nobody_gives_what_is_not_theirs_or_was_not_asked_for(
    people: People, browser: Browser, ada: User, project: str
) -> None:
    eve = await add_user(people, "eve@example.com")
    others = await add_project(people, eve, "Eve's")
    await browser.sign_in()
    path = await ask(people)
    for choice in (
        {"project_id": others, "scope": "wallets:read"},
        {"project_id": "prj_0000000000000000000000000z", "scope": "wallets:read"},
        {"project_id": "nonsense", "scope": "wallets:read"},
        {"project_id": "all", "scope": "wallets:read"},
        {"project_id": "one", "named_project_id": others, "scope": "wallets:read"},
        {"project_id": project, "scope": "keys:write"},
        {"project_id": project, "scope": ["wallets:read", "keys:write"]},
        {"project_id": project},
        {},
    ):
        answer = await browser.submit(path, {"decision": "allow", **choice})
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
    assert await grants_of(people) == []


async def test_staff_may_choose_all_projects_or_one_by_its_id(
    people: People, browser: Browser, project: str
) -> None:
    await add_user(people, "op@example.com", platform_role=PlatformRole.OPERATOR)
    await browser.sign_in("op@example.com")
    scope = list(SCOPES)
    every = {"decision": "allow", "project_id": "all", "scope": scope}
    one = {"decision": "allow", "project_id": "one", "named_project_id": project, "scope": scope}
    assert (await browser.submit(await ask(people), every)).status_code == 303
    assert (await browser.submit(await ask(people), one)).status_code == 303
    assert {grant.project_id for grant in await grants_of(people)} == {None, project}


async def test_who_is_a_member_of_nothing_can_only_deny(people: People, browser: Browser) -> None:
    await add_user(people, "zoe@example.com")
    await browser.sign_in("zoe@example.com")
    page = await browser.get(await ask(people))
    assert "not a member of any project" in words(page.text)
    assert 'value="allow"' not in page.text


async def test_a_program_may_ask_that_the_person_signs_in_again(
    people: People, browser: Browser, world: World, project: str
) -> None:
    await browser.sign_in()
    world.clock.advance(seconds=1)
    path = await ask(people, prompt="login")
    assert (await browser.get(path)).headers["location"].startswith("/sign-in?")
    await browser.sign_in()
    assert (await browser.get(path)).status_code == 200


@asynccontextmanager
async def told_by(people: People, browser: Browser, ada: User, text: str) -> AsyncIterator[str]:
    """The consent page where the program and the project both call themselves this."""
    await add_project(people, ada, text)
    await browser.sign_in()
    yield (await browser.get(await ask(people, name=text))).text


async def test_a_script_in_a_name_is_text_and_nothing_else(
    people: People, browser: Browser, ada: User
) -> None:
    script = '"><script src="//evil.example"></script><img onerror=alert(1)>'
    async with told_by(people, browser, ada, script) as page:
        assert "<script" not in page
        assert "<img" not in page
        assert page.count("&lt;script") >= 2


async def test_characters_that_hide_or_turn_text_around_are_dropped(
    people: People, browser: Browser, ada: User
) -> None:
    async with told_by(people, browser, ada, "Good\u202egnihton\u200b \u2066program") as page:
        assert not set("\u202e\u200b\u2066") & set(page)
        assert "Goodgnihton program" in page


async def test_the_page_lets_nothing_in_and_forms_go_only_home_and_back_to_the_program(
    people: People, browser: Browser, project: str
) -> None:
    await browser.sign_in()
    page = await browser.get(await ask(people))
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self' http://localhost:49152; frame-ancestors 'none'; base-uri 'none'"
    )
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert (
        "form-action 'self';" in (await browser.get("/account")).headers["content-security-policy"]
    )


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("https://claude.ai/api/mcp/auth_callback", "https://claude.ai"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/cb", "http:"),
        ("cursor://anysphere.cursor-mcp/oauth", "cursor:"),
    ],
)
def test_a_policy_names_where_a_redirect_leads(uri: str, target: str) -> None:
    assert rendering.form_target(uri) == target


@pytest.mark.parametrize("request_id", ["", "arq_short", "prj_0000000000000000000000000z", "%00"])
async def test_a_request_that_never_was_is_gone(browser: Browser, request_id: str) -> None:
    assert (await browser.get(f"/oauth/consent?request={request_id}")).status_code == 404
