"""Signing in: with a password, by link, with a second factor; and everything that must not work."""

import asyncio

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from auth import links, passwords, sessions, throttling, users
from auth.people import People
from auth.people_tables import passwords as passwords_table
from auth.people_tables import sessions as sessions_table
from core.audit import tables as trail
from core.kernel.caller import ANONYMOUS, SYSTEM
from tests.auth.browser import PASSWORD, Browser, add_user, hidden_fields, is_signed_in, words
from tests.world import World

pytestmark = pytest.mark.anyio


async def actions(world: World) -> list[str]:
    async with world.database.read(SYSTEM) as work:
        query = select(trail.events.c.action).order_by(trail.events.c.id)
        return list((await work.execute(query)).scalars())


async def test_the_right_password_opens_the_account(people: People, browser: Browser) -> None:
    await add_user(people)
    answer = await browser.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    page = await browser.get("/account")
    assert "ada@example.com" in words(page.text)


async def test_addresses_are_one_person_however_they_are_spelled(
    people: People, browser: Browser
) -> None:
    await add_user(people, "Ada@Example.com")
    await browser.sign_in(" aDA@eXAMPLE.COM ")
    assert await is_signed_in(browser)


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    wrong = await browser.sign_in(password="not the password")
    unknown = await browser.sign_in("eve@example.com")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("ada@", "eve@") == unknown.text
    assert not await is_signed_in(browser)


async def test_a_person_who_was_shut_out_is_answered_like_a_stranger(
    people: People, browser: Browser
) -> None:
    user = await add_user(people)
    await browser.sign_in()
    async with people.database.begin(SYSTEM) as work:
        await users.disable_user(work, user.id)
    assert not await is_signed_in(browser)
    assert (await browser.sign_in()).status_code == 401


