"""The second factor: each code counts once, cannot be guessed, and cannot be read."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx2
import pyotp
import pytest
from sqlalchemy import select

from auth import sessions, throttling, totp
from auth.people import People
from auth.people_tables import second_factors
from core.kernel.caller import SYSTEM
from tests.auth.browser import Browser, add_user, hidden_fields, is_signed_in, words
from tests.world import START, World

pytestmark = pytest.mark.anyio


async def enrol(people: People, browser: Browser, world: World) -> pyotp.TOTP:
    """Set up a second factor as a person does, and step into the next thirty seconds."""
    page = await browser.get("/account/second-factor")
    seed = words(page.text).split("Key: ")[1].split(" Six")[0].replace(" ", "")
    factor = pyotp.TOTP(seed)
    fields = hidden_fields(page.text) | {"code": factor.at(world.clock.now())}
    shown = await browser.post("/account/second-factor", fields)
    assert "recovery codes" in words(shown.text)
    world.clock.advance(seconds=30)
    return factor


async def prove(browser: Browser, code: str) -> httpx2.Response:
    return await browser.submit("/sign-in/second-factor", {"code": code})


async def test_a_password_alone_does_not_open_an_account_with_a_second_factor(
    people: People, browser: Browser, world: World
) -> None:
    await add_user(people)
    await browser.sign_in()
    factor = await enrol(people, browser, world)
    answer = await browser.sign_in()
    assert answer.headers["location"] == "/sign-in/second-factor?next=%2Faccount"
    halfway = browser.cookie
    assert not await is_signed_in(browser)
    assert (await prove(browser, factor.at(world.clock.now()))).status_code == 303
    assert await is_signed_in(browser)
    assert browser.cookie != halfway


async def test_a_code_counts_once_even_within_its_thirty_seconds(
    people: People, browser: Browser, world: World
) -> None:
    await add_user(people)
    await browser.sign_in()
    factor = await enrol(people, browser, world)
    code = factor.at(world.clock.now())
    await browser.sign_in()
    assert (await prove(browser, code)).status_code == 303
    await browser.sign_in()
    assert (await prove(browser, code)).status_code == 401
    assert not await is_signed_in(browser)


async def test_of_ten_who_send_one_code_at_once_one_is_believed(
    people: People, browser: Browser, world: World
) -> None:
    user = await add_user(people)
    await browser.sign_in()
    factor = await enrol(people, browser, world)
    code = factor.at(world.clock.now())

    async def once(*, prove: bool) -> bool:
        async with world.database.begin(SYSTEM) as work:
            await asyncio.sleep(0.02)
            return prove and await people.second_factors.prove(work, user.id, code)

    # Connections are opened first, so that the ten really meet.
    await asyncio.gather(*(once(prove=False) for _ in range(10)))
    assert sorted(await asyncio.gather(*(once(prove=True) for _ in range(10)))) == [False] * 9 + [
        True
    ]


async def test_codes_cannot_be_guessed_however_many_sessions_ask(
    people: People, browser: Browser, world: World
) -> None:
    await add_user(people)
    await browser.sign_in()
    factor = await enrol(people, browser, world)
    for _ in range(throttling.FREE_FAILURES):
        await browser.sign_in()
        assert (await prove(browser, "000000")).status_code == 401
    await browser.sign_in()
    assert (await prove(browser, factor.at(world.clock.now()))).status_code == 429


async def test_a_recovery_code_works_once_in_place_of_a_code(
    people: People, browser: Browser, world: World
) -> None:
    user = await add_user(people)
    async with world.database.begin(SYSTEM) as work:
        seed = await people.second_factors.propose(work, user.id)
        codes = await people.second_factors.confirm(
            work, user.id, pyotp.TOTP(seed).at(world.clock.now())
        )
    assert codes
    assert len(codes) == totp.RECOVERY_CODES
    await browser.sign_in()
    assert (await prove(browser, codes[0].upper().replace("-", " "))).status_code == 303
    await browser.sign_in()
    assert (await prove(browser, codes[0])).status_code == 401


async def test_where_a_second_factor_is_required_it_is_set_up_before_anything_opens(
    people: People, world: World
) -> None:
    await add_user(people)
    async with Browser.open(replace(people, require_second_factor=True)) as browser:
        answer = await browser.sign_in()
        assert answer.headers["location"].startswith("/sign-in/second-factor")
        assert not await is_signed_in(browser)
        page = await browser.get("/sign-in/second-factor")
        picture = await browser.get("/sign-in/second-factor/qr.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.content.startswith(b"<?xml")
        seed = words(page.text).split("Key: ")[1].split(" Six")[0].replace(" ", "")
        assert (await prove(browser, "000000")).status_code == 401
        shown = await prove(browser, pyotp.TOTP(seed).at(world.clock.now()))
        assert "recovery codes" in words(shown.text)
        assert await is_signed_in(browser)


async def test_a_session_waits_ten_minutes_for_its_second_factor(
    people: People, browser: Browser, world: World
) -> None:
    await add_user(people)
    await browser.sign_in()
    await enrol(people, browser, world)
    await browser.sign_in()
    world.clock.advance(sessions.HALFWAY)
    answer = await browser.get("/sign-in/second-factor")
    assert answer.headers["location"].startswith("/sign-in?")


async def test_a_seed_cannot_be_read_from_the_database_nor_moved_to_another_person(
    people: People, world: World
) -> None:
    ada, eve = await add_user(people), await add_user(people, "eve@example.com")
    async with world.database.begin(SYSTEM) as work:
        seed = await people.second_factors.propose(work, ada.id)
        await people.second_factors.propose(work, eve.id)
        row = (await work.execute(select(second_factors))).first()
        assert row
        assert seed.encode() not in row.sealed_seed
        await work.execute(second_factors.update().values(sealed_seed=row.sealed_seed))
        assert await people.second_factors.proposed_seed(work, ada.id) == seed
        with pytest.raises(RuntimeError, match="cannot be opened"):
            await people.second_factors.proposed_seed(work, eve.id)


async def test_a_form_that_sets_a_factor_up_twice_leads_back_to_the_account(
    people: People, browser: Browser, world: World
) -> None:
    await add_user(people)
    await browser.sign_in()
    page = await browser.get("/account/second-factor")
    await enrol(people, browser, world)

    again = await browser.post(
        "/account/second-factor", hidden_fields(page.text) | {"code": "123456"}
    )

    assert (again.status_code, again.headers["location"]) == (303, "/account")


def test_codes_of_the_steps_beside_the_present_one_are_taken_and_no_others() -> None:
    seed = pyotp.random_base32()
    taken = [
        offset
        for offset in range(-3, 4)
        if totp.matching_step(
            seed, pyotp.TOTP(seed).at(START + timedelta(seconds=30 * offset)), START, 0
        )
    ]
    assert taken == [-1, 0, 1]


def test_a_code_of_a_step_that_was_taken_or_passed_over_is_not_taken() -> None:
    seed = pyotp.random_base32()
    code, step = pyotp.TOTP(seed).at(START), int(START.timestamp()) // totp.STEP_SECONDS
    assert totp.matching_step(seed, code, START, step - 1) == step
    assert totp.matching_step(seed, code, START, step) is None
    assert totp.matching_step(seed, code, START, step + 1) is None
