"""A person's own account, and invitations accepted in a browser."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from sqlalchemy import select

from auth import grants, links, tables, users
from auth.grants import Grant
from auth.people import People
from auth.people_tables import users as users_table
from auth.users import User
from core import projects
from core.kernel.caller import SYSTEM, PlatformRole, Role
from core.projects import inviting
from tests.auth.browser import PASSWORD, Browser, add_user, hidden_fields, words
from tests.auth.test_consent import add_project
from tests.core.projects.people import tokens
from tests.world import World

pytestmark = pytest.mark.anyio

NEW = "another long password"


@pytest.fixture
async def ada(people: People) -> User:
    return await add_user(people)


async def change(browser: Browser, password: str, new: str = NEW, **more: str) -> int:
    fields = {"password": password, "new_password": new, **more}
    return (await browser.submit("/account", fields, to="/account/password")).status_code


async def test_a_changed_password_is_the_one_that_works_and_ends_every_other_session(
    people: People, browser: Browser, ada: User
) -> None:
    await browser.sign_in()
    async with Browser.open(people, "198.51.100.4") as other:
        await other.sign_in()
        assert await change(browser, PASSWORD) == 303
        assert (await other.get("/account")).status_code == 303
        assert (await browser.get("/account")).status_code == 200
        assert (await other.sign_in()).status_code == 401
        assert (await other.sign_in(password=NEW)).status_code == 303


async def test_a_password_is_not_changed_by_who_does_not_know_the_present_one(
    people: People, browser: Browser, ada: User
) -> None:
    await browser.sign_in()
    for _ in range(5):
        assert await change(browser, "not the password") == 400
    assert await change(browser, PASSWORD) == 400
    page = await browser.post(
        "/account/password",
        hidden_fields((await browser.get("/account")).text)
        | {"password": PASSWORD, "new_password": NEW},
    )
    assert "Too many attempts" in words(page.text)


@pytest.mark.parametrize("unfit", ["short", "x" * 201, "aaaaaaaaaaaaaa", "ADA@example.com"])
async def test_a_password_that_is_easily_guessed_is_refused(
    people: People, browser: Browser, ada: User, unfit: str
) -> None:
    await browser.sign_in()
    assert await change(browser, PASSWORD, unfit) == 400
    assert (await browser.sign_in()).status_code == 303


async def test_a_first_password_needs_no_present_one(people: People, browser: Browser) -> None:
    user = await add_user(people, "op@example.com", password=None)
    async with people.database.begin(SYSTEM) as work:
        path = links.path_of(await links.make_sign_in_link(work, user.id))
    await browser.submit(path)
    assert "Set a password" in words((await browser.get("/account")).text)
    assert await change(browser, "") == 303
    assert (await browser.sign_in("op@example.com", NEW)).status_code == 303


async def test_a_person_ends_a_session_of_their_own_and_nobody_elses(
    people: People, browser: Browser, ada: User
) -> None:
    await add_user(people, "eve@example.com")
    await browser.sign_in()
    async with Browser.open(people) as eve, Browser.open(people) as phone:
        await eve.sign_in("eve@example.com")
        await phone.sign_in()
        theirs = hidden_fields_of_sessions((await browser.get("/account")).text)
        assert len(theirs) == 1
        for session_id in (*theirs, "ses_nonsense"):
            fields = {"session_id": session_id}
            answer = await eve.submit("/account", fields, to="/account/sessions/end")
            assert answer.status_code == 303
        assert (await phone.get("/account")).status_code == 200
        await browser.submit("/account", {"session_id": theirs[0]}, to="/account/sessions/end")
        assert (await phone.get("/account")).status_code == 303
        assert (await browser.get("/account")).status_code == 200


def hidden_fields_of_sessions(page: str) -> list[str]:
    parts = page.split('name="session_id" value="')[1:]
    return [part.split('"')[0] for part in parts]


async def test_a_person_disconnects_a_program_of_their_own_and_nobody_elses(
    people: People, browser: Browser, ada: User, world: World
) -> None:
    project = await add_project(people, ada)
    await add_user(people, "eve@example.com")
    now = world.clock.now()
    async with people.database.begin(SYSTEM) as work:
        granted = Grant(
            id=work.ids.new("gra"),
            user_id=ada.id,
            client_id="cli_program",
            client_name="A <b>program</b>",
            project_id=project,
            scopes=("wallets:read",),
            resource="http://127.0.0.1:8000/mcp",
            created_at=now,
            last_used_at=now,
        )
        await grants.create(work, granted)
    disconnect = {"grant_id": granted.id}
    async with Browser.open(people) as eve:
        await eve.sign_in("eve@example.com")
        await eve.submit("/account", disconnect, to="/account/programs/disconnect")
    await browser.sign_in()
    page = (await browser.get("/account")).text
    assert "A &lt;b&gt;program&lt;/b&gt;" in page
    assert await is_live(people, granted.id)
    await browser.submit("/account", disconnect, to="/account/programs/disconnect")
    assert not await is_live(people, granted.id)


async def is_live(people: People, grant_id: str) -> bool:
    async with people.database.read(SYSTEM) as work:
        query = select(tables.grants.c.revoked_at).where(tables.grants.c.id == grant_id)
        return (await work.execute(query)).scalar_one() is None


async def test_every_page_of_the_account_asks_for_a_sign_in(browser: Browser) -> None:
    for path in ("/account", "/account/second-factor"):
        answer = await browser.get(path)
        assert answer.headers["location"] == f"/sign-in?next={quote(path, safe='')}"
    assert (await browser.get("/sign-in/second-factor/qr.svg")).status_code == 404


# -- Invitations ----------------------------------------------------------------------------------


async def invite(people: People, owner: User, world: World, email: str) -> tuple[str, str]:
    """Invite somebody as a member; return the project and the path in their mail."""
    project = await add_project(people, owner, "Acme")
    caller = replace(users.person(owner), role=Role.OWNER, project_id=project)
    async with people.database.begin(caller) as work:
        await inviting.invite_member(work.within(project), email, Role.MEMBER)
    return project, projects.invitation_path((await tokens(world))[-1])


async def role_in(people: People, project: str, email: str) -> Role | None:
    async with people.database.read(SYSTEM) as work:
        user = await users.find_by_email(work, email)
        return await projects.role_of(work, user.id, project) if user else None


async def test_someone_new_sets_a_password_and_is_a_member_and_signed_in(
    people: People, browser: Browser, ada: User, world: World
) -> None:
    project, path = await invite(people, ada, world, "zoe@example.com")
    read = words((await browser.get(path)).text)
    assert "Join Acme" in read
    assert "Ada invites you to be a member of this project" in read
    answer = await browser.submit(path, {"name": "Zoe", "password": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "zoe@example.com" in words((await browser.get("/account")).text)
    assert await role_in(people, project, "zoe@example.com") is Role.MEMBER
    assert (await browser.get(path)).status_code == 409
    assert (await browser.sign_in("zoe@example.com", NEW)).status_code == 303


async def test_whoever_is_known_signs_in_and_then_accepts(
    people: People, browser: Browser, ada: User, world: World
) -> None:
    await add_user(people, "zoe@example.com")
    project, path = await invite(people, ada, world, "zoe@example.com")
    page = await browser.get(path)
    assert "Sign in to accept" in words(page.text)
    form = hidden_fields((await browser.get("/sign-in")).text)
    taken = await browser.post(path, form | {"name": "Eve", "password": NEW})
    assert taken.headers["location"].startswith("/sign-in?")
    assert await role_in(people, project, "zoe@example.com") is None
    answer = await browser.sign_in("zoe@example.com", next=quote(path, safe=""))
    assert answer.headers["location"] == path
    assert (await browser.submit(path)).headers["location"] == "/account?done=joined"
    assert await role_in(people, project, "zoe@example.com") is Role.MEMBER


async def test_an_invitation_for_another_is_not_accepted_by_who_is_signed_in(
    people: People, browser: Browser, ada: User, world: World
) -> None:
    project, path = await invite(people, ada, world, "zoe@example.com")
    await add_user(people, "eve@example.com")
    await browser.sign_in("eve@example.com")
    assert "this invitation is for another address" in words((await browser.get(path)).text)
    token = hidden_fields((await browser.get("/account")).text)
    assert (await browser.post(path, token)).status_code == 403
    assert await role_in(people, project, "eve@example.com") is None


@pytest.mark.parametrize(
    ("name", "password"), [("", NEW), ("Zoe\u202e", NEW), ("Z" * 121, NEW), ("Zoe", "short")]
)
async def test_an_unfit_name_or_password_leaves_the_invitation_open_and_makes_nobody(
    people: People, browser: Browser, ada: User, world: World, name: str, password: str
) -> None:
    _, path = await invite(people, ada, world, "zoe@example.com")
    answer = await browser.submit(path, {"name": name, "password": password})
    assert answer.status_code == 400
    async with people.database.read(SYSTEM) as work:
        emails = (await work.execute(select(users_table.c.email))).scalars().all()
    assert emails == ["ada@example.com"]
    assert (await browser.get(path)).status_code == 200


async def test_an_unknown_invitation_is_not_found(browser: Browser) -> None:
    for token in ("x" * 43, "%00", "short"):
        assert (await browser.get(projects.invitation_path(token))).status_code == 404


async def test_the_first_operator_is_made_once(people: People) -> None:
    async with people.database.begin(SYSTEM) as work:
        first = await users.ensure_first_operator(work, "Op@example.com", "Olive")
        again = await users.ensure_first_operator(work, "op@example.com", "Someone else")
        user = await users.find_user(work, first)
    assert first == again
    assert user
    assert (user.name, user.platform_role) == ("Olive", PlatformRole.OPERATOR)