async def test_a_secret_planted_in_the_browser_is_worth_nothing(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    browser.http.cookies.set("bursar_session", "planted", domain="127.0.0.1", path="/")
    await browser.sign_in()
    assert browser.cookie
    assert browser.cookie != "planted"
    browser.http.cookies.clear()
    browser.http.cookies.set("bursar_session", "planted", domain="127.0.0.1", path="/")
    assert not await is_signed_in(browser)


async def test_signing_in_again_ends_the_session_that_was_there(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    await browser.sign_in()
    first = browser.cookie
    await browser.sign_in()
    assert browser.cookie != first
    assert first
    async with people.database.read(ANONYMOUS) as work:
        assert await sessions.current(work, {"bursar_session": first}) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_that_another_site_sends_is_refused(
    people: People, browser: Browser, site: str
) -> None:
    await add_user(people)
    page = await browser.get("/sign-in")
    fields = hidden_fields(page.text) | {"email": "ada@example.com", "password": PASSWORD}
    assert (await browser.post("/sign-in", fields, site=site)).status_code == 403
    assert not await is_signed_in(browser)


async def test_a_browser_that_only_says_its_origin_is_held_to_it(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    page = await browser.get("/sign-in")
    fields = hidden_fields(page.text) | {"email": "ada@example.com", "password": PASSWORD}
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9000"):
        answer = await browser.http.post("/sign-in", data=fields, headers={"origin": origin})
        assert answer.status_code == 403
    own = await browser.http.post(
        "/sign-in", data=fields, headers={"origin": people.settings.issuer}
    )
    assert own.status_code == 303


async def test_a_form_without_this_sessions_token_is_refused(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    token = hidden_fields((await browser.get("/sign-in")).text)["csrf_token"]
    await browser.sign_in()
    for csrf_token in ("", "0" * 64, token):
        answer = await browser.post("/sign-out", {"csrf_token": csrf_token})
        assert answer.status_code == 403
    assert await is_signed_in(browser)


async def test_signing_out_ends_the_session_and_not_only_the_cookie(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    await browser.sign_in()
    secret = browser.cookie
    assert secret
    answer = await browser.submit("/account", to="/sign-out")
    assert answer.headers["location"] == "/sign-in"
    browser.http.cookies.set("bursar_session", secret, domain="127.0.0.1", path="/")
    assert not await is_signed_in(browser)


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example/",
        "/%5Cevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
    ],
)
async def test_signing_in_leads_to_this_site_and_no_other(
    people: People, browser: Browser, asked: str
) -> None:
    await add_user(people)
    assert (await browser.sign_in(next=asked)).headers["location"] == "/account"


async def test_signing_in_leads_back_to_where_it_was_asked_for(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    asked = await browser.get("/account/second-factor")
    assert asked.headers["location"] == "/sign-in?next=%2Faccount%2Fsecond-factor"
    answer = await browser.sign_in(next="%2Faccount%2Fsecond-factor")
    assert answer.headers["location"] == "/account/second-factor"


async def test_guessing_is_slowed_down_and_the_right_password_waits_too(
    people: People, browser: Browser, world: World
) -> None:
    await add_user(people)
    for _ in range(throttling.FREE_FAILURES):
        assert (await browser.sign_in(password="wrong")).status_code == 401
    answer = await browser.sign_in()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "15")
    world.clock.advance(seconds=15)
    assert (await browser.sign_in()).status_code == 303
    assert (await browser.sign_in(password="wrong")).status_code == 401


async def test_an_unknown_address_is_slowed_down_like_a_known_one(
    people: People, browser: Browser
) -> None:
    for _ in range(throttling.FREE_FAILURES):
        await browser.sign_in("eve@example.com")
    assert (await browser.sign_in("eve@example.com")).status_code == 429


async def test_guesses_sent_at_once_are_counted_one_by_one(people: People, world: World) -> None:
    await add_user(people)
    async with Browser.open(people) as browser:
        page = hidden_fields((await browser.get("/sign-in")).text)
        fields = page | {"email": "ada@example.com", "password": "wrong"}
        answers = await asyncio.gather(*(browser.post("/sign-in", fields) for _ in range(10)))
    refused = [answer.status_code for answer in answers]
    assert refused.count(401) == throttling.FREE_FAILURES
    assert refused.count(429) == 10 - throttling.FREE_FAILURES


async def test_a_flood_is_one_event_in_the_trail(
    people: People, browser: Browser, world: World
) -> None:
    for _ in range(throttling.FREE_FAILURES + 3):
        await browser.sign_in("eve@example.com")
    await world.trail.write_floods()
    told = await actions(world)
    assert told.count("sign_in.refused") == throttling.FREE_FAILURES
    assert told[-1] == "flood.too_many_attempts"
    assert len(told) == throttling.FREE_FAILURES + 1


async def test_one_address_cannot_try_many_accounts(people: People, browser: Browser) -> None:
    page = hidden_fields((await browser.get("/sign-in")).text)
    seen = []
    for number in range(throttling.PER_ADDRESS.calls + 1):
        fields = page | {"email": f"user{number}@example.com", "password": "wrong"}
        seen.append((await browser.post("/sign-in", fields)).status_code)
    assert seen == [401] * throttling.PER_ADDRESS.calls + [429]


async def test_what_happened_is_in_the_trail_and_no_password_is(
    people: People, browser: Browser, world: World
) -> None:
    await add_user(people)
    await browser.sign_in(password="wrong password here")
    await browser.sign_in()
    await browser.submit("/account", to="/sign-out")
    assert (await actions(world))[-3:] == ["sign_in.refused", "session.started", "session.ended"]
    async with world.database.read(SYSTEM) as work:
        rows = repr((await work.execute(select(trail.events))).all())
    assert "wrong password" not in rows
    assert PASSWORD not in rows


async def test_a_session_ends_when_idle_and_at_its_age_whatever_it_does(
    people: People, browser: Browser, world: World
) -> None:
    await add_user(people)
    await browser.sign_in()
    world.clock.advance(hours=12)
    assert not await is_signed_in(browser)
    await browser.sign_in()
    for _ in range(14):
        world.clock.advance(hours=11, minutes=59)
        assert await is_signed_in(browser)
    world.clock.advance(hours=2)
    assert not await is_signed_in(browser)


async def test_a_session_that_was_started_over_https_is_not_read_from_a_plain_cookie(
    people: People,
) -> None:
    user = await add_user(people)
    told = sessions.Browser(address="203.0.113.7", program="Test", https=True)
    async with people.database.begin(SYSTEM) as work:
        secret = await sessions.start(work, user.id, told)
        assert await sessions.current(work, {sessions.HOST_COOKIE: secret})
        assert await sessions.current(work, {sessions.PLAIN_COOKIE: secret}) is None


async def test_the_secret_of_a_session_is_kept_as_a_hash(people: People, browser: Browser) -> None:
    await add_user(people)
    await browser.sign_in()
    async with people.database.read(SYSTEM) as work:
        rows = repr((await work.execute(select(sessions_table))).all())
    assert browser.cookie
    assert browser.cookie not in rows


async def test_a_password_hashed_with_old_parameters_is_hashed_anew_at_sign_in(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    old = "$argon2id$v=19$m=8,t=2,p=1"
    async with people.database.read(SYSTEM) as work:
        before = (await work.execute(select(passwords_table.c.hash))).scalar_one()
    dated = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert dated.startswith(old)
    async with people.database.begin(SYSTEM) as work:
        await work.execute(passwords_table.update().values(hash=dated))
    await browser.sign_in()
    async with people.database.read(SYSTEM) as work:
        after = (await work.execute(select(passwords_table.c.hash))).scalar_one()
    assert after.split("$")[3] == before.split("$")[3] == "m=8,t=1,p=1"
    assert await is_signed_in(browser)


# -- The one-time link ----------------------------------------------------------------------------


async def make_link(people: People) -> str:
    user = await add_user(people, password=None)
    async with people.database.begin(SYSTEM) as work:
        return links.path_of(await links.make_sign_in_link(work, user.id))


async def test_a_password_that_was_changed_meanwhile_opens_nothing(
    people: People, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await add_user(people)
    another = await people.passwords.hash("another very long password")
    verify = people.passwords.verify

    async def change_meanwhile(kept: str | None, password: str) -> bool:
        async with people.database.begin(SYSTEM) as work:
            await passwords.keep_hash(work, ada.id, another)
        return await verify(kept, password)

    monkeypatch.setattr(people.passwords, "verify", change_meanwhile)

    assert (await browser.sign_in()).status_code == 401
    assert not await is_signed_in(browser)


async def test_looking_at_a_link_does_not_use_it_and_its_button_does_once(
    people: People, browser: Browser
) -> None:
    path = await make_link(people)
    for _ in range(3):
        assert (await browser.get(path)).status_code == 200
    answer = await browser.submit(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert await is_signed_in(browser)
    assert (await browser.get(path)).status_code == 404


async def test_a_link_that_was_used_lets_nobody_else_in(people: People) -> None:
    path = await make_link(people)
    async with Browser.open(people) as first, Browser.open(people) as second:
        page = await second.get(path)
        await first.submit(path)
        assert (await second.post(path, hidden_fields(page.text))).status_code == 404
        assert not await is_signed_in(second)


async def test_of_ten_who_use_one_link_at_once_one_gets_in(people: People) -> None:
    path = await make_link(people)
    async with Browser.open(people) as browser:
        fields = hidden_fields((await browser.get(path)).text)
        answers = await asyncio.gather(*(browser.post(path, fields) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [303] + [404] * 9


async def test_a_link_ends_after_a_day_and_when_a_newer_one_is_made(
    people: People, browser: Browser, world: World
) -> None:
    first = await make_link(people)
    async with people.database.begin(SYSTEM) as work:
        user = await users.find_by_email(work, "ada@example.com")
        assert user
        second = links.path_of(await links.make_sign_in_link(work, user.id))
    assert (await browser.get(first)).status_code == 404
    world.clock.advance(hours=24, seconds=-1)
    assert (await browser.get(second)).status_code == 200
    world.clock.advance(seconds=1)
    assert (await browser.get(second)).status_code == 404
