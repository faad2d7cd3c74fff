"""What holds for every page: no script, no foreign form, and headers that keep others out."""

import re
from pathlib import Path

import pytest

from auth import pages
from auth.pages import rendering
from auth.pages.visit import FORM_BYTES_MAX
from auth.people import People
from core.operations.scopes import IN_PLAIN_WORDS, SCOPES
from tests.auth.browser import PASSWORD, Browser, add_user, hidden_fields, is_signed_in

TEMPLATES = sorted((Path(pages.__file__).parent / "templates").glob("*.html"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_a_script_an_inline_style_or_text_that_is_not_escaped(
    template: Path,
) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe\b", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_changes_something_carries_its_token(template: Path) -> None:
    text = template.read_text("utf-8")
    forms = re.findall(r"<form\b.*?</form>", text, re.DOTALL)
    assert all('method="post"' in form and "csrf(csrf_token)" in form for form in forms)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_field_that_people_fill_in_has_a_label(template: Path) -> None:
    text = template.read_text("utf-8")
    fields = [tag for tag in re.findall(r"<input[^>]*>", text) if "hidden" not in tag]
    alone = [tag for tag in fields if "checkbox" not in tag and "radio" not in tag]
    for tag in alone:
        identity = re.search(r'\bid="([a-z_]+)"', tag)
        assert identity
        assert f'for="{identity[1]}"' in text


def test_every_scope_has_plain_words() -> None:
    assert set(IN_PLAIN_WORDS) == set(SCOPES)


@pytest.mark.anyio
async def test_every_answer_has_the_headers_of_a_page(people: People, browser: Browser) -> None:
    await add_user(people)
    answers = [
        await browser.get("/sign-in"),
        await browser.get("/account"),
        await browser.get("/sign-in/link/nonsense"),
        await browser.post("/sign-in", {"email": "ada@example.com"}),
        await browser.sign_in(),
        await browser.get("/account"),
        await browser.get("/account/second-factor"),
        await browser.get("/sign-in/second-factor/qr.svg"),
    ]
    assert {answer.status_code for answer in answers} == {200, 303, 403, 404}
    for answer in answers:
        for name, value in rendering.HEADERS.items():
            assert answer.headers[name] == value
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert answer.headers["content-security-policy"] == rendering.policy()


@pytest.mark.anyio
async def test_cookies_are_for_this_host_alone_and_no_script_reads_them(
    people: People,
) -> None:
    answer = await Browser.cookies_over_https(people)
    assert len(answer) == 2
    for cookie in answer:
        assert cookie.startswith(("__Host-bursar_form=", "__Host-bursar_session="))
        for part in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"):
            assert part in cookie
        assert "Domain" not in cookie


@pytest.mark.anyio
async def test_a_form_that_no_page_of_ours_would_send_is_refused(
    people: People, browser: Browser
) -> None:
    await add_user(people)
    token = hidden_fields((await browser.get("/sign-in")).text)
    fields = token | {"email": "ada@example.com", "password": PASSWORD}
    same = {"sec-fetch-site": "same-origin"}
    long = fields | {"next": "/" + "x" * FORM_BYTES_MAX}
    many = fields | {f"field{n}": "x" for n in range(100)}
    for answer in (
        await browser.http.post("/sign-in", json=fields, headers=same),
        await browser.http.post("/sign-in", files={"email": b"x"}, headers=same),
        await browser.post("/sign-in", long),
        await browser.post("/sign-in", many),
        await browser.post("/sign-in", fields | {"email": "ada@example.com\x00"}),
        await browser.post("/sign-in", fields | {"email": "4242-4242-4242-4242"}),
    ):
        assert answer.status_code == 400
        assert "4242" not in answer.text
    assert not await is_signed_in(browser)
    card = await browser.post("/sign-in", fields | {"password": "4242 4242 4242 4242"})
    assert card.status_code != 400, "a password may be anything, and is only wrong"


@pytest.mark.anyio
async def test_the_style_is_one_file_that_everyone_may_keep(browser: Browser) -> None:
    answer = await browser.get(rendering.STYLE_PATH)
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert "url(" not in answer.text
